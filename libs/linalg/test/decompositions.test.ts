import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinalg, identity, matmul, NotFiniteError, type Linalg } from '../src/index.ts';
import { logSpaced, randomMatrix, withEigenvalues } from './random-matrix.ts';

const seed = 20261122;
const epsilon = 2 ** -52;
const order = fc.integer({ min: 1, max: 40 });
/** Exponent of ten of a condition number. */
const digits = fc.integer({ min: 0, max: 12 });
/** Orders beside borders of blocks. */
const borders = [31, 32, 33, 64, 65, 129, 200, 300];

/** max |a - b| over max |b|, in units of epsilon times n. */
function error(a: Float64Array, b: Float64Array, n: number): number {
  const largest = b.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
  const difference = a.reduce((most, entry, at) => Math.max(most, Math.abs(entry - b[at])), 0);
  return difference === 0 ? 0 : difference / (largest * epsilon * n);
}

function expectEigen(linalg: Linalg, a: Float64Array, n: number): Float64Array {
  const { values, vectors } = linalg.symmetricEigen(a, n);
  const scaled = vectors.map((entry, at) => entry * values[at % n]);
  expect(error(matmul(scaled, vectors, { m: n, k: n, n, transposeB: true }), a, n)).toBeLessThan(20);
  expect(error(matmul(vectors, vectors, { m: n, k: n, n, transposeA: true }), identity(n), n)).toBeLessThan(20);
  expect(values).toEqual(values.slice().sort());
  return values;
}

function expectQr(linalg: Linalg, a: Float64Array, m: number, n: number): void {
  const rank = Math.min(m, n);
  const { q, r } = linalg.qr(a, m, n);
  expect(error(matmul(q, r, { m, k: rank, n }), a, Math.max(m, n))).toBeLessThan(20);
  expect(error(matmul(q, q, { m: rank, k: m, n: rank, transposeA: true }), identity(rank), Math.max(m, n))).toBeLessThan(20);
  for (let i = 0; i < rank; i++) {
    expect(r[i * (n + 1)]).toBeGreaterThanOrEqual(0);
    for (let j = 0; j < i; j++) expect(r[i * n + j]).toBe(0);
  }
}

describe.each(['plain', 'wasm'] as const)('symmetricEigen on the %s backend', (backend) => {
  const linalg = createLinalg({ backend });

  it('finds the eigenvalues of matrices of any order and condition up to 1e12', () => {
    fc.assert(
      fc.property(order, digits, fc.integer(), (n, condition, matrixSeed) => {
        const expected = logSpaced(n, 10 ** condition);
        expectClose(expectEigen(linalg, withEigenvalues(matrixSeed, expected), n), expected.slice().sort(), { abs: 20 * n * epsilon });
      }),
      { seed, numRuns: 60 },
    );
  });

  it('is accurate across the borders of its blocks', () => {
    for (const n of borders) expectEigen(linalg, withEigenvalues(n, randomMatrix(n + 1, n)), n);
  });

  it('takes clustered and repeated eigenvalues, and low rank', () => {
    const n = 150;
    const few = Float64Array.from({ length: n }, (_, i) => [1, 1, 2, 3][i % 4]);
    const close = Float64Array.from({ length: n }, (_, i) => 1 + (i % 30) * 1e-15);
    const lowRank = Float64Array.from({ length: n }, (_, i) => (i < 9 ? i + 1 : 0));
    for (const expected of [few, close, lowRank])
      expectClose(expectEigen(linalg, withEigenvalues(8, expected), n), expected.slice().sort(), { abs: 1e-11 });
  });

  it('takes diagonal, tridiagonal and zero matrices, and none at all', () => {
    const n = 100;
    const diagonal = identity(n).map((entry, at) => entry * Math.cos(at));
    const second = Float64Array.from({ length: n * n }, (_, at) => [2, -1][Math.abs(Math.floor(at / n) - (at % n))] ?? 0);
    for (const a of [diagonal, second, new Float64Array(n * n), new Float64Array(n * n).fill(1)]) expectEigen(linalg, a, n);
    expect(linalg.symmetricEigen(new Float64Array(0), 0).values).toHaveLength(0);
    expect([...linalg.symmetricEigen(Float64Array.of(-3), 1).values]).toEqual([-3]);
  });

  it('neither overflows nor vanishes at the ends of the range', () => {
    const n = 60;
    const a = withEigenvalues(5, randomMatrix(6, n));
    for (const scale of [2 ** 900, 2 ** -900]) {
      const { values } = linalg.symmetricEigen(
        a.map((entry) => entry * scale),
        n,
      );
      expectClose(
        values.map((value) => value / scale),
        linalg.symmetricEigen(a, n).values,
        { abs: 1e-13 },
      );
    }
  });

  it('names the first entry that is not finite', () => {
    const a = identity(120);
    a[3 * 120 + 7] = Infinity;
    expect(() => linalg.symmetricEigen(a, 120)).toThrow(NotFiniteError);
    expect(() => linalg.symmetricEigen(a, 120)).toThrow('symmetricEigen: expected finite entries, got Infinity at [3, 7]');
  });
});

describe.each(['plain', 'wasm'] as const)('qr on the %s backend', (backend) => {
  const linalg = createLinalg({ backend });

  it('factors matrices of any shape, singular ones too', () => {
    fc.assert(
      fc.property(order, order, fc.integer({ min: 0, max: 40 }), fc.integer(), (m, n, rank, matrixSeed) => {
        const a = matmul(randomMatrix(matrixSeed, m * rank), randomMatrix(matrixSeed + 1, rank * n), { m, k: rank, n });
        expectQr(linalg, a, m, n);
      }),
      { seed, numRuns: 60 },
    );
  });

  it('is accurate across the borders of its blocks', () => {
    for (const [m, n] of [...borders.map((n) => [n, n] as const), [300, 70], [70, 300], [257, 33]] as const)
      expectQr(linalg, randomMatrix(m, m * n), m, n);
  });

  it('takes ill-conditioned, zero and triangular matrices, and none at all', () => {
    const n = 90;
    expectQr(linalg, withEigenvalues(2, logSpaced(n, 1e12)), n, n);
    expectQr(linalg, new Float64Array(n * n), n, n);
    expectQr(
      linalg,
      randomMatrix(7, n * n).map((entry, at) => (at % n >= Math.floor(at / n) ? entry : 0)),
      n,
      n,
    );
    expect(linalg.qr(new Float64Array(0), 0, 3)).toEqual({ q: new Float64Array(0), r: new Float64Array(0) });
  });

  it('names the first entry that is not finite', () => {
    const a = randomMatrix(1, 6);
    a[5] = Number.NaN;
    expect(() => linalg.qr(a, 2, 3)).toThrow('qr: expected finite entries, got NaN at [1, 2]');
  });
});

describe.each(['plain', 'wasm'] as const)('cholesky and spdInverse on the %s backend', (backend) => {
  const linalg = createLinalg({ backend });

  it('have small residuals for any order and condition up to 1e12', () => {
    const check = (n: number, condition: number, matrixSeed: number): void => {
      const a = withEigenvalues(matrixSeed, logSpaced(n, condition));
      const l = linalg.cholesky(a, n);
      expect(error(matmul(l, l, { m: n, k: n, n, transposeB: true }), a, n)).toBeLessThan(5);
      const product = matmul(a, linalg.spdInverse(a, n), { m: n, k: n, n });
      expectClose(product, identity(n), { abs: 5 * n * epsilon * condition });
    };
    fc.assert(
      fc.property(order, digits, fc.integer(), (n, condition, matrixSeed) => check(n, 10 ** condition, matrixSeed)),
      { seed, numRuns: 40 },
    );
    for (const n of [129, 300]) check(n, 1e9, n);
  });

  it('solve with the factor or its transpose', () => {
    const [n, columns] = [133, 6];
    const l = linalg.cholesky(withEigenvalues(4, logSpaced(n, 1e4)), n);
    const x = randomMatrix(5, n * columns);
    for (const transpose of [false, true]) {
      const b = matmul(l, x, { m: n, k: n, n: columns, transposeA: transpose });
      expectClose(linalg.triangularSolve(l, n, b, { columns, transpose }), x, { abs: 1e-11 });
    }
  });

  it('refuse a matrix with NaN', () => {
    const n = 140;
    const a = identity(n);
    a[100 * n + 3] = Number.NaN;
    expect(() => linalg.cholesky(a, n)).toThrow('cholesky: expected a positive definite matrix, got pivot NaN in row 100');
  });
});
