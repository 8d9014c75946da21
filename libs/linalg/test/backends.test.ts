import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLinalg, NotPositiveDefiniteError } from '../src/index.ts';
import { kernels } from '../src/wasm/kernels.ts';
import { randomMatrix, randomSpd } from './random-matrix.ts';

const seed = 20261121;
const plain = createLinalg({ backend: 'plain' });
const wasm = createLinalg({ backend: 'wasm' });
const order = fc.integer({ min: 0, max: 70 });
/** Orders beside borders of register tiles, stairs and panels. */
const borders = [127, 128, 129, 261, 300];

describe('the wasm backend', () => {
  it('gives the bits of the plain one in products, for any sizes and stored transposes', () => {
    const sizes = fc.record({ m: order, k: order, n: order, transposeA: fc.boolean(), transposeB: fc.boolean() });
    fc.assert(
      fc.property(sizes, fc.integer(), (size, matrixSeed) => {
        const a = randomMatrix(matrixSeed, size.m * size.k);
        const b = randomMatrix(matrixSeed + 1, size.k * size.n);
        expect(wasm.matmul(a, b, size)).toEqual(plain.matmul(a, b, size));
      }),
      { seed },
    );
  });

  it('gives them across the borders of its panels', () => {
    const size = { m: 131, k: 517, n: 1030 };
    const a = randomMatrix(1, size.m * size.k);
    const b = randomMatrix(2, size.k * size.n);
    expect(wasm.matmul(a, b, size)).toEqual(plain.matmul(a, b, size));
  });

  it('gives them in factors, solves and inverses, of both precisions', () => {
    const check = (n: number, matrixSeed: number, columns: number): void => {
      const a = randomSpd(matrixSeed, n);
      const b = randomMatrix(matrixSeed + 1, n * columns);
      const l = plain.cholesky(a, n);
      expect(wasm.cholesky(a, n)).toEqual(l);
      for (const transpose of [false, true])
        expect(wasm.triangularSolve(l, n, b, { columns, transpose })).toEqual(plain.triangularSolve(l, n, b, { columns, transpose }));
      expect(wasm.spdInverse(a, n)).toEqual(plain.spdInverse(a, n));
      expect(wasm.spdInverse32(Float32Array.from(a), n)).toEqual(plain.spdInverse32(Float32Array.from(a), n));
    };
    fc.assert(fc.property(order, fc.integer(), fc.integer({ min: 0, max: 11 }), check), { seed, numRuns: 40 });
    borders.forEach((n) => check(n, n, 5));
    // Beyond the columns that are packed at a time.
    const large = randomSpd(1, 600);
    expect(wasm.cholesky(large, 600)).toEqual(plain.cholesky(large, 600));
    expect(wasm.spdInverse(large, 600)).toEqual(plain.spdInverse(large, 600));
  });

  it('names the same pivot of an indefinite matrix', () => {
    const n = 150;
    const a = randomSpd(3, n);
    a[77 * (n + 1)] = 0;
    const messages = [plain, wasm].flatMap((linalg) =>
      [() => linalg.cholesky(a, n), () => linalg.spdInverse(a, n)].map((run) => {
        expect(run).toThrow(NotPositiveDefiniteError);
        return thrownBy(run);
      }),
    );
    expect(messages[0]).toMatch(/^cholesky: expected a positive definite matrix, got pivot -.* in row 77 /);
    expect(messages.slice(2)).toEqual(messages.slice(0, 2));
  });

  it('takes a matrix after one that failed, and a small one after a large one', () => {
    const small = randomSpd(4, 5);
    const before = wasm.spdInverse(small, 5);
    expect(() => wasm.cholesky(new Float64Array(400 * 400), 400)).toThrow(NotPositiveDefiniteError);
    expect(wasm.spdInverse(small, 5)).toEqual(before);
  });

  it('gives its memory up after every operation, also one that failed', () => {
    const n = 120;
    const a = randomSpd(5, n);
    const indefinite = a.map((entry) => -entry);
    const run = (): void => {
      wasm.symmetricEigen(a, n);
      wasm.qr(a, n, n);
      wasm.spdInverse(a, n);
      expect(() => wasm.spdInverse(indefinite, n)).toThrow(NotPositiveDefiniteError);
    };
    run();
    const before = kernels().memory.buffer.byteLength;
    for (let i = 0; i < 50; i++) run();
    expect(kernels().memory.buffer.byteLength).toBe(before);
  });

  it('says what its bits depend on', () => {
    expect(wasm.fingerprint).toMatchObject({ linalg: 'wasm', kernels: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) });
    expect(createLinalg().fingerprint).toMatchObject({ linalg: 'auto', plainUpTo: 96, kernels: wasm.fingerprint['kernels'] });
    expect(plain.fingerprint).toEqual({ linalg: 'plain', version: 1 });
  });
});

function thrownBy(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('expected a throw');
}
