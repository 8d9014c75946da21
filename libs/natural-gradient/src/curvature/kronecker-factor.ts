/**
 * The Kronecker-factored curvature of one dense layer: C = A (x) S in the row-major order of the layer's matrix [rows, columns],
 * so that C vec(V) = vec(A V S). A = E[a a^T] of the homogeneous inputs (the coordinate 1 last), S = E[g g^T] of the gradients with
 * respect to the layer's outputs, or the learned metric E[g].
 * Source: Martens & Grosse 2015 (there and in many texts V is transposed, which swaps the order to S (x) A).
 */
import { kroneckerApply, type Linalg } from '@geodesic/linalg';

/** A Kronecker product A (x) S that acts on matrices [rows, columns]: a curvature, or its inverse. */
export interface KroneckerFactors {
  readonly rows: number;
  readonly columns: number;
  /** A, [rows, rows] row-major, symmetric. */
  readonly input: Float64Array;
  /** S, [columns, columns] row-major, symmetric. */
  readonly output: Float64Array;
}

/** A V S of a matrix V [rows, columns]; with factors of the inverse this preconditions a gradient. O(rows columns (rows + columns)). @param linalg default: the backend `auto` */
export function multiply(factors: KroneckerFactors, v: Float64Array, linalg?: Linalg): Float64Array {
  const { rows: m, columns: n, input, output } = factors;
  return kroneckerApply(input, v, output, { m, n, ...(linalg && { linalg }) });
}

/** The curvature as one matrix [rows columns, rows columns], row-major. For tests and small layers: O((rows columns)^2) memory. */
export function toDense(factors: KroneckerFactors): Float64Array {
  const { rows, columns, input, output } = factors;
  const size = rows * columns;
  const dense = new Float64Array(size * size);
  for (let i = 0; i < rows; i++) {
    for (let o = 0; o < columns; o++) {
      for (let j = 0; j < rows; j++) {
        for (let p = 0; p < columns; p++) {
          dense[(i * columns + o) * size + j * columns + p] = input[i * rows + j] * output[o * columns + p];
        }
      }
    }
  }
  return dense;
}
