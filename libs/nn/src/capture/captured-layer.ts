/**
 * What a capture says of a layer: its table entry and, for every application, where its input and its pre-activation stand in the
 * graph. B rows of a slot, T positions, I inputs, O outputs.
 */
import type { Attributes, LayerEntry } from '@geodesic/engine';

/** One application of a layer. */
export interface LayerUse {
  /**
   * Ids whose product is the layer's input a: one id, but for a norm the factors that its gain is multiplied by.
   * dense [B, .., I] or [B T, I]; conv the image [B, H, W, C]; embedding the ids, int32 [B, ..]; norm [B, .., O].
   */
  readonly inputs: readonly number[];
  /** Id of the pre-activation [B, .., O] or [B T, O], bias included: g is the cotangent there. */
  readonly output: number;
  /** conv: the attributes of the kernel `Patches` that makes the rows of A from the image. */
  readonly window?: Attributes;
}

/** A layer that was found in a graph. */
export interface CapturedLayer extends LayerEntry {
  /** The parameter that is added to the layer's output. `bias` is true where it is also the next parameter in the table. */
  readonly biasParameter?: string;
  readonly uses: readonly LayerUse[];
}

/** A parameter that no layer was found for, and why. */
export interface UncapturedParameter {
  readonly parameter: string;
  /** Reads on from "expected one dense, convolutional, embedding or norm layer, got ..". */
  readonly got: string;
}

/** What was found in a graph. */
export interface Captured {
  /** In the order of the parameters. */
  readonly layers: readonly CapturedLayer[];
  readonly uncaptured: readonly UncapturedParameter[];
}
