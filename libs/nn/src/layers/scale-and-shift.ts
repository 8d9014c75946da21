/**
 * What norms end with: y = gain * x^ + bias for each channel, with its place for curvature.
 * x^ [B, ..., C] normalised values, gain [C], bias [C]. Captured as a layer of kind `norm`: a = x^, the input tap stands on x^.
 */
import * as tf from '@tensorflow/tfjs-core';
import { tap } from '@geodesic/engine/trace';
import { ones, zeros } from '../initializers.ts';
import type { Layer } from '../layer.ts';
import { sharingOf, type PositionOptions } from './positions.ts';

/** Sizes of the map; `positions` are the places of an example that share gain and bias. */
export interface ScaleAndShiftOptions extends PositionOptions {
  readonly name: string;
  /** C */
  readonly channels: number;
  /** Whether there is a bias. */
  readonly bias: boolean;
}

/** Describes the map; its parameters are `<name>.gain` and `<name>.bias`. */
export function scaleAndShift(options: ScaleAndShiftOptions): Layer {
  const { name, channels, bias } = options;
  const gain = `${name}.gain`;
  return {
    entries: [{ name, kind: 'norm', inputs: 1, outputs: channels, bias, weight: gain, ...sharingOf(options) }],
    parameters: [
      { name: gain, shape: [channels], initializer: ones },
      ...(bias ? [{ name: `${name}.bias`, shape: [channels], initializer: zeros }] : []),
    ],
    state: [],
    random: [],
    apply: (tensors, x) => {
      const scaled = tf.mul(tap(x, { layer: name, role: 'input' }), tensors[gain]);
      return tap(bias ? tf.add(scaled, tensors[`${name}.bias`]) : scaled, { layer: name, role: 'output' });
    },
  };
}
