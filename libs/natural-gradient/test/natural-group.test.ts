import { makeLayout } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import {
  createOptimizer,
  dumpFailedFactor,
  type FailedFactorObserver,
  type FailedLayerFactor,
  invertDamped,
  type KfacConfig,
  type MetricKfacConfig,
  MissingStatisticsError,
  multiply,
  NonFiniteError,
  type Optimizer,
  SingularFactorError,
  type StateTree,
  type StepOutput,
} from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { firstProgram, takeStep } from './drive.ts';
import { constant, count, inputAt, kfac, kfacParameters, layers, layout, numbers, outerSums, sgd, statisticsAt } from './fixtures.ts';

const plain: KfacConfig = {
  ...kfac,
  learningRate: constant(0.5),
  momentum: 0,
  klClip: null,
  weightDecay: 0,
  statisticsEvery: 1,
  inverseEvery: 1,
};

function optimizerOf(config: KfacConfig | MetricKfacConfig, onFailedFactor?: FailedFactorObserver): Optimizer {
  const rest = { name: 'rest', parameters: ['scale'], ...sgd };
  const groups = [{ name: 'dense', parameters: kfacParameters, ...config }, rest];
  return createOptimizer({ groups, layers, parameters: layout, totalSteps: 20, ...(onFailedFactor && { onFailedFactor }) });
}

function steps(optimizer: Optimizer, last: number): StepOutput[] {
  const outputs: StepOutput[] = [];
  for (let step = 1; step <= last; step++) {
    const state = outputs.at(-1)?.state ?? optimizer.initialState();
    outputs.push(takeStep(optimizer, state, inputAt(step, parameters)));
  }
  return outputs;
}

const parameters = Float32Array.from(numbers(5, layout.size));
const head = { rows: 4, columns: 2, offset: 21 };

function meanStatistic(key: string): Float64Array {
  const sum = statisticsAt(1).get(key);
  return Float64Array.from(sum ?? [], (value) => value / count);
}

/** U of the head layer at step 1, from the parts. */
function headDirection(options: { damping: number; weightDecay: number; normalize?: boolean }): Float64Array {
  const { gradientSum } = inputAt(1, parameters);
  const s = meanStatistic('S/head');
  const scale = options.normalize === true ? 2 / (s[0] + s[3]) : 1;
  const factors = { ...head, input: meanStatistic('A/head'), output: s.map((value) => value * scale) };
  const gradient = Float64Array.from({ length: 8 }, (_, i) => gradientSum[21 + i] / count + options.weightDecay * parameters[21 + i]);
  return multiply(invertDamped(factors, options.damping)!.inverse, gradient);
}

const headDelta = (output: StepOutput): Float32Array => Float32Array.from(output.delta.slice(21));

describe('NaturalGroup with K-FAC', () => {
  it('moves against the damped, preconditioned mean gradient', () => {
    const [output] = steps(optimizerOf(plain), 1);
    const expected = headDirection({ damping: plain.damping, weightDecay: 0 }).map((value) => -0.5 * value);
    expectClose(headDelta(output), expected, { rel: 6e-8 });
    expect(output.report['klScale']).toBe(1);
  });

  it('takes L2 into the gradient and into the damping', () => {
    const [output] = steps(optimizerOf({ ...plain, weightDecay: 0.1 }), 1);
    const expected = headDirection({ damping: plain.damping + 0.1, weightDecay: 0.1 }).map((value) => -0.5 * value);
    expectClose(headDelta(output), expected, { rel: 6e-8 });
    expectClose(output.report['damping'], 0.11, { rel: 1e-15 });
  });

  it('clips over the whole group first and gathers momentum after', () => {
    const unclipped = steps(optimizerOf(plain), 2);
    const clipped = steps(optimizerOf({ ...plain, klClip: 1e-4, momentum: 0.8 }), 2);
    const scaled = clipped.map(({ report }, i) => headDelta(unclipped[i]).map((value) => value * report['klScale']));
    expect(clipped[0].report['klScale']).toBeLessThan(1);
    expectClose(headDelta(clipped[0]), scaled[0], { rel: 2e-7 });
    expectClose(
      headDelta(clipped[1]),
      scaled[1].map((value, i) => value + 0.8 * scaled[0][i]),
      { rel: 1e-6, abs: 1e-9 },
    );
  });

  it('normalises the metric only when asked', () => {
    const { fisher: _fisher, dampingRule: _rule, ...shared } = plain;
    const metric: MetricKfacConfig = { ...shared, method: 'metric-kfac' };
    const [raw] = steps(optimizerOf(metric), 1);
    expect(raw.delta).toEqual(steps(optimizerOf(plain), 1)[0].delta);
    const [normalised] = steps(optimizerOf({ ...metric, normalizeMetric: true }), 1);
    const expected = headDirection({ damping: plain.damping, weightDecay: 0, normalize: true }).map((value) => -0.5 * value);
    expectClose(headDelta(normalised), expected, { rel: 6e-8 });
  });

  it('absorbs statistics and refreshes inverses at their own cadence', () => {
    const outputs = steps(optimizerOf({ ...plain, statisticsEvery: 2, inverseEvery: 3 }), 7);
    expectClose(
      outputs.map(({ state }) => state['dense/stem/weight'][0]),
      [1, 1, 1.95, 1.95, 2.8525, 2.8525, 3.709875],
      { rel: 1e-15 },
    );
    expect(outputs.map(({ state }) => state['dense/stem/inverseStep'][0])).toEqual([1, 1, 1, 4, 4, 4, 7]);
    expect(outputs[2].state['dense/stem/inverseA']).toEqual(outputs[0].state['dense/stem/inverseA']);
    expect(outputs[2].state['dense/stem/A']).not.toEqual(outputs[0].state['dense/stem/A']);
  });

  it('reports the mean pi of the inverses in use', () => {
    const [{ report, state }] = steps(optimizerOf(plain), 1);
    expectClose(report['meanPi'], (state['dense/stem/pi'][0] + state['dense/head/pi'][0]) / 2, { rel: 1e-15 });
    expect(report['meanPi/dense']).toBe(report['meanPi']);
  });

  it('works for a layer with one input, one output and no bias, exactly', () => {
    const one = makeLayout([{ name: 'w', shape: [1, 1] }]);
    const group = { name: 'dense', parameters: ['w'], ...plain, layers: ['l'] };
    const registered = [{ name: 'l', inputs: 1, outputs: 1, bias: false, offset: 0 }];
    const optimizer = createOptimizer({ groups: [group], layers: registered, parameters: one, totalSteps: 1 });
    const statistics = new Map([
      ['A/l', [4]],
      ['S/l', [6]],
    ]);
    const input = { step: 1, count: 2, gradientSum: [3], statistics, parameters: Float32Array.of(0) };
    expectClose(takeStep(optimizer, optimizer.initialState(), input).delta, [(-0.5 * 1.5) / (2 * 3 + plain.damping)], { rel: 6e-8 });
  });
});

describe('statistics of a layer', () => {
  const optimizer = optimizerOf(kfac);
  const stepWith = (key: string, value: ArrayLike<number> | undefined): StepOutput => {
    const statistics = new Map<string, ArrayLike<number>>(statisticsAt(1));
    if (value === undefined) statistics.delete(key);
    else statistics.set(key, value);
    return takeStep(optimizer, optimizer.initialState(), { ...inputAt(1, parameters), statistics });
  };

  it('must be there when due: the error names the layer and the key', () => {
    expect(() => stepWith('S/head', undefined)).toThrow(MissingStatisticsError);
    expect(() => stepWith('S/head', undefined)).toThrow("step 1: expected statistics 'S/head' of layer 'head', got none");
  });

  it('are asked for whenever nothing is known, whatever the cadence', () => {
    expect(firstProgram(optimizer, optimizer.initialState(), { step: 2, parameters })).toBe('grad-stats');
  });

  it('must be finite and full matrices', () => {
    expect(() => stepWith('A/head', outerSums(1, 4, 1).fill(Number.NaN, 5, 6))).toThrow(NonFiniteError);
    expect(() => stepWith('A/head', outerSums(1, 4, 1).fill(Number.NaN, 5, 6))).toThrow(
      "statistics of factor 'A/head', got NaN at entry 5",
    );
    expect(() => stepWith('A/head', new Float64Array(10))).toThrow(
      "statistics 'A/head' to be a full matrix of 16 entries, got '10 entries'",
    );
  });

  it('may be all zero: the layer then takes a damped gradient step', () => {
    const zero = stepWith('S/head', new Float64Array(4));
    expect(zero.report['fallbacks']).toBe(0);
    expect(zero.state['dense/head/pi'][0]).toBe(1);
    const root = Math.sqrt(kfac.damping + kfac.weightDecay);
    expectClose(zero.state['dense/head/inverseS'], [1 / root, 0, 0, 1 / root], { rel: 1e-14 });
  });
});

function withHead(optimizer: Optimizer, state: StateTree, at: { step: number; s: Float64Array }): StepOutput {
  const statistics = statisticsAt(at.step).set('S/head', at.s);
  return takeStep(optimizer, state, { ...inputAt(at.step, parameters), statistics });
}

describe('the fallback ladder', () => {
  /** Of trace zero: no pi splits the damping. */
  const hopeless = Float64Array.from([count, 0, 0, -count]);
  const mild = Float64Array.from([count, 0, 0, -0.2 * count]);
  const every = { ...plain, factorDecay: 0 };

  it('takes negative eigenvalues as zero, counts it and hands the factor out', () => {
    const failures: unknown[] = [];
    const optimizer = optimizerOf(every, (failure) => failures.push(failure));
    const output = withHead(optimizer, optimizer.initialState(), { step: 1, s: mild });
    expect(output.report).toMatchObject({ fallbacks: 1, clamped: 1, kept: 0 });
    expect(output.state['dense/head/inverseStep'][0]).toBe(1);
    expect(failures).toMatchObject([{ layer: 'head', factor: 'S', step: 1, rung: 'float64', n: 2 }]);
  });

  it('keeps the last good inverse when nothing helps, and recovers', () => {
    const optimizer = optimizerOf(every);
    const [first] = steps(optimizer, 1);
    const second = withHead(optimizer, first.state, { step: 2, s: hopeless });
    expect(second.report).toMatchObject({ fallbacks: 1, clamped: 0, kept: 1 });
    expect(second.state['dense/head/inverseS']).toEqual(first.state['dense/head/inverseS']);
    expect(second.state['dense/head/inverseStep'][0]).toBe(1);
    expect(second.state['dense/stem/inverseStep'][0]).toBe(2);
    const third = takeStep(optimizer, second.state, inputAt(3, parameters));
    expect(third.state['dense/head/inverseStep'][0]).toBe(3);
    expect(third.report['fallbacks']).toBe(1);
  });

  it('fails, naming the layer, when there is no inverse to keep', () => {
    const optimizer = optimizerOf(every);
    expect(() => withHead(optimizer, optimizer.initialState(), { step: 1, s: hopeless })).toThrow(SingularFactorError);
    expect(() => withHead(optimizer, optimizer.initialState(), { step: 1, s: hopeless })).toThrow("factors of layer 'head'");
  });
});

describe('dumpFailedFactor', () => {
  it('names a file after step, layer, factor and rung', () => {
    const failure = {
      layer: 'net/stem 1',
      factor: 'A',
      step: 12,
      rung: 'float64',
      n: 1,
      matrix: Float64Array.of(-1),
      error: new Error('x'),
    };
    const { name, bytes } = dumpFailedFactor(failure as FailedLayerFactor);
    expect(name).toBe('step-000012-net_stem_1-A-float64.matrix');
    expect(bytes).toHaveLength(28 + 8);
  });
});
