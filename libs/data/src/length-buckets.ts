/**
 * Length buckets: sequences of similar length together, so that a program of static shape pads little. Each boundary is the padded
 * length of one bucket (and of one compiled program); an example belongs to the first boundary that holds it. The assignment depends
 * on the lengths alone, so every worker finds the same one.
 */
import { DataError } from './errors.ts';

/** Examples by bucket. */
export interface LengthBuckets {
  /** Index into the boundaries, of each example. */
  readonly bucketOf: Int32Array;
  /** Examples of each bucket, ascending; empty buckets are kept. */
  readonly members: readonly Int32Array[];
  /** Padded positions over real ones, at least 1: what the boundaries cost. */
  readonly padding: number;
}

/**
 * Assigns examples to buckets. O(n log b) for n examples and b boundaries.
 * @throws {DataError} when boundaries are not positive and ascending, or a length is negative or beyond the last one
 */
export function bucketLengths(lengths: ArrayLike<number>, options: { readonly boundaries: readonly number[] }): LengthBuckets {
  const { boundaries } = options;
  const ascending = boundaries.length > 0 && boundaries.every((bound, i) => Number.isInteger(bound) && bound > (boundaries[i - 1] ?? 0));
  if (!ascending)
    throw badLengths('boundaries that are positive and ascending', boundaries.join(', ') || 'none', 'sort them, drop repeats');
  const bucketOf = Int32Array.from(lengths, (length, example) => {
    const bucket = firstAtLeast(boundaries, length);
    if (length >= 0 && bucket < boundaries.length) return bucket;
    const longest = String(boundaries[boundaries.length - 1]);
    throw badLengths(`lengths from 0 to ${longest}`, `${length} at example ${example}`, 'add a boundary, or cut the sequence');
  });
  const members = boundaries.map((_, bucket) => Int32Array.from(examplesOf(bucketOf, bucket)));
  const real = Array.from(lengths).reduce((sum, length) => sum + length, 0);
  const padded = members.reduce((sum, { length }, bucket) => sum + length * boundaries[bucket], 0);
  return { bucketOf, members, padding: real === 0 ? 1 : padded / real };
}

/** Index of the first entry of an ascending list that is not below a value; the list's length where there is none. */
function firstAtLeast(ascending: readonly number[], value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] >= value) high = middle;
    else low = middle + 1;
  }
  return low;
}

function* examplesOf(bucketOf: Int32Array, bucket: number): Iterable<number> {
  for (let example = 0; example < bucketOf.length; example++) if (bucketOf[example] === bucket) yield example;
}

function badLengths(expected: string, got: string, hint: string): DataError {
  return new DataError('bucketLengths', { expected, got, hint });
}
