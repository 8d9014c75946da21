import { makeLayout } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { createOptimizer, type SgdConfig } from '@geodesic/natural-gradient';
import { describe, it } from 'vitest';
import { takeStep } from '../drive.ts';
import { constant, sgd } from '../fixtures.ts';

/** Deltas of three steps with gradients 1, 2, -1 (sums over two examples) at theta = 10. */
function deltas(config: SgdConfig): number[] {
  const parameters = makeLayout([{ name: 'x', shape: [1] }]);
  const optimizer = createOptimizer({ groups: [{ name: 'all', parameters: ['x'], ...config }], layers: [], parameters, totalSteps: 3 });
  let state = optimizer.initialState();
  return [2, 4, -2].map((sum, i) => {
    const output = takeStep(optimizer, state, { step: i + 1, count: 2, gradientSum: [sum], parameters: Float32Array.of(10) });
    state = output.state;
    return output.delta[0];
  });
}

describe('SgdGroup', () => {
  it('follows the mean gradient', () => {
    expectClose(deltas(sgd), [-0.1, -0.2, 0.1], { rel: 6e-8 });
  });

  it('gathers heavy-ball momentum', () => {
    expectClose(deltas({ ...sgd, momentum: 0.5 }), [-0.1, -0.25, -0.025], { rel: 6e-8 });
  });

  it('looks ahead with Nesterov momentum', () => {
    expectClose(deltas({ ...sgd, momentum: 0.5, nesterov: true }), [-0.15, -0.325, 0.0875], { rel: 6e-8 });
  });

  it('adds the L2 gradient and follows the schedule', () => {
    const learningRate = { ...constant(0.1), final: 0, shape: 'linear' as const };
    expectClose(deltas({ ...sgd, weightDecay: 0.1, learningRate }), [-0.2, -0.15, 0], { rel: 6e-8, abs: 1e-12 });
  });
});
