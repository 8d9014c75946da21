/** Small dense algebra in float64, in a fixed order: packed symmetric matrices (upper triangle, row-major) and their damped inverses. */

/** Entries of a packed symmetric matrix of side n. */
export function packedLength(n: number): number {
  return (n * (n + 1)) / 2;
}

/** packed += vector vectorᵀ */
export function addOuter(packed: Float64Array, vector: ArrayLike<number>): void {
  let at = 0;
  for (let i = 0; i < vector.length; i += 1)
    for (let j = i; j < vector.length; j += 1) {
      packed[at] += vector[i] * vector[j];
      at += 1;
    }
}

/** The inverse of M + damping I [n, n] row-major, of a packed positive semi-definite M; Gauss-Jordan, no pivoting. O(n^3) */
export function dampedInverse(packed: Float64Array, n: number, damping: number): Float64Array {
  const m = unpack(packed, n);
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i += 1) {
    m[i * n + i] += damping;
    inverse[i * n + i] = 1;
  }
  for (let k = 0; k < n; k += 1) {
    const pivot = m[k * n + k];
    for (let j = 0; j < n; j += 1) {
      m[k * n + j] /= pivot;
      inverse[k * n + j] /= pivot;
    }
    for (let i = 0; i < n; i += 1) {
      const factor = i === k ? 0 : m[i * n + k];
      for (let j = 0; j < n; j += 1) {
        m[i * n + j] -= factor * m[k * n + j];
        inverse[i * n + j] -= factor * inverse[k * n + j];
      }
    }
  }
  return inverse;
}

/** left [o, o] gradient [o, i] right [i, i], row-major. */
export function sandwich(left: Float64Array, gradient: Float64Array, right: Float64Array): Float64Array {
  const o = Math.sqrt(left.length);
  const i = Math.sqrt(right.length);
  return multiply(multiply(left, gradient, o), right, i);
}

/** a [., inner] b [inner, .], row-major. */
function multiply(a: Float64Array, b: Float64Array, inner: number): Float64Array {
  const [rows, columns] = [a.length / inner, b.length / inner];
  const product = new Float64Array(rows * columns);
  for (let r = 0; r < rows; r += 1)
    for (let c = 0; c < columns; c += 1) {
      let sum = 0;
      for (let k = 0; k < inner; k += 1) sum += a[r * inner + k] * b[k * columns + c];
      product[r * columns + c] = sum;
    }
  return product;
}

function unpack(packed: Float64Array, n: number): Float64Array {
  const full = new Float64Array(n * n);
  let at = 0;
  for (let i = 0; i < n; i += 1)
    for (let j = i; j < n; j += 1) {
      full[i * n + j] = packed[at];
      full[j * n + i] = packed[at];
      at += 1;
    }
  return full;
}
