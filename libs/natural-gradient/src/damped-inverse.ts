/**
 * The inverse of a damped curvature, with a ladder for factors that are not positive definite: float32 sums of nearly dependent
 * inputs can have eigenvalues below minus the damping. The damping is raised tenfold at most three times; when that fails too the
 * caller keeps its last good inverse, which can slow a descent on a fresh gradient but not turn it into an ascent.
 */
import { NotPositiveDefiniteError, spdInverse } from '@geodesic/linalg';
import { dampFactors } from './factored-damping.ts';
import type { KroneckerFactors } from './kronecker-factor.ts';

/** Tenfold raises of the damping before the ladder gives up. */
export const ladderRungs = 3;

/** A damped inverse and what it took. */
export interface DampedInverse {
  /** A_d^-1 and S_d^-1. */
  readonly inverse: KroneckerFactors;
  readonly pi: number;
  /** Tenfold raises of the damping that were needed; 0 in health. */
  readonly rung: number;
}

/** The dampings that {@link invertDamped} tries, in order. */
export function ladder(damping: number): number[] {
  return Array.from({ length: ladderRungs + 1 }, (_, rung) => damping * 10 ** rung);
}

/** Damps and inverts both factors, climbing the ladder; undefined when every rung is indefinite. O(rows^3 + columns^3) a rung. */
export function invertDamped(factors: KroneckerFactors, damping: number): DampedInverse | undefined {
  for (const [rung, raised] of ladder(damping).entries()) {
    const damped = dampFactors(factors, raised);
    const inverse = tryInvert(damped.factors);
    if (inverse !== undefined) return { inverse, pi: damped.pi, rung };
  }
  return undefined;
}

function tryInvert({ rows, columns, input, output }: KroneckerFactors): KroneckerFactors | undefined {
  try {
    return { rows, columns, input: spdInverse(input, rows), output: spdInverse(output, columns) };
  } catch (error) {
    if (error instanceof NotPositiveDefiniteError) return undefined;
    throw error;
  }
}
