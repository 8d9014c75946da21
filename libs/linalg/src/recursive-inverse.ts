/**
 * The inverse of a symmetric positive definite matrix by recursion on Schur complements, so that all work above a base size is
 * products, which may run elsewhere: on an engine's graphs, on a device. With a = [[A, B^T], [B, C]], P = A^-1, T = B P and
 * Q = (C - T B^T)^-1 the inverse is [[P + T^T Q T, -(Q T)^T], [-Q T, Q]].
 */
import type { MatmulOptions } from './backend.ts';
import { defaultLinalg } from './default-linalg.ts';
import { NotPositiveDefiniteError } from './errors.ts';
import type { Linalg } from './linalg.ts';
import { requireMatrix } from './require-matrix.ts';

/** op(a) op(b) [m, n] as a new array, now or later. */
export type MatmulFunction = (a: Float64Array, b: Float64Array, options: MatmulOptions) => Float64Array | Promise<Float64Array>;

/** Options of {@link recursiveSpdInverse}. */
export interface RecursiveInverseOptions {
  /** Where the products run. Its bits are this function's. */
  readonly matmul: MatmulFunction;
  /** Orders up to this are inverted by `linalg`; default 256. It decides bits. */
  readonly base?: number;
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg;
}

/**
 * The inverse [n, n] of a, exactly symmetric; a new array. Reads the lower triangle of a only. About 2 n^3 multiply-adds, all but a
 * few in `matmul`; less accurate than `spdInverse` by a small factor.
 * @throws {ShapeError} when a is not [n, n]
 * @throws {NotPositiveDefiniteError} naming the row of a at which elimination broke down
 */
export async function recursiveSpdInverse(a: Float64Array, n: number, options: RecursiveInverseOptions): Promise<Float64Array> {
  requireMatrix('recursiveSpdInverse', 'a', a, [n, n]);
  const { matmul, base = 256, linalg = defaultLinalg() } = options;
  if (!(base >= 1)) throw new RangeError(`recursiveSpdInverse: expected base of at least 1, got ${base}`);
  return invert(a, n, { matmul, base, linalg, row: 0 });
}

type Context = Required<RecursiveInverseOptions> & {
  /** Where the block stands in the whole matrix. */
  readonly row: number;
};

async function invert(a: Float64Array, n: number, context: Context): Promise<Float64Array> {
  const { matmul, base, linalg, row } = context;
  if (n <= base) return invertBase(a, n, linalg, row);
  const h = n >> 1;
  const m = n - h;
  const b = block(a, n, { top: h, left: 0, rows: m, columns: h });
  const p = await invert(block(a, n, { top: 0, left: 0, rows: h, columns: h }), h, context);
  const t = await matmul(b, p, { m, k: h, n: h });
  const update = await matmul(t, b, { m, k: h, n: m, transposeB: true });
  const schur = block(a, n, { top: h, left: h, rows: m, columns: m });
  for (let i = 0; i < schur.length; i++) schur[i] -= update[i];
  const q = await invert(schur, m, { ...context, row: row + h });
  const w = await matmul(q, t, { m, k: m, n: h });
  const corner = await matmul(t, w, { m: h, k: m, n: h, transposeA: true });
  return assemble({ p, corner, w, q }, h, m);
}

function invertBase(a: Float64Array, n: number, linalg: Linalg, row: number): Float64Array {
  try {
    return linalg.spdInverse(a, n);
  } catch (error) {
    if (error instanceof NotPositiveDefiniteError)
      throw new NotPositiveDefiniteError('recursiveSpdInverse', row + error.pivot, error.value);
    throw error;
  }
}

interface Parts {
  readonly p: Float64Array;
  readonly corner: Float64Array;
  readonly w: Float64Array;
  readonly q: Float64Array;
}

/** Writes the lower triangle of each diagonal block, and its mirror image, so that rounding leaves no asymmetry. */
function assemble({ p, corner, w, q }: Parts, h: number, m: number): Float64Array {
  const n = h + m;
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < h; i++)
    for (let j = 0; j <= i; j++) {
      const value = p[i * h + j] + corner[i * h + j];
      inverse[i * n + j] = value;
      inverse[j * n + i] = value;
    }
  for (let i = 0; i < m; i++) {
    inverse.set(q.subarray(i * m, (i + 1) * m), (h + i) * n + h);
    for (let j = 0; j < h; j++) {
      const value = -w[i * h + j];
      inverse[(h + i) * n + j] = value;
      inverse[j * n + h + i] = value;
    }
  }
  return inverse;
}

interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly rows: number;
  readonly columns: number;
}

function block(a: Float64Array, n: number, { top, left, rows, columns }: Rectangle): Float64Array {
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) out.set(a.subarray((top + i) * n + left, (top + i) * n + left + columns), i * columns);
  return out;
}
