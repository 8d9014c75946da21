/**
 * Injective maps into more dimensions: padding x -> (x, 0), Stiefel embeddings (a frame of orthonormal columns) and rectangular ones
 * x -> x A^T with A [n, k] of full column rank. Their log-determinant is the log-volume of the image, 1/2 log det J^T J; their inverse is
 * a left inverse: it takes points off the image to it first, orthogonally.
 */
import * as tf from '@tensorflow/tfjs-core';
import { logDet, spdInverse } from '@geodesic/engine/trace';
import { ModelError, type Tensors } from '@geodesic/nn';
import { unitVolume, withoutParameters, type ChartMap } from './chart-map.ts';
import { compose } from './compose.ts';
import { requireSize } from './coordinate-parts.ts';
import { householder } from './householder.ts';

/** Dimensions k <= n on both sides of an embedding. */
export interface EmbeddingSize {
  readonly inputs: number;
  readonly outputs: number;
}

/** Describes x -> (x, 0), an isometry; its left inverse truncates. @throws {ModelError} unless inputs < outputs */
export function pad({ inputs, outputs }: EmbeddingSize): ChartMap {
  requireWidening('pad', { inputs, outputs });
  const widen = (x: tf.Tensor): tf.Tensor =>
    tf.pad(x as tf.Tensor2D, [
      [0, 0],
      [0, outputs - inputs],
    ]);
  return {
    ...withoutParameters(inputs),
    outputs,
    forward: (_, x) => unitVolume(widen(x)),
    inverse: (_, y) => unitVolume(tf.slice(y, [0, 0], [y.shape[0], inputs])),
    pushForward: (_, x, v) => ({ value: widen(x), tangent: widen(v) }),
  };
}

/**
 * Describes an isometric embedding x -> x A^T with A^T A = I, by construction for all parameters: x is padded and reflected. With as many
 * reflections as inputs, the default, every frame A is reached. Parameter `<name>.vectors` [reflections, outputs].
 * @throws {ModelError} unless inputs < outputs
 */
export function stiefelEmbedding(options: EmbeddingSize & { readonly name: string; readonly reflections?: number }): ChartMap {
  const { name, inputs, outputs, reflections = inputs } = options;
  return compose([pad({ inputs, outputs }), householder({ name, width: outputs, reflections })]);
}

/**
 * Describes x -> x A^T with A free, parameter `<name>.frame` [outputs, inputs], orthonormal columns at first; log-volume 1/2 log det A^T A,
 * left inverse y -> y A (A^T A)^-1. O(k^3) for a batch; the native executor takes k <= 32.
 * @throws {ModelError} unless inputs < outputs
 */
export function rectangularEmbedding({ name, inputs, outputs }: EmbeddingSize & { readonly name: string }): ChartMap {
  requireWidening(name, { inputs, outputs });
  const frame = `${name}.frame`;
  const gram = (t: Tensors): tf.Tensor => tf.matMul(t[frame], t[frame], true, false);
  const logVolume = (t: Tensors): tf.Tensor => tf.mul(0.5, logDet(gram(t)));
  const widen = (t: Tensors, x: tf.Tensor): tf.Tensor => tf.matMul(x, t[frame], false, true);
  return {
    inputs,
    outputs,
    isometry: false,
    parameters: [{ name: frame, shape: [outputs, inputs], initializer: { kind: 'orthogonal', gain: 1 } }],
    layers: [],
    forward: (t, x) => ({ value: widen(t, x), logDet: logVolume(t) }),
    inverse: (t, y) => ({ value: tf.matMul(tf.matMul(y, t[frame]), spdInverse(gram(t))), logDet: tf.neg(logVolume(t)) }),
    pushForward: (t, x, v) => ({ value: widen(t, x), tangent: widen(t, v) }),
  };
}

function requireWidening(name: string, { inputs, outputs }: EmbeddingSize): void {
  requireSize(name, 'inputs', inputs);
  if (Number.isInteger(outputs) && outputs > inputs) return;
  const remedy = 'split keeps dimensions, submersion gives some up';
  throw new ModelError(name, `more than ${inputs} outputs`, `${outputs} (${remedy})`);
}
