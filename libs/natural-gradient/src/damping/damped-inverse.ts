/**
 * The inverse of a damped curvature, factor by factor down the ladder of robustInverse: float32 sums of nearly dependent inputs can
 * have eigenvalues below minus the damping, which then count as zero. A factor that nothing helps leaves the caller with its last
 * good inverses, which can slow a descent on a fresh gradient but not turn it into an ascent; if it asks for it, with the inverse of
 * the damped diagonal.
 */
import {
  type FailedInverse,
  type InverseCounters,
  inverseCounters,
  type Linalg,
  NotFiniteError,
  NotPositiveDefiniteError,
  robustInverse,
} from '@geodesic/linalg';
import type { KroneckerFactors } from '../curvature/kronecker-factor.ts';
import { type DampingSplit, splitDamping } from './factored-damping.ts';

/** A damped inverse and what it took. */
export interface DampedInverse {
  /** A_d^-1 and S_d^-1. */
  readonly inverse: KroneckerFactors;
  readonly pi: number;
  /** What was put on the diagonals. */
  readonly split: DampingSplit;
  /** Which rung answered for each of the two factors: `float64` twice in health. */
  readonly counters: Readonly<InverseCounters>;
}

/** A factor that a rung could not invert, for a later look; `F` is a whole dense block. */
export interface FailedFactor extends FailedInverse {
  readonly factor: 'A' | 'S' | 'F';
}

/** How factors are inverted. */
export interface InvertDampedOptions {
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg | undefined;
  /** Told of every rung that failed. */
  readonly onFailure?: ((failure: FailedFactor) => void) | undefined;
  /** Below the last rung: the inverse of the damped diagonal; lambda, whose root serves where the split is no number. Default: no such rung. */
  readonly diagonalDamping?: number | undefined;
}

/** Damps by pi and inverts both factors; undefined when one of them cannot be inverted on any rung. O(rows^3 + columns^3). */
export function invertDamped(factors: KroneckerFactors, damping: number, options: InvertDampedOptions = {}): DampedInverse | undefined {
  return invertSplit(factors, splitDamping(factors, damping), options);
}

/** The same with a given split. */
export function invertSplit(factors: KroneckerFactors, given: DampingSplit, options: InvertDampedOptions): DampedInverse | undefined {
  const { rows, columns } = factors;
  const split = options.diagonalDamping === undefined ? given : finiteSplit(given, options.diagonalDamping);
  const counters = inverseCounters();
  const zeroed = (matrix: Float64Array, n: number): Float64Array => (split.isZero ? new Float64Array(n * n) : matrix);
  const shared = { ...options, counters };
  const input = invertFactor(zeroed(factors.input, rows), { ...shared, n: rows, onDiagonal: split.onInput, factor: 'A' });
  if (input === undefined) return undefined;
  const output = invertFactor(zeroed(factors.output, columns), { ...shared, n: columns, onDiagonal: split.onOutput, factor: 'S' });
  return output && { inverse: { rows, columns, input, output }, pi: split.pi, split, counters };
}

/** Factors whose traces say nothing (an indefinite one of trace zero) take sqrt(lambda) each. */
export function finiteSplit(split: DampingSplit, damping: number): DampingSplit {
  if (Number.isFinite(split.onInput) && Number.isFinite(split.onOutput) && split.pi > 0) return split;
  const root = Math.sqrt(damping);
  return { pi: 1, onInput: root, onOutput: root, isZero: split.isZero };
}

/** One factor of the inversion. */
export interface InvertFactorOptions extends InvertDampedOptions {
  readonly n: number;
  readonly onDiagonal: number;
  readonly factor: FailedFactor['factor'];
  readonly counters: InverseCounters;
}

/** (matrix + onDiagonal I)^-1 down the ladder; undefined when no rung answers. */
export function invertFactor(matrix: Float64Array, options: InvertFactorOptions): Float64Array | undefined {
  const { n, onDiagonal, factor, counters, linalg, onFailure, diagonalDamping } = options;
  try {
    return robustInverse(matrix, n, {
      damping: onDiagonal,
      counters,
      ...(linalg && { linalg }),
      ...(onFailure && { onFailure: (failure) => onFailure({ ...failure, factor }) }),
    }).inverse;
  } catch (error) {
    if (!(error instanceof NotPositiveDefiniteError || error instanceof NotFiniteError)) throw error;
    if (diagonalDamping === undefined) return undefined;
    return diagonalInverse(matrix, n, onDiagonal > 0 ? onDiagonal : Math.sqrt(diagonalDamping));
  }
}

function diagonalInverse(matrix: Float64Array, n: number, onDiagonal: number): Float64Array {
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) inverse[i * (n + 1)] = 1 / (Math.max(0, matrix[i * (n + 1)]) + onDiagonal);
  return inverse;
}
