import {
  createOptimizer,
  type KfacConfig,
  type Optimizer,
  type RoundRequest,
  type RoundTotals,
  type StateTree,
} from '@geodesic/natural-gradient';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { drive } from './drive.ts';
import { constant, numbers } from './fixtures.ts';
import { everything, exactKfac, layers, layout, LeastSquares } from './least-squares.ts';

const problem = new LeastSquares();
const parameters = Float32Array.from(numbers(7, 8));
const slow = { ...exactKfac, learningRate: constant(0.1) };

function optimizerOf(config: Partial<KfacConfig> = {}, constantInputs = false, probeEvery = 0): Optimizer {
  const registered = layers.map((layer) => ({ ...layer, constantInputs }));
  return createOptimizer({ groups: everything({ ...slow, ...config }), layers: registered, parameters: layout, totalSteps: 9, probeEvery });
}

function steps(optimizer: Optimizer, last: number, answer = (_: RoundRequest, totals: RoundTotals): RoundTotals => totals) {
  let state: StateTree = optimizer.initialState();
  return Array.from({ length: last }, (_, i) => {
    const rounds = optimizer.step(state, { step: i + 1, parameters });
    const taken = drive(rounds, (request) => answer(request, problem.totals(request, { parameters, previous: new Float32Array(8) })));
    state = taken.result.state;
    return { ...taken, phases: taken.requests.map(({ program, index }) => (index === undefined ? program : `${program}/${index}`)) };
  });
}

describe('the burn-in', () => {
  it('absorbs batches of their own before the first step and never again', () => {
    const taken = steps(optimizerOf({ burnIn: 2, factorDecay: 0.9 }), 2);
    expect(taken.map(({ phases }) => phases)).toEqual([['burnin/0', 'burnin/1', 'grad-stats'], ['grad-stats']]);
    const weights = taken.map(({ result }) => result.state['all/l/weight'][0]);
    expectClose(weights, [2.71, 3.439], { rel: 1e-14 });
    expect(taken[1].result.state['all/batches'][0]).toBe(4);
  });
});

describe('an input factor that never changes', () => {
  it('is asked for once: later statistics come without it, and the steps are the same', () => {
    const without = (request: RoundRequest, totals: RoundTotals): RoundTotals => {
      if (request.program !== 'grad-stats-moving') return totals;
      return { ...totals, sums: new Map([...totals.sums].filter(([name]) => name !== 'A/l')) };
    };
    const moving = steps(optimizerOf({ statisticsEvery: 2, factorDecay: 0.5 }, true), 4, without);
    expect(moving.map(({ phases }) => phases[0])).toEqual(['grad-stats', 'grad', 'grad-stats-moving', 'grad']);
    const plain = steps(optimizerOf({ statisticsEvery: 2, factorDecay: 0.5 }), 4);
    for (const [i, { result }] of moving.entries()) expectClose(result.delta, plain[i].result.delta, { rel: 1e-6 });
  });
});

describe('a probe', () => {
  it('compares the curvature of each layer with the exact one along the step, at its own cadence', () => {
    const taken = steps(optimizerOf({}, false, 2), 3);
    expect(taken.map(({ phases }) => phases)).toEqual([['grad-stats', 'probe'], ['grad-stats'], ['grad-stats', 'probe']]);
    // A (x) I is the Gauss-Newton matrix of this problem.
    expectClose(taken[0].result.layers[0].probeError!, 0, { abs: 1e-6 });
    expect(taken[1].result.layers[0].probeError).toBeUndefined();
    const halved = ({ program }: RoundRequest, totals: RoundTotals): RoundTotals =>
      program === 'probe' ? { ...totals, columns: new Map([...totals.columns].map(([name, sum]) => [name, sum / 2])) } : totals;
    expectClose(steps(optimizerOf({}, false, 1), 1, halved)[0].result.layers[0].probeError!, 1, { abs: 1e-6 });
  });

  it('decides nothing', () => {
    const [probed, plain] = [optimizerOf({}, false, 1), optimizerOf()].map((optimizer) => steps(optimizer, 2)[1].result);
    expect(probed.state).toEqual(plain.state);
    expect(probed.delta).toEqual(plain.delta);
  });
});

describe('layers of a step', () => {
  it('say whose they are and what share of the KL divergence is theirs', () => {
    const [{ result }] = steps(optimizerOf(), 1);
    expect(result.layers).toMatchObject([{ group: 'all', layer: 'l', share: 1, staleness: 0 }]);
  });
});
