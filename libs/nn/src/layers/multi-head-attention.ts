/**
 * Self-attention with several heads (Vaswani et al. 2017): x [B, T, D] -> [B, T, D]. With q, k, v = x W_q, x W_k, x W_v cut into
 * h heads of d = D / h, head: softmax(q k^T / sqrt(d)) v; the heads side by side go through W_o. Queries see all positions that the
 * mask keeps, with `causal` only those up to their own. The four projections are dense layers shared over positions.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from '../errors.ts';
import { glorotUniform, type WeightInitializer } from '../initializers.ts';
import { joinTables, type Layer } from '../layer.ts';
import { dense } from './dense.ts';

/** Sizes of an attention layer. */
export interface MultiHeadAttentionOptions {
  readonly name: string;
  /** D */
  readonly width: number;
  /** h, divides `width`. */
  readonly heads: number;
  /** T */
  readonly positions: number;
  /** Whether a position sees itself and earlier ones only; default false. */
  readonly causal?: boolean;
  /** Default: Glorot uniform. */
  readonly weightInitializer?: WeightInitializer;
  /** What curvature makes of positions; default `expand`, `reduce` where positions are pooled. */
  readonly sharing?: 'expand' | 'reduce';
}

/** A score that leaves no weight beside any other; finite, so that a row without any key is uniform and not NaN. */
const MASKED_SCORE = -1e9;

/**
 * Describes an attention layer; its dense layers are `<name>.query`, `.key`, `.value` and `.output`, all [D, D] with bias.
 * `apply` takes `mask` [B, T]: keys at padding are not seen. @throws {ModelError} when the heads do not divide the width
 */
export function multiHeadAttention(options: MultiHeadAttentionOptions): Layer {
  const { name, width, heads, positions, causal = false, weightInitializer = glorotUniform, sharing } = options;
  if (!Number.isInteger(width / heads)) throw new ModelError(name, `heads that divide the width ${width}`, String(heads));
  const projection = (part: string): Layer =>
    dense({ name: `${name}.${part}`, inputs: width, outputs: width, weightInitializer, positions, ...(sharing && { sharing }) });
  const [query, key, value, output] = ['query', 'key', 'value', 'output'].map(projection);
  const headsFirst = (x: tf.Tensor): tf.Tensor => tf.transpose(tf.reshape(x, [-1, positions, heads, width / heads]), [0, 2, 1, 3]);
  return {
    ...joinTables([query, key, value, output]),
    apply: (tensors, x, { mask } = {}) => {
      const scaled = tf.div(query.apply(tensors, x), tf.sqrt(width / heads));
      const scores = tf.matMul(headsFirst(scaled), headsFirst(key.apply(tensors, x)), false, true);
      const weights = tf.softmax(visible(scores, { causal, mask }));
      const seen = tf.matMul(weights, headsFirst(value.apply(tensors, x)));
      return output.apply(tensors, tf.reshape(tf.transpose(seen, [0, 2, 1, 3]), x.shape));
    },
  };
}

/** Scores [B, h, T, T] with those of unseen keys masked. */
function visible(scores: tf.Tensor, { causal, mask }: { causal: boolean; mask: tf.Tensor | undefined }): tf.Tensor {
  const positions = scores.shape[3]!;
  const at = tf.range(0, positions, 1, 'int32');
  const past = tf.lessEqual(tf.reshape(at, [1, 1, 1, positions]), tf.reshape(at, [1, 1, positions, 1]));
  const real = mask && tf.greater(tf.reshape(mask, [-1, 1, 1, positions]), 0);
  const kept = causal && real ? tf.logicalAnd(past, real) : causal ? past : real;
  return kept === undefined ? scores : tf.where(kept, scores, MASKED_SCORE);
}
