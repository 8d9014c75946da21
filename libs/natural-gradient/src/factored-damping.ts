/**
 * Factored Tikhonov damping: A (x) S + lambda I is not a Kronecker product; the nearest useful one is A_d (x) S_d with
 *   A_d = A + pi sqrt(lambda) I,   S_d = S + (sqrt(lambda) / pi) I,   pi = sqrt((tr A / rows) / (tr S / columns))
 * (Martens & Grosse 2015, section 6.3). pi splits lambda by the factors' scales, so that rescaling A against S changes nothing.
 * Where a Kronecker product is exact it is used instead, as in kfac-jax: a zero factor leaves lambda I = sqrt(lambda) I (x)
 * sqrt(lambda) I, and beside a 1 x 1 factor a the other takes lambda / a.
 */
import { addDiagonal, identity, trace } from '@geodesic/linalg';
import type { KroneckerFactors } from './kronecker-factor.ts';

/** Damped factors and the pi that split the damping; pi is 1 where a factor is zero. */
export interface DampedFactors {
  readonly factors: KroneckerFactors;
  readonly pi: number;
}

/**
 * Damps a curvature by lambda >= 0; the factors given are left alone.
 * With lambda = 0 they come back undamped, singular where they were.
 */
export function dampFactors(factors: KroneckerFactors, damping: number): DampedFactors {
  const { rows, columns, input, output } = factors;
  if (isZero(input) || isZero(output)) {
    const root = Math.sqrt(damping);
    return { factors: { rows, columns, input: scaledIdentity(rows, root), output: scaledIdentity(columns, root) }, pi: 1 };
  }
  // A negative trace is an indefinite factor: that is for the Cholesky factorisation to refuse, not for a square root to turn into NaN.
  const pi = Math.sqrt(Math.abs(trace(input, rows) / rows / (trace(output, columns) / columns)));
  const [onInput, onOutput] = splitDamping(factors, damping, pi);
  return { factors: { rows, columns, input: addDiagonal(input, rows, onInput), output: addDiagonal(output, columns, onOutput) }, pi };
}

function splitDamping({ rows, columns, input, output }: KroneckerFactors, damping: number, pi: number): readonly [number, number] {
  if (columns === 1) return [damping / output[0], 0];
  if (rows === 1) return [0, damping / input[0]];
  return [pi * Math.sqrt(damping), Math.sqrt(damping) / pi];
}

function isZero(factor: Float64Array): boolean {
  return factor.every((value) => value === 0);
}

function scaledIdentity(n: number, value: number): Float64Array {
  return identity(n).map((entry) => entry * value);
}
