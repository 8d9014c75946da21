/**
 * Condition numbers of symmetric positive definite matrices whose inverse is at hand, for reports: the product of the largest
 * eigenvalues of both, each by a fixed number of power iterations from a fixed start. Never above the true number, and below it, rarely
 * by more than a few percent, where the largest eigenvalues lie close together.
 */

/** A matrix [n, n] with `onDiagonal` added to its diagonal, and the inverse of the sum. */
export interface InvertedMatrix {
  readonly matrix: Float64Array;
  readonly onDiagonal: number;
  readonly inverse: Float64Array;
  readonly n: number;
}

/** Enough for the order of magnitude; twenty would cost a third of an inversion. */
const iterations = 8;

/** An estimate of the condition number from below. O(8 n^2) entries read. */
export function conditionNumber({ matrix, onDiagonal, inverse, n }: InvertedMatrix): number {
  return largestEigenvalue(matrix, n, onDiagonal) * largestEigenvalue(inverse, n, 0);
}

/** The largest absolute eigenvalue of matrix + onDiagonal I, from below. */
export function largestEigenvalue(matrix: Float64Array, n: number, onDiagonal: number): number {
  // Fractions of the golden ratio's multiples: no eigenvector of interest is orthogonal to them.
  let x = Float64Array.from({ length: n }, (_, i) => ((i * 0.6180339887498949 + 0.25) % 1) - 0.4);
  let y = new Float64Array(n);
  let norm = normalise(x);
  for (let round = 0; round < iterations; round++) {
    timesInto(y, { matrix, x, onDiagonal });
    norm = normalise(y);
    if (!(norm > 0)) return norm;
    [x, y] = [y, x];
  }
  return norm;
}

/** Scales x to length 1; returns the length that it had. */
function normalise(x: Float64Array): number {
  let square = 0;
  for (let i = 0; i < x.length; i++) square += x[i] * x[i];
  const norm = Math.sqrt(square);
  if (norm > 0) for (let i = 0; i < x.length; i++) x[i] /= norm;
  return norm;
}

/** y = (matrix + onDiagonal I) x from the lower triangle alone: what limits it is how fast the matrix is read. */
function timesInto(y: Float64Array, product: { matrix: Float64Array; x: Float64Array; onDiagonal: number }): void {
  const { matrix, x, onDiagonal } = product;
  const n = y.length;
  for (let i = 0; i < n; i++) {
    const row = i * n;
    const xi = x[i];
    let sum = (matrix[row + i] + onDiagonal) * xi;
    for (let j = 0; j < i; j++) {
      const entry = matrix[row + j];
      sum += entry * x[j];
      y[j] += entry * xi;
    }
    y[i] = sum;
  }
}

/** The condition number of a diagonal matrix with positive entries. */
export function diagonalCondition(entries: Float64Array): number {
  let [least, most] = [Infinity, 0];
  for (let i = 0; i < entries.length; i++) {
    least = Math.min(least, entries[i]);
    most = Math.max(most, entries[i]);
  }
  return most / least;
}
