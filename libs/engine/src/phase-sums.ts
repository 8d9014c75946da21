/**
 * The vector that a phase's sums travel in: one after the other in table order, symmetric ones as their upper triangle.
 * Workers pack it, the coordinator reads it.
 */
import { packedSize, packUpper, unpackUpper } from '@geodesic/linalg';
import { sizeOf } from '@geodesic/tensor';
import type { SumEntry } from './bundle.ts';
import type { NamedTensors } from './evaluate.ts';

/** Length of the vector of a phase's sums. */
export function sumsLength(entries: readonly SumEntry[]): number {
  return entries.reduce((length, entry) => length + wireSize(entry), 0);
}

/** Packs the outputs `sum:<name>` of a phase's graph into `flat` [sumsLength]. */
export function packSums(entries: readonly SumEntry[], outputs: NamedTensors, flat: Float32Array): void {
  let offset = 0;
  for (const entry of entries) {
    const { data } = outputs[`sum:${entry.name}`];
    if (entry.symmetric) packUpper(data as Float32Array, entry.shape[0], flat, offset);
    else flat.set(data, offset);
    offset += wireSize(entry);
  }
}

/** The sums by name: plain ones as views of `flat`, symmetric ones as full row-major matrices. */
export function readSums(entries: readonly SumEntry[], flat: Float32Array): Map<string, Float32Array> {
  let offset = 0;
  return new Map(
    entries.map((entry) => {
      const part = flat.subarray(offset, (offset += wireSize(entry)));
      return [entry.name, entry.symmetric ? unpackUpper(part, entry.shape[0]) : part] as const;
    }),
  );
}

function wireSize({ shape, symmetric }: SumEntry): number {
  return symmetric ? packedSize(shape[0]) : sizeOf(shape);
}
