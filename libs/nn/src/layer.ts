/**
 * What a layer is: its tables (parameters, captured layers, committed state, random inputs) and a TensorFlow.js function over named
 * tensors. A layer holds no values and no mode: `apply` is told whether it trains, so that one description serves every phase.
 * Shapes are static, images are NHWC; B rows of a slot, T positions of a sequence.
 *
 * Taps: a layer with an entry in `entries` marks its input (role `input`) and its pre-activation (role `output`). A layer that is
 * applied several times, as a recurrence does, taps every time; its positions are then those applications, in order.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayerEntry, ParameterEntry, RandomInput, StateEntry } from '@geodesic/engine';
import type { Shape } from '@geodesic/tensor';
import type { Tensors } from './model.ts';

/** What a layer is told beside its tensors. */
export interface ApplyOptions {
  /** True in the gradient phases. Default false: dropout is the identity, batch norm uses its running averages. */
  readonly training?: boolean;
  /** [B, T] 1 at a position of the sequence, 0 at its padding; see `lengthMask`. Layers over positions ignore padding. */
  readonly mask?: tf.Tensor;
  /** Receives what a layer reports beside its value: sums over the rows of a slot, weighted by `weight`. Names are unique. */
  readonly report?: (name: string, sum: tf.Tensor) => void;
}

/** A layer. */
export interface Layer {
  /** Layers whose inputs and output gradients are captured. */
  readonly entries: readonly LayerEntry[];
  /** In layout order; a layer's bias follows its weight. */
  readonly parameters: readonly ParameterEntry[];
  readonly state: readonly StateEntry[];
  /** Drawn for every example of every training step; absent in evaluation. */
  readonly random: readonly RandomInput[];
  /** From parameters, state and random inputs (by name) and x [B, ...] to the layer's value [B, ...]. */
  apply(tensors: Tensors, x: tf.Tensor, options?: ApplyOptions): tf.Tensor;
}

/** A layer whose value has a shape that the next layer must know. */
export interface ShapedLayer extends Layer {
  /** Shape of the value of one example, e.g. [H, W, C]. */
  readonly outputShape: Shape;
}

/** The tables of a layer that has none of its own. */
export const emptyTables: Omit<Layer, 'apply'> = { entries: [], parameters: [], state: [], random: [] };

/** The tables of several layers, one after the other. */
export function joinTables(layers: readonly Layer[]): Omit<Layer, 'apply'> {
  return {
    entries: layers.flatMap((layer) => layer.entries),
    parameters: layers.flatMap((layer) => layer.parameters),
    state: layers.flatMap((layer) => layer.state),
    random: layers.flatMap((layer) => layer.random),
  };
}
