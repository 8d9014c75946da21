import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { identity, matmul, NotFiniteError, symmetricEigen, trace, type SymmetricEigen } from '../src/index.ts';
import { randomMatrix, randomSpd } from './random-matrix.ts';

const seed = 20240608;

function symmetric(matrixSeed: number, n: number): Float64Array {
  const x = randomMatrix(matrixSeed, n * n);
  return x.map((_, at) => (x[at] + x[(at % n) * n + Math.floor(at / n)]) / 2);
}

/** V diag(values) V^T. */
function reconstruct({ values, vectors }: SymmetricEigen): Float64Array {
  const n = values.length;
  const scaled = vectors.map((entry, at) => entry * values[at % n]);
  return matmul(scaled, vectors, { m: n, k: n, n, transposeB: true });
}

function expectDecomposition(a: Float64Array, n: number, tolerance: number): void {
  const eigen = symmetricEigen(a, n);
  expectClose(reconstruct(eigen), a, { abs: tolerance });
  expectClose(matmul(eigen.vectors, eigen.vectors, { m: n, k: n, n, transposeA: true }), identity(n), { abs: 1e-13 });
  expect([...eigen.values]).toEqual([...eigen.values].sort((x, y) => x - y));
}

describe('symmetricEigen', () => {
  it('finds the eigenvalues 2 - 2 cos(k pi / (n + 1)) of the second difference', () => {
    const n = 20;
    const a = Float64Array.from({ length: n * n }, (_, at) => [2, -1][Math.abs(Math.floor(at / n) - (at % n))] ?? 0);
    const expected = Array.from({ length: n }, (_, k) => 2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)));
    expectClose(symmetricEigen(a, n).values, expected, { abs: 1e-14 });
  });

  it('decomposes any symmetric matrix, eigenvalues ascending and vectors orthonormal', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 24 }), fc.integer(), (n, matrixSeed) =>
        expectDecomposition(symmetric(matrixSeed, n), n, 1e-13),
      ),
      { seed },
    );
  });

  it('keeps the trace and the sum of squares', () => {
    const n = 40;
    const a = randomSpd(3, n);
    const { values } = symmetricEigen(a, n);
    expectClose(
      values.reduce((sum, value) => sum + value, 0),
      trace(a, n),
      { rel: 1e-13 },
    );
    expectClose(
      values.reduce((sum, value) => sum + value * value, 0),
      a.reduce((sum, entry) => sum + entry * entry, 0),
      { rel: 1e-13 },
    );
  });

  it('keeps its accuracy over several panels of rows', () => {
    expectDecomposition(randomSpd(4, 67), 67, 1e-12);
  });

  it('takes zero, diagonal, repeated and rank-one spectra', () => {
    const n = 7;
    const ones = new Float64Array(n * n).fill(1);
    expectDecomposition(new Float64Array(n * n), n, 0);
    expectDecomposition(identity(n), n, 0);
    expectDecomposition(ones, n, 1e-14);
    expectClose(symmetricEigen(ones, n).values, [0, 0, 0, 0, 0, 0, n], { abs: 1e-14 });
  });

  it('neither overflows nor vanishes at the ends of the range', () => {
    const a = symmetric(5, 9);
    const { values } = symmetricEigen(a, 9);
    for (const scale of [2 ** 600, 2 ** -600]) {
      expectClose(
        symmetricEigen(
          a.map((entry) => entry * scale),
          9,
        ).values.map((value) => value / scale),
        values,
        { abs: 1e-13 },
      );
    }
  });

  it('names the first entry that is not finite', () => {
    const a = identity(3);
    a[5] = Number.NaN;
    expect(() => symmetricEigen(a, 3)).toThrow(NotFiniteError);
    expect(() => symmetricEigen(a, 3)).toThrow(
      'symmetricEigen: expected finite entries, got NaN at [1, 2] (look for an overflow upstream)',
    );
  });
});
