/**
 * Damping that keeps the invariance of K-FAC under affine maps of a layer's inputs:
 *   metric              A (x) (S + lambda M), M the learned metric: under maps of inputs and of outputs
 *   undamped inputs     A (x) (S + lambda I): under maps of the inputs alone, for the first layer
 * lambda A (x) M is what the damping lambda I becomes when lengths of parameters are measured by A and M instead of by coordinates: it
 * moves with A, S and M under z = Phi W Omega^-1 a. A takes a ridge of rounding size only, `relativeRidge` tr A / rows, without which
 * sums of dependent inputs (a pixel that is always zero) have no inverse; 0 is exactly invariant, and for tests.
 * Where A or the damped output factor is zero, lambda I takes its place, as in factored-damping.ts.
 */
import { trace } from '@geodesic/linalg';
import type { KroneckerFactors } from '../curvature/kronecker-factor.ts';
import { type DampingSplit, isZero } from './factored-damping.ts';

/** The default of `relativeRidge`: about the relative error of a factor's sums in either precision. */
export const defaultRelativeRidge = { float32: 1e-7, float64: 1e-15 } as const;

/** Factors and what is still to be put on their diagonals. */
export interface CovariantDamping {
  readonly factors: KroneckerFactors;
  readonly split: DampingSplit;
}

/** Damps by lambda A (x) M; without a metric M = I. The factors given are left alone. */
export function dampCovariantly(
  factors: KroneckerFactors,
  damping: number,
  { metric, relativeRidge }: { readonly metric?: Float64Array | undefined; readonly relativeRidge: number },
): CovariantDamping {
  const { rows, input } = factors;
  const output = metric === undefined ? factors.output : plusScaled(factors.output, damping, metric);
  const zero = isZero(input) || (metric !== undefined && isZero(output));
  const root = Math.sqrt(damping);
  const split = zero
    ? { pi: 1, onInput: root, onOutput: root, isZero: true }
    : { pi: 1, onInput: (relativeRidge * trace(input, rows)) / rows, onOutput: metric === undefined ? damping : 0, isZero: false };
  return { factors: { ...factors, output }, split };
}

function plusScaled(a: Float64Array, factor: number, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length);
  for (let i = 0; i < out.length; i++) out[i] = a[i] + factor * b[i];
  return out;
}
