/**
 * Dense float64 matrices, row-major in Float64Array: products, transposes and small helpers.
 * Every result is a new array that the caller owns.
 */
import { MatrixSizeError } from './errors.ts';

/** Sizes of a product: op(a) is [m, k], op(b) is [k, n]. */
export interface ProductSizes {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  /** a is stored as [k, m]. Default false. */
  readonly transposeA?: boolean;
  /** b is stored as [n, k]. Default false. */
  readonly transposeB?: boolean;
}

/** op(a) op(b) [m, n]; terms are added in the order of k. O(m k n). @throws {MatrixSizeError} */
export function matmul(a: ArrayLike<number>, b: ArrayLike<number>, sizes: ProductSizes): Float64Array {
  const { m, k, n, transposeA = false, transposeB = false } = sizes;
  checkSize('matmul: left', a, m * k);
  checkSize('matmul: right', b, k * n);
  const [rowStep, termStep] = transposeA ? [1, m] : [k, 1];
  const right = transposeB ? transpose(b, n, k) : b;
  const product = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    const row = i * n;
    for (let term = 0; term < k; term++) {
      const factor = a[i * rowStep + term * termStep];
      const other = term * n;
      for (let j = 0; j < n; j++) product[row + j] += factor * right[other + j];
    }
  }
  return product;
}

/** a^T [columns, rows] of a [rows, columns]. */
export function transpose(a: ArrayLike<number>, rows: number, columns: number): Float64Array {
  checkSize('transpose', a, rows * columns);
  const out = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = a[i * columns + j];
  return out;
}

/** The identity [n, n]. */
export function identity(n: number): Float64Array {
  return addDiagonal(new Float64Array(n * n), n, 1);
}

/** a + value I, a [n, n]. */
export function addDiagonal(a: ArrayLike<number>, n: number, value: number): Float64Array {
  checkSize('addDiagonal', a, n * n);
  const out = Float64Array.from(a);
  for (let i = 0; i < n; i++) out[i * n + i] += value;
  return out;
}

/** Sum of the diagonal of a [n, n]. */
export function trace(a: ArrayLike<number>, n: number): number {
  checkSize('trace', a, n * n);
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[i * n + i];
  return sum;
}

/** left v right for left [m, m], v [m, n], right [n, n]: what (left kron right^T) does to the row-major vec of v. */
export function kroneckerApply(
  left: ArrayLike<number>,
  v: ArrayLike<number>,
  right: ArrayLike<number>,
  sizes: { readonly m: number; readonly n: number },
): Float64Array {
  const { m, n } = sizes;
  return matmul(matmul(left, v, { m, k: m, n }), right, { m, k: n, n });
}

/** @throws {MatrixSizeError} when an array has another length */
export function checkSize(operation: string, array: ArrayLike<number>, expected: number): void {
  if (array.length !== expected) throw new MatrixSizeError(operation, expected, array.length);
}
