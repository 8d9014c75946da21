/**
 * An inverse that is always there: a ladder for matrices that should be positive definite but, after sums in float32, may not be.
 *   float32   Cholesky in single precision, taken when a probe shows that it solves; skipped unless asked for
 *   float64   Cholesky in double precision
 *   eigen     eigenvalues that rounding made negative count as zero, then the damping is added
 *   kept      the last good inverse
 * Which rung answered is a pure function of the input, and is counted.
 */
import { defaultLinalg } from './default-linalg.ts';
import { NotFiniteError, NotPositiveDefiniteError } from './errors.ts';
import type { Linalg } from './linalg.ts';
import { addDiagonal } from './matrix.ts';

/** The rungs, from the cheapest on. */
export type InverseRung = 'float32' | 'float64' | 'eigen' | 'kept';

/** How often each rung answered. */
export type InverseCounters = Record<InverseRung, number>;

/** A matrix that a rung could not invert. */
export interface FailedInverse {
  readonly rung: Exclude<InverseRung, 'kept'>;
  /** The matrix with its damping, [n, n]; the receiver may keep it. */
  readonly matrix: Float64Array;
  readonly n: number;
  /** Why. */
  readonly error: Error;
}

/** Options of {@link robustInverse}. */
export interface RobustInverseOptions {
  /** Added to the diagonal; 0 or more. */
  readonly damping: number;
  /** The first rung; default float64. */
  readonly start?: 'float32' | 'float64';
  /** What to fall back on at last. */
  readonly lastGood?: Float64Array;
  /** Counted up where given. */
  readonly counters?: InverseCounters;
  /** Told of every rung that failed; meant for keeping the matrix for a later look. */
  readonly onFailure?: (failure: FailedInverse) => void;
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg;
}

/** An inverse [n, n] and the rung that gave it. */
export interface RobustInverse {
  readonly inverse: Float64Array;
  readonly rung: InverseRung;
}

/** Counters at zero. */
export function inverseCounters(): InverseCounters {
  return { float32: 0, float64: 0, eigen: 0, kept: 0 };
}

/**
 * The inverse of a + damping I for a symmetric a [n, n]. O(n^3); the eigen rung is some ten times as dear as the others.
 * @throws {ShapeError} when a is not [n, n]
 * @throws {NotPositiveDefiniteError | NotFiniteError} what the last rung said, when there is no last good inverse
 */
export function robustInverse(a: Float64Array, n: number, options: RobustInverseOptions): RobustInverse {
  const { damping, start = 'float64', lastGood, counters, onFailure, linalg = defaultLinalg() } = options;
  const matrix = addDiagonal(a, n, damping);
  const rungs = start === 'float32' ? (['float32', 'float64', 'eigen'] as const) : (['float64', 'eigen'] as const);
  let error: unknown;
  for (const rung of rungs) {
    try {
      const inverse = climb(rung, { a, matrix, n, damping, linalg });
      if (counters) counters[rung]++;
      return { inverse, rung };
    } catch (caught) {
      if (!(caught instanceof NotPositiveDefiniteError || caught instanceof NotFiniteError)) throw caught;
      onFailure?.({ rung, matrix, n, error: caught });
      error = caught;
    }
  }
  if (lastGood === undefined) throw error;
  if (counters) counters.kept++;
  return { inverse: lastGood, rung: 'kept' };
}

interface Attempt {
  readonly a: Float64Array;
  readonly matrix: Float64Array;
  readonly n: number;
  readonly damping: number;
  readonly linalg: Linalg;
}

function climb(rung: FailedInverse['rung'], attempt: Attempt): Float64Array {
  const { matrix, n, linalg } = attempt;
  switch (rung) {
    case 'float32': {
      const inverse = Float64Array.from(linalg.spdInverse32(Float32Array.from(matrix), n));
      requireSolving(matrix, inverse, n);
      return inverse;
    }
    case 'float64':
      return linalg.spdInverse(matrix, n);
    case 'eigen':
      return clampedInverse(attempt);
  }
}

/** How far matrix times inverse may be from the identity on the probe, in float32. */
const probeTolerance = 1e-2;

/** Single precision can factor a matrix whose inverse it cannot hold: the inverse must solve for a vector of alternating signs. */
function requireSolving(matrix: Float64Array, inverse: Float64Array, n: number): void {
  const probe = Float64Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const back = times(matrix, times(inverse, probe, n), n);
  const worst = back.reduce((most, value, i) => Math.max(most, Math.abs(value - probe[i])), 0);
  if (!(worst <= probeTolerance)) throw new NotPositiveDefiniteError('robustInverse (float32)', n - 1, worst);
}

function times(a: Float64Array, x: Float64Array, n: number): Float64Array {
  const y = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) y[i] += a[i * n + j] * x[j];
  return y;
}

/** V diag(1 / (max(0, value) + damping)) V^T. */
function clampedInverse({ a, n, damping, linalg }: Attempt): Float64Array {
  const { values, vectors } = linalg.symmetricEigen(a, n);
  const clamped = values.map((value) => Math.max(0, value) + damping);
  const weakest = clamped.findIndex((value) => !(value > 0 && value < Infinity));
  if (weakest >= 0) throw new NotPositiveDefiniteError('robustInverse (eigen)', weakest, clamped[weakest]);
  const scaled = vectors.map((entry, at) => entry / clamped[at % n]);
  const inverse = linalg.matmul(scaled, vectors, { m: n, k: n, n, transposeB: true });
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) inverse[j * n + i] = inverse[i * n + j];
  return inverse;
}
