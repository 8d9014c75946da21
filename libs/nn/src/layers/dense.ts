/**
 * The dense layer z = x W + b, shared over the positions of an example where it has some.
 * x [B, I] or [B, ..., I], W [I, O], b [O]; the homogeneous matrix [I + 1, O] is W with b as its last row.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerEntry } from '@geodesic/engine';
import { tap } from '@geodesic/engine/trace';
import { sizeOf } from '@geodesic/tensor';
import { ModelError } from '../errors.ts';
import { lecunNormal, resolveInitializer, zeros, type WeightInitializer } from '../initializers.ts';
import type { Layer } from '../layer.ts';
import { sharingOf, type PositionOptions } from './positions.ts';

/** Shape and first values of a dense layer. */
export interface DenseOptions extends PositionOptions {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Default: normal with variance 1 / inputs, which keeps the scale of tanh and linear layers. */
  readonly weightInitializer?: WeightInitializer;
}

/** Describes a dense layer; its parameters are `<name>.weight` [I, O] and `<name>.bias` [O]. */
export function dense(options: DenseOptions): Layer {
  const { name, inputs, outputs, bias = true, weightInitializer = lecunNormal } = options;
  const weight = `${name}.weight`;
  const initializer = resolveInitializer(weightInitializer, { fanIn: inputs, fanOut: outputs });
  const entry: LayerEntry = { name, kind: 'dense', inputs, outputs, bias, weight, ...sharingOf(options) };
  return {
    entries: [entry],
    // Weight, then bias: adjacent in the layout, so that [I + 1, O] is contiguous.
    parameters: [
      { name: weight, shape: [inputs, outputs], initializer },
      ...(bias ? [{ name: `${name}.bias`, shape: [outputs], initializer: zeros }] : []),
    ],
    state: [],
    random: [],
    apply: (tensors, x) => {
      requirePositions(entry, x);
      const a = tap(x, { layer: name, role: 'input' });
      // One product of flat rows: its gradient is then one product too, and not one for every example.
      const product = tf.matMul(tf.reshape(a, [-1, inputs]), tensors[weight]);
      const flat = bias ? tf.add(product, tensors[`${name}.bias`]) : product;
      return tap(tf.reshape(flat, [...x.shape.slice(0, -1), outputs]), { layer: name, role: 'output' });
    },
  };
}

function requirePositions({ name, inputs, positions }: LayerEntry, x: tf.Tensor): void {
  const fits = x.rank >= 2 && x.shape[x.rank - 1] === inputs && sizeOf(x.shape.slice(1, -1)) === positions;
  if (fits) return;
  const expected = positions === 1 ? `an input [B, ${inputs}]` : `an input [B, ..., ${inputs}] of ${positions} positions`;
  throw new ModelError(name, expected, `[${x.shape.join(', ')}]`);
}
