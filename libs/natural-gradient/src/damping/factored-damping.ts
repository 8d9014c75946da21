/**
 * Factored Tikhonov damping: A (x) S + lambda I is not a Kronecker product; the nearest useful one is A_d (x) S_d with
 *   A_d = A + pi sqrt(lambda) I,   S_d = S + (sqrt(lambda) / pi) I,   pi = sqrt((tr A / rows) / (tr S / columns))
 * (Martens & Grosse 2015, section 6.3). pi splits lambda by the factors' scales, so that rescaling A against S changes nothing.
 * Where a Kronecker product is exact it is used instead, as in kfac-jax: a zero factor leaves lambda I = sqrt(lambda) I (x)
 * sqrt(lambda) I, and beside a 1 x 1 factor a the other takes lambda / a.
 */
import { addDiagonal, trace } from '@geodesic/linalg';
import type { KroneckerFactors } from '../curvature/kronecker-factor.ts';

/** Damped factors and the pi that split the damping; pi is 1 where a factor is zero. */
export interface DampedFactors {
  readonly factors: KroneckerFactors;
  readonly pi: number;
}

/** What the damping adds to each factor's diagonal; `isZero` where a factor is zero, and both count as zero. */
export interface DampingSplit {
  readonly pi: number;
  readonly onInput: number;
  readonly onOutput: number;
  readonly isZero: boolean;
}

/**
 * Damps a curvature by lambda >= 0; the factors given are left alone.
 * With lambda = 0 they come back undamped, singular where they were.
 */
export function dampFactors(factors: KroneckerFactors, damping: number): DampedFactors {
  const { rows, columns, input, output } = factors;
  const { pi, onInput, onOutput, isZero } = splitDamping(factors, damping);
  const damped = (factor: Float64Array, n: number, onDiagonal: number): Float64Array =>
    addDiagonal(isZero ? new Float64Array(n * n) : factor, n, onDiagonal);
  return { factors: { rows, columns, input: damped(input, rows, onInput), output: damped(output, columns, onOutput) }, pi };
}

/** What a split depends on: sizes, traces, and whether a factor is zero. A 1 x 1 factor is its trace. */
export interface FactorScales {
  readonly rows: number;
  readonly columns: number;
  readonly inputTrace: number;
  readonly outputTrace: number;
  readonly isZero: boolean;
}

/** Splits a damping lambda >= 0 between the factors. */
export function splitDamping(factors: KroneckerFactors, damping: number): DampingSplit {
  return splitByScales(scalesOf(factors), damping);
}

/** The same from the factors' scales alone. */
export function splitByScales({ rows, columns, inputTrace, outputTrace, isZero }: FactorScales, damping: number): DampingSplit {
  const root = Math.sqrt(damping);
  if (isZero) return { pi: 1, onInput: root, onOutput: root, isZero };
  // A negative trace is an indefinite factor: that is for the ladder of inverses to find, not for a square root to turn into NaN.
  const pi = Math.sqrt(Math.abs(inputTrace / rows / (outputTrace / columns)));
  if (columns === 1) return { pi, onInput: damping / outputTrace, onOutput: 0, isZero };
  if (rows === 1) return { pi, onInput: 0, onOutput: damping / inputTrace, isZero };
  return { pi, onInput: pi * root, onOutput: root / pi, isZero };
}

/** The scales of full factors. */
export function scalesOf({ rows, columns, input, output }: KroneckerFactors): FactorScales {
  return {
    rows,
    columns,
    inputTrace: trace(input, rows),
    outputTrace: trace(output, columns),
    isZero: isZero(input) || isZero(output),
  };
}

/** Whether all entries are zero. */
export function isZero(factor: Float64Array): boolean {
  for (let i = 0; i < factor.length; i++) if (factor[i] !== 0) return false;
  return true;
}
