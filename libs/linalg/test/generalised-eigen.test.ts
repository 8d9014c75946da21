import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinalg, generalisedSymmetricEigen, identity, NotFiniteError, NotPositiveDefiniteError } from '../src/index.ts';
import { logSpaced, randomMatrix, randomSpd, withEigenvalues } from './random-matrix.ts';

const symmetric = (seed: number, n: number): Float64Array => withEigenvalues(seed, randomMatrix(seed + 1, n));

describe.each(['plain', 'wasm'] as const)('generalisedSymmetricEigen on the %s backend', (backend) => {
  const linalg = createLinalg({ backend });

  /** V^T M V. */
  const congruent = (v: Float64Array, m: Float64Array, n: number): Float64Array =>
    linalg.matmul(linalg.matmul(v, m, { m: n, k: n, n, transposeA: true }), v, { m: n, k: n, n });

  it('makes both matrices diagonal in one basis, the second one the identity', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer(), (n, seed) => {
        const [a, b] = [symmetric(seed, n), randomSpd(seed + 2, n)];
        const { values, vectors } = generalisedSymmetricEigen(a, b, { n, linalg });
        expect(values).toEqual(values.slice().sort());
        expectClose(congruent(vectors, b, n), identity(n), { abs: 1e-12 });
        const diagonal = identity(n).map((entry, at) => entry * values[at % n]);
        expectClose(congruent(vectors, a, n), diagonal, { abs: 1e-12 });
      }),
      { seed: 20261122, numRuns: 40 },
    );
  });

  it('is the plain eigenproblem where the second matrix is the identity', () => {
    const n = 133;
    const a = symmetric(4, n);
    expectClose(generalisedSymmetricEigen(a, identity(n), { n, linalg }).values, linalg.symmetricEigen(a, n).values, { abs: 1e-13 });
  });

  it('keeps [0, 1] for a part of a sum, with a second matrix of condition 1e8', () => {
    const n = 24;
    const [a, rest] = [withEigenvalues(6, logSpaced(n, 1e8)), withEigenvalues(7, logSpaced(n, 1e8))];
    const sum = a.map((entry, i) => entry + rest[i]);
    const { values, vectors } = generalisedSymmetricEigen(a, sum, { n, linalg });
    for (const value of values) expect(Math.abs(value - 0.5)).toBeLessThan(0.5 + 1e-8);
    expectClose(
      congruent(vectors, rest, n),
      identity(n).map((entry, at) => entry * (1 - values[at % n])),
      { abs: 1e-8 },
    );
  });

  it('reads the lower triangles only, and leaves its arguments alone', () => {
    const n = 5;
    const [a, b] = [symmetric(8, n), randomSpd(9, n)];
    const lower = (m: Float64Array): Float64Array => m.map((entry, at) => (at % n > Math.floor(at / n) ? 77 : entry));
    const given = lower(a);
    expect(generalisedSymmetricEigen(given, lower(b), { n, linalg })).toEqual(generalisedSymmetricEigen(a, b, { n, linalg }));
    expect(given).toEqual(lower(a));
  });
});

describe('generalisedSymmetricEigen', () => {
  it('names the row in which the second matrix is not positive definite', () => {
    const b = Float64Array.of(1, 2, 2, 1);
    expect(() => generalisedSymmetricEigen(identity(2), b, { n: 2 })).toThrow(NotPositiveDefiniteError);
    expect(() => generalisedSymmetricEigen(identity(2), b, { n: 2 })).toThrow('got pivot -3 in row 1');
  });

  it('refuses other sizes, and entries that are not finite', () => {
    expect(() => generalisedSymmetricEigen(identity(3), identity(2), { n: 2 })).toThrow(
      'generalisedSymmetricEigen: expected a with 4 entries',
    );
    expect(() => generalisedSymmetricEigen(identity(2), identity(3), { n: 2 })).toThrow('expected b with 4 entries');
    expect(() => generalisedSymmetricEigen(Float64Array.of(NaN, 0, 0, 1), identity(2), { n: 2 })).toThrow(NotFiniteError);
  });

  it('takes no rows at all', () => {
    expect(generalisedSymmetricEigen(new Float64Array(0), new Float64Array(0), { n: 0 }).values).toHaveLength(0);
  });
});
