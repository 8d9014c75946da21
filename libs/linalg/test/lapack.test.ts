import { expectClose } from '@geodesic/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { identity, matmul, NotPositiveDefiniteError, transpose, type Linalg } from '../src/index.ts';
import { LapackUnavailableError, openLapack, probeLapack } from '../src/lapack/index.ts';
import { logSpaced, randomMatrix, randomSpd, withEigenvalues } from './random-matrix.ts';

const library = process.env['GEODESIC_LAPACK'];
const probe = await probeLapack(library === undefined ? {} : { library });
if (!probe.available) console.warn(`LAPACK is not tested here: ${probe.reason}`);
const n = 140;

describe('probeLapack', () => {
  it('says what is missing', async () => {
    const { available, reason } = await probeLapack({ library: 'libno-such-lapack.so' });
    expect(available).toBe(false);
    expect(reason).toMatch(/^openLapack: expected koffi and a LAPACK library, got no library with LAPACK: .*libno-such-lapack/);
    await expect(openLapack({ library: 'libno-such-lapack.so' })).rejects.toThrow(LapackUnavailableError);
  });
});

describe.skipIf(!probe.available)(`openLapack (${probe.version ?? probe.reason})`, () => {
  let lapack: Linalg;
  beforeAll(async () => {
    lapack = await openLapack(library === undefined ? {} : { library });
  });

  it('multiplies with any stored transposes', () => {
    const size = { m: 7, k: 5, n: 9 };
    const [a, b] = [randomMatrix(1, 35), randomMatrix(2, 45)];
    const expected = matmul(a, b, size);
    expectClose(lapack.matmul(a, b, size), expected, { abs: 1e-15 });
    const [stored, other] = [transpose(a, 7, 5), transpose(b, 5, 9)];
    expectClose(lapack.matmul(stored, other, { ...size, transposeA: true, transposeB: true }), expected, { abs: 1e-15 });
    expect(lapack.matmul(new Float64Array(0), new Float64Array(0), { m: 2, k: 0, n: 1 })).toEqual(new Float64Array(2));
  });

  it('factors, solves and inverts', () => {
    const a = randomSpd(3, n);
    const l = lapack.cholesky(a, n);
    expectClose(matmul(l, l, { m: n, k: n, n, transposeB: true }), a, { abs: 1e-13 });
    expect(l[1]).toBe(0);
    const x = randomMatrix(4, n * 3);
    expectClose(lapack.choleskySolve(l, n, matmul(a, x, { m: n, k: n, n: 3 }), 3), x, { abs: 1e-12 });
    expectClose(matmul(a, lapack.spdInverse(a, n), { m: n, k: n, n }), identity(n), { abs: 1e-12 });
    const single = Float64Array.from(lapack.spdInverse32(Float32Array.from(a), n));
    expectClose(matmul(a, single, { m: n, k: n, n }), identity(n), { abs: 1e-3 });
  });

  it('decomposes', () => {
    const values = logSpaced(n, 1e6).sort();
    const a = withEigenvalues(5, values);
    const eigen = lapack.symmetricEigen(a, n);
    expectClose(eigen.values, values, { abs: 1e-13 });
    const scaled = eigen.vectors.map((entry, at) => entry * eigen.values[at % n]);
    expectClose(matmul(scaled, eigen.vectors, { m: n, k: n, n, transposeB: true }), a, { abs: 1e-13 });
    for (const [rows, columns] of [
      [n, 60],
      [60, n],
      [n, n],
    ]) {
      const rank = Math.min(rows, columns);
      const b = randomMatrix(6, rows * columns);
      const { q, r } = lapack.qr(b, rows, columns);
      expectClose(matmul(q, r, { m: rows, k: rank, n: columns }), b, { abs: 1e-13 });
      expectClose(matmul(q, q, { m: rank, k: rows, n: rank, transposeA: true }), identity(rank), { abs: 1e-13 });
      for (let i = 0; i < rank; i++) expect(r[i * (columns + 1)]).toBeGreaterThan(0);
    }
  });

  it('refuses what is not positive definite, NaN too', () => {
    const indefinite = identity(n);
    indefinite[9 * (n + 1)] = -1;
    expect(() => lapack.cholesky(indefinite, n)).toThrow(NotPositiveDefiniteError);
    expect(() => lapack.cholesky(indefinite, n)).toThrow('in row 9');
    expect(() => lapack.spdInverse(new Float64Array(n * n).fill(Number.NaN), n)).toThrow(NotPositiveDefiniteError);
  });

  it('names the library and one thread in its fingerprint', () => {
    expect(lapack.fingerprint).toMatchObject({ linalg: 'lapack', threads: 1, library: expect.stringMatching(/blas|lapack/) });
  });
});
