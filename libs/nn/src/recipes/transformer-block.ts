/**
 * A transformer block in the pre-norm form (Xiong et al. 2020), x [B, T, D]:
 *   x <- x + dropout(attention(norm(x))), x <- x + dropout(W2 gelu(W1 norm(x)))
 */
import { activation, type ActivationName } from '../layers/activation.ts';
import { dense } from '../layers/dense.ts';
import { dropout } from '../layers/dropout.ts';
import { layerNorm } from '../layers/layer-norm.ts';
import { multiHeadAttention } from '../layers/multi-head-attention.ts';
import { residual, sequential } from '../layers/sequential.ts';
import type { Layer } from '../layer.ts';

/** Sizes of a block. */
export interface TransformerBlockOptions {
  readonly name: string;
  /** D */
  readonly width: number;
  readonly heads: number;
  /** T */
  readonly positions: number;
  /** Width of the dense layer in the middle; default 4 D. */
  readonly hidden?: number;
  /** Whether a position sees itself and earlier ones only; default false. */
  readonly causal?: boolean;
  /** Rate of both dropouts, in [0, 1); default 0. */
  readonly dropout?: number;
  /** Default `gelu`. */
  readonly activation?: ActivationName;
  /** What curvature makes of positions; default `expand`, `reduce` where positions are pooled. */
  readonly sharing?: 'expand' | 'reduce';
}

/** Describes a block; its layers are `<name>.norm1`, `.attention.*`, `.norm2`, `.dense1`, `.dense2`. */
export function transformerBlock(options: TransformerBlockOptions): Layer {
  const { name, width, heads, positions, hidden = 4 * width, causal = false, dropout: rate = 0, sharing } = options;
  const shared = { positions, ...(sharing && { sharing }) };
  const norm = (part: string): Layer => layerNorm({ name: `${name}.${part}`, channels: width, ...shared });
  const drop = (part: string): Layer => dropout({ name: `${name}.${part}`, rate, shape: [positions, width] });
  return sequential([
    residual(
      sequential([norm('norm1'), multiHeadAttention({ name: `${name}.attention`, width, heads, causal, ...shared }), drop('dropout1')]),
    ),
    residual(
      sequential([
        norm('norm2'),
        dense({ name: `${name}.dense1`, inputs: width, outputs: hidden, ...shared }),
        activation(options.activation ?? 'gelu'),
        dense({ name: `${name}.dense2`, inputs: hidden, outputs: width, ...shared }),
        drop('dropout2'),
      ]),
    ),
  ]);
}
