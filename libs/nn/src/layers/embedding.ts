/**
 * A table of vectors by id: ids [B] or [B, T] -> rows [B, (T,) E]. Ids may come as floats, since features do; they are truncated.
 * As a layer it is dense with one-hot inputs [V], which are never written.
 */
import * as tf from '@tensorflow/tfjs-core';
import { tap } from '@geodesic/engine/trace';
import { resolveInitializer, type WeightInitializer } from '../initializers.ts';
import type { Layer } from '../layer.ts';
import { sharingOf } from './positions.ts';

/** Sizes of an embedding. */
export interface EmbeddingOptions {
  readonly name: string;
  /** V; ids lie in [0, V). */
  readonly vocabulary: number;
  /** E */
  readonly width: number;
  /** T, ids of an example; default 1. Curvature always treats them as cases of their own (expand). */
  readonly positions?: number;
  /** Default: standard normal; a model with residual branches wants less, e.g. standard deviation 0.02. */
  readonly weightInitializer?: WeightInitializer;
}

/** Describes an embedding; its parameter is `<name>.weight` [V, E]. */
export function embedding(options: EmbeddingOptions): Layer {
  const { name, vocabulary, width, positions = 1, weightInitializer = { kind: 'normal', standardDeviation: 1 } } = options;
  const weight = `${name}.weight`;
  // One row of the table reaches an output: fanIn is 1.
  const initializer = resolveInitializer(weightInitializer, { fanIn: 1, fanOut: width });
  return {
    entries: [{ name, kind: 'embedding', inputs: vocabulary, outputs: width, bias: false, weight, ...sharingOf({ positions }) }],
    parameters: [{ name: weight, shape: [vocabulary, width], initializer }],
    state: [],
    random: [],
    apply: (tensors, x) => {
      const ids = tap(tf.cast(x, 'int32'), { layer: name, role: 'input' });
      return tap(tf.gather(tensors[weight], ids), { layer: name, role: 'output' });
    },
  };
}
