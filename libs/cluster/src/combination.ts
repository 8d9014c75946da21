/**
 * A change of the parameters that everyone forms alike from two vectors: a direction that is broadcast and the last committed change,
 * which everyone holds (exactness.md 8). So a step whose length is found after the direction was sent costs three numbers, not P.
 */
import { linearCombination } from '@geodesic/tensor';
import { ProtocolError } from './errors.ts';

/** alpha direction + mu previous; the scalars are rounded to the precision of the run by whoever chooses them. */
export interface Combination {
  /** [P]; never changed once it has been handed over. */
  readonly direction: Float32Array;
  readonly alpha: number;
  readonly mu: number;
}

/** A combination whose direction is named by its content. */
export interface CombinationReference {
  /** `sha256:` over the direction's float32 little-endian bytes. */
  readonly digest: string;
  /** Elements of the direction. */
  readonly length: number;
  readonly alpha: number;
  readonly mu: number;
}

/**
 * delta[i] = fround(fround(alpha direction[i]) + fround(mu previous[i])), [P]. Allocates the result.
 * @param previous [P], or empty where the run keeps none, which takes mu = 0
 * @throws {ProtocolError} when the lengths differ or a previous change is wanted and none is kept
 */
export function combine(direction: Float32Array, previous: Float32Array, alpha: number, mu: number): Float32Array<ArrayBuffer> {
  const size = direction.length;
  if (previous.length !== size && (previous.length > 0 || mu !== 0)) {
    throw new ProtocolError('combine: previous', `${size} elements`, `${previous.length} (the run must keep the last change)`);
  }
  return linearCombination(alpha, direction, mu, previous.length === size ? previous : new Float32Array(size));
}
