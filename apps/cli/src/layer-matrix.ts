/** The matrix that a layer is in theta, which is what its curvature acts on. */
import type { LayerEntry } from '@geodesic/engine';

/** [rows, columns]: inputs, then the bias, by outputs; a norm's are its gains and shifts. */
export function matrixOf({ kind, inputs, outputs, bias }: LayerEntry): { readonly rows: number; readonly columns: number } {
  return { rows: (kind === 'norm' ? 1 : inputs) + (bias ? 1 : 0), columns: outputs };
}
