/**
 * The dense layer z = x W + b, with its input and pre-activation marked so that curvature can be captured at them.
 * x [B, I], W [I, O], b [O]; the homogeneous matrix [I + 1, O] is W with b as its last row.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Initializer, LayerEntry, ParameterEntry } from '@geodesic/engine';
import { tap } from '@geodesic/engine/trace';
import type { Tensors } from './model.ts';

/** Shape and first values of a dense layer. */
export interface DenseOptions {
  readonly name: string;
  readonly inputs: number;
  readonly outputs: number;
  /** Default: normal with variance 1 / inputs, which keeps the scale of tanh and linear layers. */
  readonly weightInitializer?: Initializer;
}

/** A dense layer: its tables and its function. */
export interface Dense {
  readonly entry: LayerEntry;
  /** Weight, then bias: adjacent in the layout, so that [I + 1, O] is contiguous. */
  readonly parameters: readonly ParameterEntry[];
  /** x [B, I] -> z [B, O]. */
  readonly apply: (tensors: Tensors, x: tf.Tensor) => tf.Tensor;
}

/** Describes a dense layer; its parameters are `<name>.weight` and `<name>.bias`. */
export function dense(options: DenseOptions): Dense {
  const { name, inputs, outputs } = options;
  const weight = `${name}.weight`;
  const bias = `${name}.bias`;
  const initializer: Initializer = options.weightInitializer ?? { kind: 'normal', standardDeviation: 1 / Math.sqrt(inputs) };
  return {
    entry: { name, inputs, outputs, bias: true, weight },
    parameters: [
      { name: weight, shape: [inputs, outputs], initializer },
      { name: bias, shape: [outputs], initializer: { kind: 'constant', value: 0 } },
    ],
    apply: (tensors, x) => {
      const a = tap(x, { layer: name, role: 'input' });
      const z = tf.add(tf.matMul(a, tensors[weight]), tensors[bias]);
      return tap(z, { layer: name, role: 'output' });
    },
  };
}
