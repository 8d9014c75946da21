/**
 * Triangular solves of any size in the graph: block substitution with diagonal blocks of at most 32 rows, which is what the native
 * executor unrolls, and products for the rest.
 */
import * as tf from '@tensorflow/tfjs-core';
import { triangularSolve } from '@geodesic/engine/trace';

/** Rows of a diagonal block. */
const BLOCK = 32;

/**
 * L^-1 B, or L^-T B with `transpose`, for L [n, n] lower triangular and B [n, k]; what stands above the diagonal of L is not read.
 * O(n^2 k), n / 32 blocks of 32 unrolled steps one after the other.
 * @throws {TraceError} outside of trace()
 */
export function blockTriangularSolve(lower: tf.Tensor, b: tf.Tensor, options: { readonly transpose?: boolean } = {}): tf.Tensor {
  const transpose = options.transpose ?? false;
  const n = lower.shape[0];
  if (n <= BLOCK) return triangularSolve(lower, b, { transpose });
  const starts = Array.from({ length: Math.ceil(n / BLOCK) }, (_, i) => i * BLOCK);
  const rowsAt = (from: number): number => Math.min(BLOCK, n - from);
  const solved = new Map<number, tf.Tensor>();
  for (const row of transpose ? starts.toReversed() : starts) {
    let right = tf.slice(b, [row, 0], [rowsAt(row), b.shape[1]!]);
    for (const [column, known] of solved) {
      // Of L^T the block (row, column) is that of L at (column, row), transposed.
      const [i, j] = transpose ? [column, row] : [row, column];
      const block = tf.slice(lower, [i, j], [rowsAt(i), rowsAt(j)]);
      right = tf.sub(right, tf.matMul(block, known, transpose, false));
    }
    const diagonal = tf.slice(lower, [row, row], [rowsAt(row), rowsAt(row)]);
    solved.set(row, triangularSolve(diagonal, right, { transpose }));
  }
  return tf.concat(
    starts.map((row) => solved.get(row)!),
    0,
  );
}
