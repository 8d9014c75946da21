/**
 * The inverse of a damped curvature, factor by factor down the ladder of robustInverse: float32 sums of nearly dependent inputs can
 * have eigenvalues below minus the damping, which then count as zero. A factor that nothing helps leaves the caller with its last
 * good inverses, which can slow a descent on a fresh gradient but not turn it into an ascent.
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
import { splitDamping } from './factored-damping.ts';
import type { KroneckerFactors } from './kronecker-factor.ts';

/** A damped inverse and what it took. */
export interface DampedInverse {
  /** A_d^-1 and S_d^-1. */
  readonly inverse: KroneckerFactors;
  readonly pi: number;
  /** Which rung answered for each of the two factors: `float64` twice in health. */
  readonly counters: Readonly<InverseCounters>;
}

/** A factor that a rung could not invert, for a later look. */
export interface FailedFactor extends FailedInverse {
  readonly factor: 'A' | 'S';
}

/** How factors are inverted. */
export interface InvertDampedOptions {
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg | undefined;
  /** Told of every rung that failed. */
  readonly onFailure?: ((failure: FailedFactor) => void) | undefined;
}

/** Damps and inverts both factors; undefined when one of them cannot be inverted on any rung. O(rows^3 + columns^3). */
export function invertDamped(
  factors: KroneckerFactors,
  damping: number,
  { linalg, onFailure }: InvertDampedOptions = {},
): DampedInverse | undefined {
  const { rows, columns, input, output } = factors;
  const { pi, onInput, onOutput, isZero } = splitDamping(factors, damping);
  const counters = inverseCounters();
  const invert = (factor: 'A' | 'S', matrix: Float64Array, n: number, onDiagonal: number): Float64Array =>
    robustInverse(isZero ? new Float64Array(n * n) : matrix, n, {
      damping: onDiagonal,
      counters,
      ...(linalg && { linalg }),
      ...(onFailure && { onFailure: (failure) => onFailure({ ...failure, factor }) }),
    }).inverse;
  try {
    const inverse = { rows, columns, input: invert('A', input, rows, onInput), output: invert('S', output, columns, onOutput) };
    return { inverse, pi, counters };
  } catch (error) {
    if (error instanceof NotPositiveDefiniteError || error instanceof NotFiniteError) return undefined;
    throw error;
  }
}
