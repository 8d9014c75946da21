/**
 * Householder reduction of a symmetric matrix to tridiagonal form, A = Q T Q^T (Golub and Van Loan, 4th ed., section 8.3.1).
 * Both triangles are kept, so that every inner loop runs along a row.
 */

/** T by its diagonal [n] and the entries beside it [n - 1]; the orthogonal Q [n, n], whose columns are the new basis. */
export interface Tridiagonal {
  readonly diagonal: Float64Array;
  readonly beside: Float64Array;
  readonly basis: Float64Array;
}

/** One reflection I - scale v v^T; v acts on the coordinates from `first` on and is zero before. */
interface Reflector {
  readonly first: number;
  readonly v: Float64Array;
  readonly scale: number;
}

/** Reduces a [n, n], which must be symmetric. O(4/3 n^3) multiply-adds for T and Q together. */
export function tridiagonalize(a: Float64Array, n: number): Tridiagonal {
  const work = a.slice();
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(Math.max(0, n - 1));
  const reflectors: Reflector[] = [];
  for (let k = 0; k < n; k++) {
    diagonal[k] = work[k * (n + 1)];
    if (k + 1 === n) break;
    const { reflector, norm } = reflectorOf(work.slice(k * n, (k + 1) * n), k + 1);
    beside[k] = norm;
    if (reflector.scale === 0) continue;
    reflectBothSides(work, n, reflector);
    reflectors.push(reflector);
  }
  return { diagonal, beside, basis: productOf(reflectors, n) };
}

/** The reflection that maps the entries of `x` from `first` on to a multiple `norm` of their first unit vector. Overwrites x. */
function reflectorOf(x: Float64Array, first: number): { reflector: Reflector; norm: number } {
  let largest = 0;
  for (let i = first + 1; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]));
  if (largest === 0) return { reflector: { first, v: x, scale: 0 }, norm: x[first] };
  const length = scaledLength(x, first);
  // The sign that adds magnitudes, so that no digits cancel.
  const norm = x[first] > 0 ? -length : length;
  x[first] -= norm;
  let unit = 0;
  for (let i = first; i < x.length; i++) unit = Math.max(unit, Math.abs(x[i]));
  let square = 0;
  for (let i = first; i < x.length; i++) {
    x[i] /= unit;
    square += x[i] * x[i];
  }
  return { reflector: { first, v: x, scale: 2 / square }, norm };
}

/** Euclidean length of the entries from `first` on, free of overflow and underflow. */
function scaledLength(x: Float64Array, first: number): number {
  let largest = 0;
  for (let i = first; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]));
  let square = 0;
  for (let i = first; i < x.length; i++) square += (x[i] / largest) ** 2;
  return largest * Math.sqrt(square);
}

/** A <- H A H on the trailing block: A - v w^T - w v^T with p = scale A v and w = p - (scale / 2)(p . v) v. */
function reflectBothSides(a: Float64Array, n: number, { first, v, scale }: Reflector): void {
  const w = new Float64Array(n);
  for (let i = first; i < n; i++) {
    const factor = scale * v[i];
    const row = i * n;
    for (let j = first; j < n; j++) w[j] += factor * a[row + j];
  }
  let along = 0;
  for (let i = first; i < n; i++) along += w[i] * v[i];
  for (let i = first; i < n; i++) w[i] -= (scale / 2) * along * v[i];
  for (let i = first; i < n; i++) {
    const [vi, wi] = [v[i], w[i]];
    const row = i * n;
    for (let j = first; j < n; j++) a[row + j] -= vi * w[j] + wi * v[j];
  }
}

/** Q = H_0 H_1 ..., built from the last reflection on: each then touches only the block that is no longer the identity. */
function productOf(reflectors: readonly Reflector[], n: number): Float64Array {
  const q = new Float64Array(n * n);
  for (let i = 0; i < n; i++) q[i * (n + 1)] = 1;
  const projection = new Float64Array(n);
  for (const { first, v, scale } of reflectors.toReversed()) {
    projection.fill(0);
    for (let i = first; i < n; i++) {
      const row = i * n;
      for (let j = first; j < n; j++) projection[j] += v[i] * q[row + j];
    }
    for (let i = first; i < n; i++) {
      const factor = scale * v[i];
      const row = i * n;
      for (let j = first; j < n; j++) q[row + j] -= factor * projection[j];
    }
  }
  return q;
}
