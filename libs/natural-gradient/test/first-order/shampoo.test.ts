import { ConvergenceError, type Linalg } from '@geodesic/linalg';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { AdamGroup } from '../../src/first-order/adam.ts';
import type { ShampooConfig } from '../../src/config.ts';
import { ShampooGroup } from '../../src/first-order/shampoo.ts';
import { constant, numbers } from '../fixtures.ts';
import { entries, inputAt, linalg, orthogonal, polarFactor, rotated, single, times, walk } from './peer-runs.ts';

const shampoo: ShampooConfig = {
  method: 'shampoo',
  learningRate: constant(1),
  weightDecay: 0,
  beta2: 0.9,
  momentum: 0,
  epsilon: 1e-6,
  refreshEvery: 1,
  graft: 'none',
  startStep: 1,
  maxDimension: 100,
};

const groupOf = (config: ShampooConfig, parameters = single(3, 4), on: Linalg = linalg): ShampooGroup =>
  new ShampooGroup('w', config, { parameters, totalSteps: 20, linalg: on });

/** (a + epsilon I)^(-1/4), by two Newton iterations' worth of square roots: (x^(-1/2))^(1/2), each by Denman-Beavers. */
function inverseFourthRoot(a: Float64Array, n: number, epsilon: number): Float64Array {
  const damped = a.map((value, i) => value + (i % (n + 1) === 0 ? epsilon : 0));
  return squareRoots(squareRoots(damped, n).inverse, n).root;
}

function squareRoots(a: Float64Array, n: number): { root: Float64Array; inverse: Float64Array } {
  let y: Float64Array = a;
  let z: Float64Array = new Float64Array(n * n).map((_, i) => (i % (n + 1) === 0 ? 1 : 0));
  for (let iteration = 0; iteration < 60; iteration++) {
    const [yInverse, zInverse] = [linalg.spdInverse(y, n), linalg.spdInverse(z, n)];
    [y, z] = [y.map((value, i) => (value + zInverse[i]) / 2), z.map((value, i) => (value + yInverse[i]) / 2)];
  }
  return { root: y, inverse: z };
}

describe('ShampooGroup', () => {
  it("gives U V' of the first gradient's singular value decomposition", () => {
    const g = numbers(5, 12);
    const { update } = groupOf({ ...shampoo, epsilon: 1e-30 }).step(groupOf(shampoo).initialState(), inputAt(1, g.slice()));
    // The smaller side's gram matrix is regular; the larger side's zero eigenvalue meets zeros of the gradient.
    expectClose(
      update,
      polarFactor(g, 3, 4).map((value) => -value),
      { rel: 1e-6, abs: 1e-6 },
    );
  });

  it.each([0.9, 1])('preconditions with inverse fourth roots of the gram matrices, beta2 = %f', (beta2) => {
    const { updates } = walk(groupOf({ ...shampoo, beta2, epsilon: 0.1 }, single(2, 3)), { size: 6, to: 5 });
    let [l, r, weight] = [new Float64Array(4), new Float64Array(9), 0];
    updates.forEach((update, i) => {
      const g = numbers(i + 1, 6);
      weight = beta2 * weight + 1;
      const gl = linalg.matmul(g, g, { m: 2, k: 3, n: 2, transposeB: true });
      const gr = linalg.matmul(g, g, { m: 3, k: 2, n: 3, transposeA: true });
      l = l.map((value, k) => beta2 * value + gl[k]);
      r = r.map((value, k) => beta2 * value + gr[k]);
      const divisor = beta2 === 1 ? 1 : weight;
      const [pl, pr] = [l.map((value) => value / divisor), r.map((value) => value / divisor)];
      const left = times(inverseFourthRoot(pl, 2, 0.1), g, [2, 2, 3]);
      const expected = times(left, inverseFourthRoot(pr, 3, 0.1), [2, 3, 3]);
      expectClose(
        update,
        expected.map((value) => -value),
        { rel: 1e-8, abs: 1e-10 },
      );
    });
  });

  it('has the length of the grafted step, in a direction of its own', () => {
    const momentum = 0.5;
    const adam = new AdamGroup(
      'w',
      { method: 'adam', learningRate: constant(1), beta1: momentum, beta2: 0.9, epsilon: 1e-8, weightDecay: 0 },
      { spans: single(3, 4), totalSteps: 20 },
    );
    const length = (x: Float64Array): number => Math.hypot(...x);
    const expected = walk(adam, { size: 12, to: 5 }).updates;
    const grafted = walk(groupOf({ ...shampoo, momentum, graft: 'adam' }), { size: 12, to: 5 }).updates;
    const free = walk(groupOf({ ...shampoo, momentum }), { size: 12, to: 5 }).updates;
    grafted.forEach((update, i) => {
      expect(length(update)).toBeCloseTo(length(expected[i]), 10);
      expectClose(
        update,
        free[i].map((value) => (value * length(expected[i])) / length(free[i])),
        { rel: 1e-10 },
      );
    });
  });

  it('is the grafted Adam before its first preconditioned step, for vectors and where no side is short enough always', () => {
    const config = { ...shampoo, momentum: 0.5, graft: 'adam', weightDecay: 0.1 } as const;
    const adam = new AdamGroup(
      'w',
      { method: 'adam', learningRate: constant(1), beta1: 0.5, beta2: 0.9, epsilon: 1e-8, weightDecay: 0.1 },
      { spans: entries, totalSteps: 20 },
    );
    const expected = walk(adam, { size: 42, to: 5 }).updates;
    const late = walk(groupOf({ ...config, startStep: 4 }, entries), { size: 42, to: 5 }).updates;
    const short = walk(groupOf({ ...config, maxDimension: 1 }, entries), { size: 42, to: 5 }).updates;
    expected.forEach((update, i) => {
      expectClose(short[i], update, { rel: 1e-12 });
      expectClose(late[i].subarray(15, 18), update.subarray(15, 18), { rel: 1e-12 });
    });
    expected.slice(0, 3).forEach((update, i) => expectClose(late[i], update, { rel: 1e-12 }));
    expected.slice(3).forEach((update, i) => expect(Math.abs(late[i + 3][0] - update[0])).toBeGreaterThan(1e-6));
  });

  it('makes roots at its first preconditioned step and every so often after', () => {
    let calls = 0;
    const counting: Linalg = { ...linalg, symmetricEigen: (a, n) => (calls++, linalg.symmetricEigen(a, n)) };
    walk(groupOf({ ...shampoo, graft: 'sgd', startStep: 3, refreshEvery: 4 }, single(3, 4), counting), { size: 12, to: 10 });
    expect(calls).toBe(4); // two sides at steps 3 and 7
  });

  it('turns with the axes', () => {
    const [u, v] = [orthogonal(71, 3), orthogonal(72, 4)];
    const group = groupOf({ ...shampoo, momentum: 0.9, graft: 'sgd' });
    let [plain, turned] = [group.initialState(), group.initialState()];
    for (let step = 1; step <= 6; step++) {
      const g = numbers(step, 12);
      const a = group.step(plain, inputAt(step, g));
      const b = group.step(turned, inputAt(step, rotated(u, g, v, [3, 4])));
      expectClose(b.update, rotated(u, a.update, v, [3, 4]), { rel: 1e-8, abs: 1e-10 });
      [plain, turned] = [a.state, b.state];
    }
  });

  it('keeps its roots, and counts, when a decomposition fails or a gram matrix overflows', () => {
    const broken: Linalg = {
      ...linalg,
      symmetricEigen: () => {
        throw new ConvergenceError('symmetricEigen', 30);
      },
    };
    const { state } = walk(groupOf(shampoo), { size: 12, to: 2 });
    const failed = groupOf(shampoo, single(3, 4), broken).step(state, inputAt(3, numbers(3, 12)));
    expect(failed.report['kept']).toBe(2);
    expect(failed.state['matrix/w/left/root']).toEqual(state['matrix/w/left/root']);
    const huge = groupOf(shampoo).step(
      state,
      inputAt(
        3,
        numbers(3, 12).map((value) => 1e170 * value),
      ),
    );
    expect(huge.report['kept']).toBe(2);
    expect(huge.state['matrix/w/left/sum']).toEqual(state['matrix/w/left/sum']);
  });

  it('moves along the gradient while there is no root to keep', () => {
    const broken: Linalg = {
      ...linalg,
      symmetricEigen: () => {
        throw new ConvergenceError('symmetricEigen', 30);
      },
    };
    const group = groupOf({ ...shampoo, graft: 'sgd' }, single(3, 4), broken);
    const g = numbers(3, 12);
    expectClose(
      group.step(group.initialState(), inputAt(1, g)).update,
      g.map((value) => -value),
      { rel: 1e-12 },
    );
  });
});
