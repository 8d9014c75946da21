/**
 * Reads the vector of a phase's sums: plain sums by view, symmetric ones unpacked from their upper triangle.
 */
import type { SumEntry } from '@geodesic/engine';
import { packedSize, unpackUpper } from '@geodesic/linalg';
import { sizeOf } from '@geodesic/tensor';

/** Float32 numbers that a sum takes on the wire. */
export function wireSize({ shape, symmetric }: SumEntry): number {
  return symmetric ? packedSize(shape[0]) : sizeOf(shape);
}

/** Length of the vector of a phase's sums. */
export function sumsLength(entries: readonly SumEntry[]): number {
  return entries.reduce((length, entry) => length + wireSize(entry), 0);
}

/** The sums by name; symmetric ones as full row-major matrices. */
export function readSums(entries: readonly SumEntry[], flat: Float32Array): Map<string, ArrayLike<number>> {
  let offset = 0;
  return new Map(
    entries.map((entry) => {
      const part = flat.subarray(offset, (offset += wireSize(entry)));
      return [entry.name, entry.symmetric ? unpackUpper(part, entry.shape[0]) : part] as const;
    }),
  );
}
