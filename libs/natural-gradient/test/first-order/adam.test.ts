import { makeLayout } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { type AdamConfig, createOptimizer, type FloatArray } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { takeStep } from '../drive.ts';
import { applied, adam as base, constant, numbers } from '../fixtures.ts';

/** Runs a single Adam group on gradient(theta) and returns theta after every step. */
function run(config: AdamConfig, start: readonly number[], gradients: (theta: Float32Array, step: number) => number[], steps: number) {
  const parameters = makeLayout([{ name: 'x', shape: [start.length] }]);
  const optimizer = createOptimizer({ groups: [{ name: 'all', parameters: ['x'], ...config }], layers: [], parameters, totalSteps: steps });
  let state = optimizer.initialState();
  let theta = Float32Array.from(start);
  const deltas: FloatArray[] = [];
  const path: Float32Array[] = [];
  for (let step = 1; step <= steps; step++) {
    const output = takeStep(optimizer, state, { step, count: 1, gradientSum: gradients(theta, step), parameters: theta });
    state = output.state;
    theta = applied(theta, output.delta);
    deltas.push(output.delta);
    path.push(theta);
  }
  return { deltas, path, state };
}

describe('AdamGroup', () => {
  it('moves by hand-computed steps (Kingma & Ba 2015, algorithm 1, beta1 = beta2 = 1/2)', () => {
    const config: AdamConfig = { ...base, learningRate: constant(1), beta1: 0.5, beta2: 0.5, epsilon: 1e-300, weightDecay: 0 };
    const gradients = [1, -2, 3];
    const { deltas } = run(config, [0], (_, step) => [gradients[step - 1]], 3);
    // m: 1/2, -3/4, 9/8 over 1/2, 3/4, 7/8; v: 1/2, 9/4, 45/8 over the same.
    expectClose(
      deltas.map(([delta]) => delta),
      [-1, 1 / Math.sqrt(3), -(9 / 7) / Math.sqrt(45 / 7)],
      { rel: 6e-8 },
    );
  });

  it('agrees with the textbook form with powers of beta over many steps', () => {
    const config: AdamConfig = { ...base, weightDecay: 0 };
    const gradients = numbers(4, 200);
    const { deltas } = run(config, [0], (_, step) => [gradients[step - 1]], 200);
    let m = 0;
    let v = 0;
    const expected = deltas.map((_, i) => {
      const g = gradients[i];
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      return (-1e-2 * (m / (1 - 0.9 ** (i + 1)))) / (Math.sqrt(v / (1 - 0.999 ** (i + 1))) + 1e-8);
    });
    expectClose(
      deltas.map(([delta]) => delta),
      expected,
      { rel: 6e-8, abs: 1e-12 },
    );
  });

  it("follows the published example of Optax's documentation: |x|^2 from [1, 2, 3] at rate 0.003", () => {
    const { path } = run(
      { ...base, learningRate: constant(0.003), weightDecay: 0 },
      [1, 2, 3],
      (theta) => Array.from(theta, (value) => 2 * value),
      5,
    );
    const objective = path.map((theta) => theta.reduce((sum, value) => sum + value * value, 0).toExponential(2));
    expect(objective).toEqual(['1.40e+1', '1.39e+1', '1.39e+1', '1.39e+1', '1.38e+1']);
  });

  it('decays weights beside the step, not through the moments', () => {
    const { deltas } = run({ ...base, learningRate: constant(0.1), weightDecay: 0.5 }, [2], () => [0], 1);
    expectClose(deltas[0], [-0.1], { rel: 6e-8 });
  });
});
