import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import type { LbfgsConfig } from '../../src/config.ts';
import { LbfgsGroup } from '../../src/first-order/lbfgs.ts';
import { constant, numbers } from '../fixtures.ts';
import { inputAt, linalg, single, times } from './peer-runs.ts';

const lbfgs: LbfgsConfig = { method: 'lbfgs', learningRate: constant(1), history: 10, weightDecay: 0 };

const groupOf = (config: LbfgsConfig, n: number): LbfgsGroup => new LbfgsGroup('w', config, { parameters: single(n, 1), totalSteps: 50 });

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);

/** H after the pairs, dense: from (s'y / y'y) I of the newest, H <- (I - rho s y') H (I - rho y s') + rho s s'. */
function denseInverse(pairs: readonly { s: Float64Array; y: Float64Array }[], n: number): Float64Array {
  const { s: sLast, y: yLast } = pairs.at(-1)!;
  const scale = dot(sLast, yLast) / dot(yLast, yLast);
  let h = new Float64Array(n * n).map((_, i) => (i % (n + 1) === 0 ? scale : 0));
  for (const { s, y } of pairs) {
    const rho = 1 / dot(s, y);
    const left = new Float64Array(n * n).map((_, i) => (i % (n + 1) === 0 ? 1 : 0) - rho * s[Math.floor(i / n)] * y[i % n]);
    const product = linalg.matmul(times(left, h, [n, n, n]), left, { m: n, k: n, n, transposeB: true });
    h = product.map((value, i) => value + rho * s[Math.floor(i / n)] * s[i % n]);
  }
  return h;
}

describe('LbfgsGroup', () => {
  it.each([3, 10])(
    'follows the dense BFGS matrix of the last pairs, damped by Powell, on a function with negative curvature, history %i',
    (history) => {
      const n = 4;
      const rate = 0.7;
      const gradientOf = (x: Float64Array): Float64Array => x.map((value, i) => value + 2 * Math.sin(3 * value) + 0.3 * x[(i + 1) % n]);
      const group = groupOf({ ...lbfgs, history, learningRate: constant(rate) }, n);
      let state = group.initialState();
      let theta: Float64Array = numbers(4, n).map((value) => 2 * value);
      const pairs: { s: Float64Array; y: Float64Array }[] = [];
      let damped = 0;
      let inverse: Float64Array = new Float64Array(n * n);
      for (let step = 1; step <= 9; step++) {
        const gradient = gradientOf(theta);
        const output = group.step(state, inputAt(step, gradient, theta));
        if (step === 1) {
          const scale = Math.min(1, 1 / gradient.reduce((sum, value) => sum + Math.abs(value), 0));
          inverse = inverse.map((_, i) => (i % (n + 1) === 0 ? scale : 0));
        } else inverse = denseInverse(pairs.slice(-history), n);
        expectClose(
          output.update,
          times(inverse, gradient, [n, n, 1]).map((value) => -rate * value),
          { rel: 1e-9, abs: 1e-12 },
        );
        const moved = theta.map((value, i) => value + output.update[i]);
        const s = output.update;
        const y = gradientOf(moved).map((value, i) => value - gradient[i]);
        const bs = times(
          linalg.spdInverse(
            inverse.map((value, i) => (value + inverse[(i % n) * n + Math.floor(i / n)]) / 2),
            n,
          ),
          s,
          [n, n, 1],
        );
        const [sy, sbs] = [dot(s, y), dot(s, bs)];
        if (sy < 0.2 * sbs) damped++;
        const phi = sy >= 0.2 * sbs ? 1 : (0.8 * sbs) / (sbs - sy);
        pairs.push({ s, y: y.map((value, i) => phi * value + (1 - phi) * bs[i]) });
        [state, theta] = [output.state, moved];
      }
      expect(damped).toBeGreaterThan(1);
      expect(damped).toBeLessThan(8);
    },
  );

  it('solves a quadratic in n variables in n + 2 exact steps', () => {
    const n = 8;
    const root = numbers(3, n * n);
    const a = linalg.matmul(root, root, { m: n, k: n, n, transposeB: true }).map((value, i) => value + (i % (n + 1) === 0 ? 0.1 : 0));
    const group = groupOf({ ...lbfgs, history: n + 2 }, n);
    let state = group.initialState();
    let theta: Float64Array = numbers(5, n);
    const start = Math.hypot(...times(a, theta, [n, n, 1]));
    for (let step = 1; step <= n + 2; step++) {
      const gradient = times(a, theta, [n, n, 1]);
      const output = group.step(state, inputAt(step, gradient, theta));
      const d = output.update;
      const length = dot(d, times(a, d, [n, n, 1]));
      const exact = length > 0 ? -dot(d, gradient) / length : 0;
      [state, theta] = [output.state, theta.map((value, i) => value + exact * d[i])];
    }
    expect(Math.hypot(...times(a, theta, [n, n, 1])) / start).toBeLessThan(1e-8);
  });

  it('converges on an ill-conditioned quadratic at the rate 1, without a line search', () => {
    const scales = [1, 10, 100, 1000];
    const group = groupOf(lbfgs, 4);
    let state = group.initialState();
    let theta: Float64Array = Float64Array.of(1, -1, 1, -1);
    for (let step = 1; step <= 60; step++) {
      const output = group.step(
        state,
        inputAt(
          step,
          theta.map((value, i) => scales[i] * value),
          theta,
        ),
      );
      [state, theta] = [output.state, theta.map((value, i) => value + output.update[i])];
    }
    expect(Math.hypot(...theta)).toBeLessThan(1e-9);
  });

  it('adds the L2 term to the gradient, and takes no pair where nothing has moved', () => {
    const group = groupOf({ ...lbfgs, weightDecay: 0.5 }, 2);
    const theta = Float32Array.of(0.5, -0.25);
    const { update, state } = group.step(group.initialState(), inputAt(1, Float64Array.of(0.1, 0.2), theta));
    expectClose(update, [-0.35, -0.075], { rel: 1e-14 });
    const again = group.step(state, inputAt(2, Float64Array.of(0.1, 0.2), theta));
    expect(again.report['pairs']).toBe(0);
    expect(again.update).toEqual(update);
  });
});
