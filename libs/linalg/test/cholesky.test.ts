import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cholesky, choleskySolve, identity, logDetFromCholesky, matmul, NotPositiveDefiniteError, spdInverse } from '../src/index.ts';
import { randomMatrix, randomSpd } from './random-matrix.ts';

const seed = 20240607;
const order = fc.integer({ min: 1, max: 14 });

/** Golub and Van Loan's kind of example, all of it in whole numbers. */
const wholeA = Float64Array.of(4, 12, -16, 12, 37, -43, -16, -43, 98);
const wholeL = Float64Array.of(2, 0, 0, 6, 1, 0, -8, 5, 3);

describe('cholesky', () => {
  it('factors a matrix whose factor is known', () => {
    expect([...cholesky(wholeA, 3)]).toEqual([...wholeL]);
  });

  it('gives a lower factor whose square is the matrix, for any order', () => {
    fc.assert(
      fc.property(order, fc.integer(), (n, matrixSeed) => {
        const a = randomSpd(matrixSeed, n);
        const l = cholesky(a, n);
        for (let i = 0; i < n; i++) for (let j = i + 1; j < n; j++) expect(l[i * n + j]).toBe(0);
        expectClose(matmul(l, l, { m: n, k: n, n, transposeB: true }), a, { abs: 1e-14 });
      }),
      { seed },
    );
  });

  it('reads the lower triangle only', () => {
    const a = wholeA.slice();
    a[1] = Number.NaN;
    expect([...cholesky(a, 3)]).toEqual([...wholeL]);
  });

  it('names the row where a matrix stops being positive definite', () => {
    const a = identity(6);
    a[4 * 7] = -0.25;
    let caught: unknown;
    try {
      cholesky(a, 6);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(NotPositiveDefiniteError);
    expect(caught).toMatchObject({ operation: 'cholesky', pivot: 4, value: -0.25 });
    expect(() => cholesky(a, 6)).toThrow(
      'cholesky: expected a positive definite matrix, got pivot -0.25 in row 4 (symmetrise it or add to its diagonal)',
    );
  });

  it.each([0, Number.NaN, Infinity])('refuses the pivot %s', (pivot) => {
    expect(() => cholesky(Float64Array.of(pivot), 1)).toThrow(NotPositiveDefiniteError);
  });
});

describe('choleskySolve', () => {
  it('solves for several right-hand sides at once', () => {
    fc.assert(
      fc.property(order, fc.integer({ min: 1, max: 4 }), (n, columns) => {
        const a = randomSpd(n, n);
        const x = randomMatrix(9, n * columns);
        const b = matmul(a, x, { m: n, k: n, n: columns });
        expectClose(choleskySolve(cholesky(a, n), n, b, columns), x, { abs: 1e-12 });
      }),
      { seed },
    );
  });

  it('refuses right-hand sides of another size', () => {
    expect(() => choleskySolve(wholeL, 3, new Float64Array(5), 2)).toThrow(
      'choleskySolve: expected b with 6 entries [3, 2], got 5 entries',
    );
  });
});

describe('logDetFromCholesky', () => {
  it('is the logarithm of the determinant', () => {
    expectClose(logDetFromCholesky(wholeL, 3), Math.log(36), { rel: 1e-15 });
  });
});

describe('spdInverse', () => {
  it('gives an exactly symmetric matrix whose product with the original is the identity, for any order', () => {
    fc.assert(
      fc.property(order, fc.integer(), (n, matrixSeed) => {
        const a = randomSpd(matrixSeed, n);
        const inverse = spdInverse(a, n);
        for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(inverse[i * n + j]).toBe(inverse[j * n + i]);
        expectClose(matmul(a, inverse, { m: n, k: n, n }), identity(n), { abs: 1e-13 });
      }),
      { seed },
    );
  });

  it('inverts the ill-conditioned Hilbert matrix of order 6, whose inverse is whole', () => {
    const n = 6;
    const hilbert = Float64Array.from({ length: n * n }, (_, at) => 1 / (Math.floor(at / n) + (at % n) + 1));
    const inverse = spdInverse(hilbert, n);
    expectClose([inverse[0], inverse[1], inverse[35]], [36, -630, 698544], { rel: 1e-9 });
  });

  it('names itself when the matrix is not positive definite', () => {
    expect(() => spdInverse(Float64Array.of(1, 2, 2, 1), 2)).toThrow(
      'spdInverse: expected a positive definite matrix, got pivot -3 in row 1 (symmetrise it or add to its diagonal)',
    );
  });
});
