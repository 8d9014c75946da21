import { ShapeError } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kroneckerApply, matmul, transpose } from '../src/index.ts';
import { randomMatrix } from './random-matrix.ts';

const seed = 20240606;
const sizes = fc.record({ m: fc.integer({ min: 0, max: 13 }), k: fc.integer({ min: 0, max: 9 }), n: fc.integer({ min: 0, max: 13 }) });

/** The definition: one sum in ascending k for each entry. */
function byDefinition(a: Float64Array, b: Float64Array, { m, k, n }: { m: number; k: number; n: number }): Float64Array {
  const product = new Float64Array(m * n);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) for (let l = 0; l < k; l++) product[i * n + j] += a[i * k + l] * b[l * n + j];
  return product;
}

describe('matmul', () => {
  it('gives the bits of the definition for any sizes and any stored transposes', () => {
    fc.assert(
      fc.property(sizes, fc.boolean(), fc.boolean(), (size, transposeA, transposeB) => {
        const { m, k, n } = size;
        const a = randomMatrix(1, m * k);
        const b = randomMatrix(2, k * n);
        const product = matmul(transposeA ? transpose(a, m, k) : a, transposeB ? transpose(b, k, n) : b, {
          ...size,
          transposeA,
          transposeB,
        });
        expect(product).toEqual(byDefinition(a, b, size));
      }),
      { seed },
    );
  });

  it('gives the bits of the definition across the borders of its panels', () => {
    const size = { m: 5, k: 7, n: 131 };
    const a = randomMatrix(3, 35);
    const b = randomMatrix(4, 7 * 131);
    expect(matmul(a, b, size)).toEqual(byDefinition(a, b, size));
  });

  it('names the operand that has another size', () => {
    const options = { m: 2, k: 3, n: 2, transposeB: true };
    expect(() => matmul(new Float64Array(6), new Float64Array(5), options)).toThrow(ShapeError);
    expect(() => matmul(new Float64Array(6), new Float64Array(5), options)).toThrow(
      'matmul: expected b with 6 entries [2, 3], got 5 entries',
    );
  });
});

describe('kroneckerApply', () => {
  it('is the Kronecker product left (x) right^T on the row-major vector', () => {
    const [m, n] = [3, 4];
    const left = randomMatrix(5, m * m);
    const right = randomMatrix(6, n * n);
    const v = randomMatrix(7, m * n);
    const kronecker = new Float64Array(m * n * m * n);
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++)
        for (let p = 0; p < m; p++)
          for (let q = 0; q < n; q++) kronecker[(i * n + j) * m * n + p * n + q] = left[i * m + p] * right[q * n + j];
    expectClose(kroneckerApply(left, v, right, { m, n }), matmul(kronecker, v, { m: m * n, k: m * n, n: 1 }), { abs: 1e-14 });
  });
});
