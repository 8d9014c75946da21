/** A layer of a group: what it is, the shape of its matrix, and where that stands in theta. */
import type { LayerKind } from '../config.ts';
import type { Span } from '../group.ts';

/** rows = inputs (+ 1 with a bias, the homogeneous coordinate last), columns = outputs; `size` = rows columns. */
export interface PlacedLayer extends Span {
  readonly name: string;
  readonly kind: LayerKind;
  readonly rows: number;
  readonly columns: number;
  /** T, positions of an example that share the weight; default 1. */
  readonly positions?: number | undefined;
  /** The input factor is the same at every step: it is absorbed once and not looked for again. Default false. */
  readonly constantInputs?: boolean | undefined;
}
