import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { AdamGroup } from '../../src/first-order/adam.ts';
import type { SoapConfig } from '../../src/config.ts';
import { SoapGroup } from '../../src/first-order/soap.ts';
import { constant, numbers } from '../fixtures.ts';
import { entries, inputAt, linalg, orthogonal, rotated, single, times, walk } from './peer-runs.ts';

const soap: SoapConfig = {
  method: 'soap',
  learningRate: constant(0.1),
  weightDecay: 0.01,
  beta1: 0.95,
  beta2: 0.9,
  shampooBeta: 0.8,
  epsilon: 1e-8,
  refreshEvery: 3,
};

/** soap.py on one matrix [m, n], whose gradients are `numbers(step)`: zero-initialised averages, bias corrections by powers, m kept unrotated. */
function published([m, n]: readonly [number, number], steps: number): Float64Array[] {
  const gram = (g: Float64Array): [Float64Array, Float64Array] => [
    linalg.matmul(g, g, { m, k: n, n: m, transposeB: true }),
    linalg.matmul(g, g, { m: n, k: m, n, transposeA: true }),
  ];
  const inTo = (x: Float64Array): Float64Array => times(linalg.matmul(ql, x, { m, k: m, n, transposeA: true }), qr, [m, n, n]);
  const lerp = (a: Float64Array, b: Float64Array): Float64Array => a.map((value, i) => value + (1 - soap.shampooBeta) * (b[i] - value));
  const eigenbasis = (a: Float64Array, size: number): Float64Array => {
    const { vectors } = linalg.symmetricEigen(a, size);
    return vectors.map((_, i) => vectors[i - (i % size) + (size - 1 - (i % size))]);
  };
  let [l, r] = gram(numbers(1, m * n)).map((sum) => lerp(new Float64Array(sum.length), sum));
  let [ql, qr] = [eigenbasis(l, m), eigenbasis(r, n)];
  let first = new Float64Array(m * n);
  let second = new Float64Array(m * n);
  return Array.from({ length: steps - 1 }, (_, i) => {
    const t = i + 1;
    const g = numbers(t + 1, m * n);
    const gRotated = inTo(g);
    first = first.map((value, k) => 0.95 * value + 0.05 * g[k]);
    second = second.map((value, k) => 0.9 * value + 0.1 * gRotated[k] ** 2);
    const quotient = inTo(first).map((value, k) => value / (1 - 0.95 ** t) / (Math.sqrt(second[k] / (1 - 0.9 ** t)) + 1e-8));
    const direction = rotated(ql, quotient, qr, [m, n]);
    const [gl, gr] = gram(g);
    [l, r] = [lerp(l, gl), lerp(r, gr)];
    if (t % soap.refreshEvery === 0) {
      const orders: number[][] = [];
      [ql, qr] = [[ql, l, m] as const, [qr, r, n] as const].map(([q, p, size]) => {
        const quotients = linalg.matmul(q, times(p, q, [size, size, size]), { m: size, k: size, n: size, transposeA: true });
        const order = Array.from({ length: size }, (__, j) => j).sort((a, b) => quotients[b * size + b] - quotients[a * size + a]);
        orders.push(order);
        const sorted = q.map((__, k) => q[k - (k % size) + order[k % size]]);
        return linalg.qr(times(p, sorted, [size, size, size]), size, size).q;
      });
      const before = second;
      second = second.map((__, k) => before[orders[0][Math.floor(k / n)] * n + orders[1][k % n]]);
    }
    return direction;
  });
}

describe('SoapGroup', () => {
  it('follows the published algorithm over several refreshes of the basis', () => {
    const [m, n] = [4, 3];
    const group = new SoapGroup('w', { ...soap, weightDecay: 0 }, { parameters: single(m, n), totalSteps: 20, linalg });
    const { updates } = walk(group, { size: m * n, to: 12 });
    expect(updates[0]).toEqual(new Float64Array(m * n));
    const expected = published([m, n], 12);
    updates.slice(1).forEach((update, i) =>
      expectClose(
        update,
        expected[i].map((value) => -0.1 * value),
        { rel: 1e-9, abs: 1e-12 },
      ),
    );
  });

  it('is Adam, a step later, in a basis that stays the identity', () => {
    const config = { ...soap, refreshEvery: 1000 };
    const group = new SoapGroup('w', config, { parameters: single(3, 3), totalSteps: 20, linalg });
    // Eigenvectors of these sums are the axes, in this order.
    const state = group.step(group.initialState(), inputAt(1, Float64Array.of(3, 0, 0, 0, 2, 0, 0, 0, 1))).state;
    const adam = new AdamGroup('w', { ...soap, method: 'adam' }, { spans: single(3, 3), totalSteps: 20 });
    const { updates } = walk(group, { size: 9, from: 2, to: 8, state });
    const expected = walk(adam, { size: 9, from: 2, to: 8 }).updates;
    updates.forEach((update, i) => expectClose(update, expected[i], { rel: 1e-13 }));
  });

  it('is Adam where both sides are above the limit, and always for vectors', () => {
    const group = new SoapGroup('w', { ...soap, maxDimension: 2 }, { parameters: entries, totalSteps: 20, linalg });
    const adam = new AdamGroup('w', { ...soap, method: 'adam' }, { spans: entries, totalSteps: 20 });
    const { updates } = walk(group, { size: 42, to: 9 });
    const expected = walk(adam, { size: 42, from: 2, to: 9 }).updates;
    updates.slice(1).forEach((update, i) => expectClose(update, expected[i], { rel: 1e-13 }));
    expect(Object.keys(group.initialState()).filter((key) => key.includes('basis'))).toEqual([]);
  });

  it('turns with the axes: gradients U G V lead to updates U D V', () => {
    const [m, n] = [4, 3];
    const [u, v] = [orthogonal(71, m), orthogonal(72, n)];
    const group = new SoapGroup('w', { ...soap, weightDecay: 0 }, { parameters: single(m, n), totalSteps: 20, linalg });
    let [plain, turned] = [group.initialState(), group.initialState()];
    for (let step = 1; step <= 8; step++) {
      const g = numbers(step, m * n);
      const a = group.step(plain, inputAt(step, g));
      const b = group.step(turned, inputAt(step, rotated(u, g, v, [m, n])));
      expectClose(b.update, rotated(u, a.update, v, [m, n]), { rel: 1e-8, abs: 1e-10 });
      [plain, turned] = [a.state, b.state];
    }
  });

  it('survives gradients of zeros', () => {
    const group = new SoapGroup('w', { ...soap, refreshEvery: 1, weightDecay: 0 }, { parameters: single(3, 2), totalSteps: 9, linalg });
    let state = group.initialState();
    for (let step = 1; step <= 4; step++) {
      const output = group.step(state, inputAt(step, new Float64Array(6)));
      expect(output.update.every((value) => value === 0)).toBe(true);
      state = output.state;
    }
    expect(
      walk(group, { size: 6, from: 5, to: 7, state })
        .updates.flatMap((update) => [...update])
        .every(Number.isFinite),
    ).toBe(true);
  });
});
