import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  decodeMatrixDump,
  encodeMatrixDump,
  identity,
  inverseCounters,
  matmul,
  NotFiniteError,
  NotPositiveDefiniteError,
  recursiveSpdInverse,
  robustInverse,
  spdInverse,
  type FailedInverse,
} from '../src/index.ts';
import { logSpaced, randomSpd, withEigenvalues } from './random-matrix.ts';

const n = 30;

describe('robustInverse', () => {
  it('takes the cheapest rung in health, and counts it', () => {
    const a = randomSpd(1, n);
    const counters = inverseCounters();
    const single = robustInverse(a, n, { damping: 0.1, start: 'float32', counters });
    const double = robustInverse(a, n, { damping: 0.1, counters });
    expect([single.rung, double.rung]).toEqual(['float32', 'float64']);
    expect(counters).toEqual({ float32: 1, float64: 1, eigen: 0, kept: 0 });
    expectClose(single.inverse, double.inverse, { abs: 1e-5 });
    const damped = a.map((entry, at) => entry + (at % (n + 1) === 0 ? 0.1 : 0));
    expect(double.inverse).toEqual(spdInverse(damped, n));
  });

  it('goes from single to double precision where the condition asks for it', () => {
    const failures: FailedInverse[] = [];
    const a = withEigenvalues(2, logSpaced(n, 1e10));
    const { rung, inverse } = robustInverse(a, n, { damping: 0, start: 'float32', onFailure: (failure) => failures.push(failure) });
    expect(rung).toBe('float64');
    expect(failures).toMatchObject([{ rung: 'float32', n, matrix: a }]);
    expectClose(matmul(a, inverse, { m: n, k: n, n }), identity(n), { abs: 1e-4 });
  });

  it('counts negative eigenvalues as zero where the damping does not lift them', () => {
    const values = logSpaced(n, 10);
    values[n - 1] = -0.5;
    const failures: FailedInverse[] = [];
    const { rung, inverse } = robustInverse(withEigenvalues(3, values), n, {
      damping: 0.01,
      onFailure: (failure) => failures.push(failure),
    });
    expect(rung).toBe('eigen');
    expect(failures.map((failure) => failure.rung)).toEqual(['float64']);
    expect(failures[0].error).toBeInstanceOf(NotPositiveDefiniteError);
    values[n - 1] = 0;
    expectClose(
      inverse,
      withEigenvalues(
        3,
        values.map((value) => 1 / (value + 0.01)),
      ),
      { abs: 1e-11 },
    );
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(inverse[i * n + j]).toBe(inverse[j * n + i]);
  });

  it('keeps the last good inverse at last, and says why when there is none', () => {
    const lastGood = identity(n);
    const counters = inverseCounters();
    const broken = identity(n);
    broken[5] = Number.NaN;
    broken[5 * n] = Number.NaN;
    const rungs: string[] = [];
    const kept = robustInverse(broken, n, { damping: 1, lastGood, counters, onFailure: ({ rung }) => rungs.push(rung) });
    expect(kept).toEqual({ inverse: lastGood, rung: 'kept' });
    expect(rungs).toEqual(['float64', 'eigen']);
    expect(counters.kept).toBe(1);
    expect(() => robustInverse(broken, n, { damping: 1 })).toThrow(NotFiniteError);
    expect(() => robustInverse(new Float64Array(n * n), n, { damping: 0 })).toThrow(
      'robustInverse (eigen): expected a positive definite matrix',
    );
  });
});

describe('encodeMatrixDump', () => {
  it('is undone by decodeMatrixDump to the bit', () => {
    const a = Float64Array.of(1, -0, Number.NaN, 2 ** -1074);
    const bytes = encodeMatrixDump(a, 2);
    expect(new TextDecoder().decode(bytes.subarray(0, 28))).toBe('geodesic-matrix 1 float64 2\n');
    expect(decodeMatrixDump(bytes)).toEqual({ a, n: 2 });
    expect(() => decodeMatrixDump(bytes.subarray(0, 40))).toThrow('decodeMatrixDump: expected');
  });
});

describe('recursiveSpdInverse', () => {
  it('inverts by products that are handed in, of odd sizes too', async () => {
    for (const [order, base] of [
      [1, 8],
      [37, 8],
      [130, 32],
    ]) {
      const a = withEigenvalues(order, logSpaced(order, 1e4));
      const shapes: number[] = [];
      const inverse = await recursiveSpdInverse(a, order, {
        base,
        matmul: async (x, y, options) => {
          shapes.push(Math.max(options.m, options.k, options.n));
          return matmul(x, y, options);
        },
      });
      expect(shapes.length > 0).toBe(order > base);
      expectClose(matmul(a, inverse, { m: order, k: order, n: order }), identity(order), { abs: 1e-10 });
      for (let i = 0; i < order; i++) for (let j = 0; j < i; j++) expect(inverse[i * order + j]).toBe(inverse[j * order + i]);
    }
  });

  it('names the row of the whole matrix where it is not positive definite', async () => {
    const a = identity(40);
    a[31 * 41] = -1;
    await expect(recursiveSpdInverse(a, 40, { matmul, base: 8 })).rejects.toThrow(
      'recursiveSpdInverse: expected a positive definite matrix, got pivot -1 in row 31',
    );
  });
});
