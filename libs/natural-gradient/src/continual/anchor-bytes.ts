/**
 * What a task's anchors take to store, kind by kind: for layers [R, C] (R inputs with the homogeneous coordinate, C outputs) the weights take
 * RC numbers, a diagonal RC, Kronecker factors R(R+1)/2 + C(C+1)/2 (upper triangles), a dense block RC(RC+1)/2. A factored S of rank r is
 * diag + U0 M U0^T with a U0 that all tasks share: C + r(r+1)/2 numbers.
 */
import { packedSize } from '@geodesic/linalg';

/** Bytes per task, summed over layers. The penalty of a kind needs `weights` and the kind's own bytes. */
export interface AnchorBytes {
  readonly weights: number;
  readonly diagonal: number;
  /** A*, and S* as a full symmetric factor. */
  readonly input: number;
  readonly output: number;
  /** S* as diagonal and rank-r core. */
  readonly factoredOutput: number;
  /** The dense block of each layer, without cross terms between layers. */
  readonly dense: number;
}

/**
 * Counts bytes for layers' matrices [rows, columns]; nothing is allocated.
 * @param bytesPerNumber 8 for float64, as kept here; 4 as float32 on the wire. @param rank r of a factored S, default 8
 */
export function anchorBytes(
  layers: readonly { readonly rows: number; readonly columns: number }[],
  { bytesPerNumber = 8, rank = 8 }: { readonly bytesPerNumber?: number; readonly rank?: number } = {},
): AnchorBytes {
  const total = (count: (layer: { readonly rows: number; readonly columns: number }) => number): number =>
    layers.reduce((sum, layer) => sum + count(layer) * bytesPerNumber, 0);
  return {
    weights: total(({ rows, columns }) => rows * columns),
    diagonal: total(({ rows, columns }) => rows * columns),
    input: total(({ rows }) => packedSize(rows)),
    output: total(({ columns }) => packedSize(columns)),
    factoredOutput: total(({ columns }) => columns + packedSize(rank)),
    dense: total(({ rows, columns }) => packedSize(rows * columns)),
  };
}
