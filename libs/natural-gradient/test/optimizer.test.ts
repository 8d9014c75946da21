import { makeLayout } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import {
  createOptimizer,
  type GroupConfig,
  type KfacConfig,
  type MethodConfig,
  NonFiniteError,
  type Optimizer,
  type StateTree,
  StateError,
} from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { firstProgram, takeStep } from './drive.ts';
import { examplesOf, fromGolden, golden, modelMoment, sumsOf, toNumber } from './golden-network.ts';
import { adam, applied, constant, groups, inputAt, kfac, layers, layout, numbers, sgd, statisticsAt } from './fixtures.ts';

const totalSteps = 13;
const start = Float32Array.from(numbers(3, layout.size));
const create = (changed: readonly GroupConfig[] = groups, registered = layers): Optimizer =>
  createOptimizer({ groups: changed, layers: registered, parameters: layout, totalSteps });

function renamed(layer: string): string {
  return layer === 'stem' ? 'net/stem' : 'net';
}

/** Parameters and state before every step, and after the last. */
function trajectory(optimizer: Optimizer, from: { step: number; parameters: Float32Array; state: StateTree }) {
  const moments = [{ parameters: from.parameters, state: from.state }];
  for (let step = from.step; step <= totalSteps; step++) {
    const { parameters, state } = moments[moments.length - 1];
    const output = takeStep(optimizer, state, inputAt(step, parameters));
    moments.push({ parameters: applied(parameters, output.delta), state: output.state });
  }
  return moments;
}

function copied(state: StateTree): StateTree {
  return Object.fromEntries(Object.entries(state).map(([key, value]) => [key, value.slice()]));
}

describe('Optimizer.step', () => {
  it('takes the clipped step of golden/06 step_size from sums over the examples', () => {
    const { inputs, outputs } = golden['step_size'];
    const examples = examplesOf(golden['step_size']);
    const [first, second] = [0, 1].map((layer) => sumsOf(examples, layer, modelMoment));
    const config: KfacConfig = {
      ...kfac,
      layers: ['1', '2'],
      learningRate: constant(toNumber(inputs['eta'])),
      damping: toNumber(inputs['damping']),
      klClip: toNumber(inputs['kl_clip']),
      weightDecay: 0,
    };
    const shapes: Record<string, number[]> = { w1: [3, 4], b1: [4], w2: [4, 3], b2: [3] };
    const optimizer = createOptimizer({
      groups: [{ name: 'all', parameters: Object.keys(shapes), ...config }],
      layers: [
        { name: '1', inputs: 3, outputs: 4, bias: true, offset: 0 },
        { name: '2', inputs: 4, outputs: 3, bias: true, offset: 16 },
      ],
      parameters: makeLayout(Object.entries(shapes).map(([name, shape]) => ({ name, shape }))),
      totalSteps: 1,
    });
    const before = Float32Array.from([...fromGolden(inputs['W1']), ...fromGolden(inputs['W2'])]);
    const { delta, report } = takeStep(optimizer, optimizer.initialState(), {
      step: 1,
      count: examples.length,
      gradientSum: [...first.gradient, ...second.gradient],
      statistics: new Map([
        ['A/1', first.input],
        ['S/1', first.output],
        ['A/2', second.input],
        ['S/2', second.output],
      ]),
      parameters: before,
    });
    expectClose(report['klScale'], toNumber(outputs['nu']), { rel: 1e-9 });
    const after = [...fromGolden(outputs['W1_after']), ...fromGolden(outputs['W2_after'])];
    expectClose(applied(before, delta), after, { abs: 2e-7 });
  });

  it('resumes from a copied state with the same bits, at every step', () => {
    const optimizer = create();
    const whole = trajectory(optimizer, { step: 1, parameters: start, state: optimizer.initialState() });
    for (const [done, { parameters, state }] of whole.entries()) {
      const resumed = trajectory(create(), { step: done + 1, parameters: parameters.slice(), state: copied(state) });
      expect(resumed.at(-1)).toEqual(whole.at(-1));
    }
  });

  it('does not write into the state or the parameters that it was given', () => {
    const optimizer = create();
    const before = trajectory(optimizer, { step: 1, parameters: start, state: optimizer.initialState() })[5];
    const kept = copied(before.state);
    const again = [1, 2].map(() => takeStep(optimizer, before.state, inputAt(6, before.parameters)));
    expect(before.state).toEqual(kept);
    expect(again[0]).toEqual(again[1]);
  });

  it('keeps its bits when groups, layers and names are listed in another order', () => {
    const expected = trajectory(create(), { step: 1, parameters: start, state: create().initialState() });
    const shuffled = create(
      groups.toReversed().map((group) => ({
        ...group,
        parameters: group.parameters.toReversed(),
        ...('layers' in group ? { layers: group.layers.toReversed() } : {}),
      })) as GroupConfig[],
      layers.toReversed(),
    );
    expect(trajectory(shuffled, { step: 1, parameters: start, state: shuffled.initialState() })).toEqual(expected);
  });

  it('keeps the states of layers apart whose names nest', () => {
    const nested = create(
      groups.map((group) => ('layers' in group ? { ...group, layers: group.layers.map(renamed) } : group)),
      layers.map((layer) => ({ ...layer, name: renamed(layer.name) })),
    );
    const statistics = new Map([...statisticsAt(1)].map(([key, sum]) => [`${key.slice(0, 2)}${renamed(key.slice(2))}`, sum]));
    const { state } = takeStep(nested, nested.initialState(), { ...inputAt(1, start), statistics });
    const expected = takeStep(create(), create().initialState(), inputAt(1, start)).state;
    expect(state['dense/net/stem/A']).toEqual(expected['dense/stem/A']);
    expect(state['dense/net/A']).toEqual(expected['dense/head/A']);
    expect(state['dense/net/stem/inverseStep'][0]).toBe(1);
  });

  it('reports the same measurements for all groups and for each', () => {
    const optimizer = create();
    const { report, delta } = takeStep(optimizer, optimizer.initialState(), inputAt(1, start));
    expect(Object.keys(report).sort()).toEqual(
      [
        ['gradientNorm', 'updateNorm', 'learningRate/rest'],
        ['learningRate', 'klScale', 'damping', 'meanPi', 'fallbacks', 'clamped', 'kept'].flatMap((key) => [key, `${key}/dense`]),
      ]
        .flat()
        .sort(),
    );
    expectClose(report['updateNorm'], Math.hypot(...delta), { rel: 1e-6 });
    expect(report['learningRate']).toBe(report['learningRate/dense']);
    expect(report['learningRate/rest']).toBe(1e-2);
  });

  it('asks for statistics when any group needs them', () => {
    const optimizer = create();
    const moments = trajectory(optimizer, { step: 1, parameters: start, state: optimizer.initialState() });
    const programs = [1, 2, 3, 4, 5].map((step) => firstProgram(optimizer, moments[step - 1].state, { step, parameters: start }));
    expect(programs).toEqual(['grad-stats', 'grad', 'grad-stats', 'grad', 'grad-stats']);
    const plain = create([{ name: 'all', parameters: layout.entries.map(({ name }) => name), ...sgd }]);
    expect(firstProgram(plain, plain.initialState(), { step: 1, parameters: start })).toBe('grad');
  });

  it('leaves statistics alone that come when they are not due', () => {
    const optimizer = create();
    const { parameters, state } = trajectory(optimizer, { step: 1, parameters: start, state: optimizer.initialState() })[1];
    const without = { ...inputAt(2, parameters), statistics: new Map() };
    const { measured: _all, ...given } = takeStep(optimizer, state, inputAt(2, parameters));
    const { measured: _few, ...expected } = takeStep(optimizer, state, without);
    expect(given).toEqual(expected);
  });

  it('refuses a gradient that is not finite, naming the parameter', () => {
    const optimizer = create();
    const gradientSum = Float32Array.from(inputAt(1, start).gradientSum).fill(Infinity, 13, 14);
    const step = (): unknown => takeStep(optimizer, optimizer.initialState(), { ...inputAt(1, start), gradientSum });
    expect(step).toThrow(NonFiniteError);
    expect(step).toThrow("gradient of parameter 'stem.bias', got Infinity at entry 1");
  });

  it('refuses an update that overflows float32, naming the parameter', () => {
    const optimizer = create([groups[0], { ...groups[1], ...sgd, learningRate: constant(1e30) }]);
    const gradientSum = Float64Array.from(inputAt(1, start).gradientSum).fill(1e30, 18, 19);
    expect(() => takeStep(optimizer, optimizer.initialState(), { ...inputAt(1, start), gradientSum })).toThrow(
      "update of parameter 'scale', got -Infinity at entry 2",
    );
  });

  it('refuses a step, count or length that cannot be right', () => {
    const optimizer = create();
    const input = inputAt(1, start);
    const { state } = takeStep(optimizer, optimizer.initialState(), input);
    expect(() => takeStep(optimizer, state, input)).toThrow("expected step to be an integer above 1, the state's step, got 1");
    expect(() => takeStep(optimizer, state, { ...inputAt(2, start), count: 0 })).toThrow(
      'expected count to be an integer of at least 1, got 0',
    );
    expect(() => takeStep(optimizer, state, { ...inputAt(2, start), gradientSum: [1] })).toThrow(
      "sum 'gradient' to be 29 entries, got '1 entries'",
    );
    expect(() => takeStep(optimizer, state, { ...inputAt(2, start), parameters: start.slice(1) })).toThrow('parameters to be 29 entries');
  });

  it('refuses a state of another optimiser', () => {
    const optimizer = create();
    const fresh = optimizer.initialState();
    const step = (state: StateTree): unknown => takeStep(optimizer, state, inputAt(1, start));
    expect(() => step({ ...fresh, version: Float64Array.of(2) })).toThrow(StateError);
    expect(() => step({ ...fresh, version: Float64Array.of(2) })).toThrow("expected state 'version' to be 1, got 2");
    expect(() => step({ ...fresh, 'rest/first': new Float64Array(4) })).toThrow("'rest/first' to be an array of length 5, got 'length 4'");
    expect(() => step({ ...fresh, 'rest/velocity': new Float64Array(5) })).toThrow("state 'rest/velocity' to be absent");
    expect(() => step(Object.fromEntries(Object.entries(fresh).filter(([key]) => key !== 'dense/head/A')))).toThrow("'dense/head/A'");
  });
});

describe('createOptimizer', () => {
  const learningRate = constant(1e-2);
  const { momentum, klClip, damping, weightDecay, factorDecay, statisticsEvery, inverseEvery } = kfac;
  const natural = { learningRate, momentum, klClip, damping, weightDecay };
  const statistics = { ...natural, layers: kfac.layers, factorDecay, statisticsEvery, inverseEvery };

  it.each<MethodConfig>([
    { method: 'soap', learningRate, weightDecay: 0, beta1: 0.95, beta2: 0.95, shampooBeta: 0.95, epsilon: 1e-8, refreshEvery: 2 },
    {
      method: 'shampoo',
      learningRate,
      weightDecay: 0,
      beta2: 1,
      momentum: 0.9,
      epsilon: 1e-6,
      refreshEvery: 2,
      graft: 'adam',
      startStep: 1,
      maxDimension: 64,
    },
    {
      method: 'muon',
      learningRate,
      weightDecay: 0,
      momentum: 0.95,
      nesterov: true,
      iterations: 5,
      adamParameters: [],
      adamLearningRate: learningRate,
    },
    { method: 'lbfgs', learningRate, weightDecay: 0, history: 3 },
    { method: 'metric-kfac', ...statistics },
    { method: 'kfac', ...statistics, dampingRule: 'eigenbasis' },
  ])('resumes $method with the same bits after a copy', (method) => {
    const parameters = 'layers' in method ? groups[0].parameters : layout.entries.map(({ name }) => name);
    const rest: readonly GroupConfig[] = 'layers' in method ? [groups[1]] : [];
    const build = (): Optimizer => create([{ name: 'all', parameters, ...method }, ...rest]);
    const whole = trajectory(build(), { step: 1, parameters: start, state: build().initialState() });
    const { parameters: at, state } = whole[5];
    expect(trajectory(build(), { step: 6, parameters: at.slice(), state: copied(state) }).at(-1)).toEqual(whole.at(-1));
    expect(whole[5].parameters).not.toEqual(start);
  });
});

describe('convergence on an ill-conditioned least-squares problem', () => {
  const scales = [1, 0.1, 0.01];
  const examples = Array.from({ length: 64 }, (_, n) => [...numbers(n + 1, 3).map((value, i) => value * scales[i]), 1]);
  const target = numbers(99, 8);
  const parameters = makeLayout([
    { name: 'w', shape: [3, 2] },
    { name: 'b', shape: [2] },
  ]);

  /** Steps until 1/2 E|f - y|^2 is below 1e-8; the curvature is A (x) I exactly. */
  function stepsToSolve(config: MethodConfig, limit: number): number {
    const group = { name: 'all', parameters: ['w', 'b'], ...config };
    const registered = [{ name: 'l', inputs: 3, outputs: 2, bias: true, offset: 0 }];
    const optimizer = createOptimizer({ groups: [group], layers: registered, parameters, totalSteps: limit });
    let theta = new Float32Array(8);
    let state = optimizer.initialState();
    const A = Float64Array.from({ length: 16 }, (_, e) => examples.reduce((sum, a) => sum + a[e >> 2] * a[e & 3], 0));
    const statistics = new Map([
      ['A/l', A],
      ['S/l', Float64Array.of(64, 0, 0, 64)],
    ]);
    for (let step = 1; step <= limit; step++) {
      const error = target.map((value, i) => theta[i] - value);
      const gradientSum = Float64Array.from({ length: 8 }, (_, e) =>
        [0, 1, 2, 3].reduce((s, j) => s + A[(e >> 1) * 4 + j] * error[2 * j + (e & 1)], 0),
      );
      if (gradientSum.reduce((sum, value, i) => sum + value * error[i], 0) / 128 < 1e-8) return step - 1;
      const output = takeStep(optimizer, state, { step, count: 64, gradientSum, statistics, parameters: theta });
      state = output.state;
      theta = applied(theta, output.delta);
    }
    return limit;
  }

  it('K-FAC needs at most a hundredth of the steps of SGD and a tenth of those of Adam', () => {
    const kfacSteps = stepsToSolve(
      { ...kfac, layers: ['l'], learningRate: constant(1), momentum: 0, damping: 1e-8, klClip: null, weightDecay: 0 },
      100,
    );
    const sgdSteps = stepsToSolve({ ...sgd, learningRate: constant(0.9), momentum: 0.9 }, 20_000);
    const adamSteps = stepsToSolve({ ...adam, learningRate: constant(0.03), weightDecay: 0 }, 20_000);
    expect(kfacSteps).toBeLessThanOrEqual(10);
    expect(sgdSteps).toBeGreaterThan(100 * kfacSteps);
    expect(adamSteps).toBeGreaterThan(10 * kfacSteps);
  });
});
