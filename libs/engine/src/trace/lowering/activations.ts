/**
 * Activations that are not in the core, as selections: the branch not taken is kept finite (expm1 of min(x, 0)), so that
 * its derivative cannot poison the other with NaN. At a kink the derivative is the one of tfjs.
 */
import type { ClipByValueAttrs, LeakyReluAttrs, StepAttrs } from '@tensorflow/tfjs-core';
import type { Recorder, Value } from '../recorder.ts';
import type { LoweringTable } from './lowering.ts';

// Klambauer et al. 2017, "Self-normalizing neural networks", equation 14.
const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

/** Activation lowerings. */
export const activations: LoweringTable = {
  Step: (recorder, { x }, { alpha }: StepAttrs) => {
    const positive = recorder.elementwise('Greater', x, 0);
    if (!alpha) return recorder.cast(positive, x.dtype);
    return recorder.elementwise('Select', positive, recorder.constant(1, x.dtype), recorder.constant(alpha, x.dtype));
  },
  ClipByValue: (recorder, { x }, { clipValueMin, clipValueMax }: ClipByValueAttrs) =>
    recorder.elementwise('Minimum', recorder.elementwise('Maximum', x, clipValueMin), clipValueMax),
  Relu6: (recorder, { x }) => activate(recorder, x, 'relu6'),
  Elu: (recorder, { x }) => activate(recorder, x, 'elu'),
  EluGrad: (recorder, { dy, y }) => {
    const below = recorder.elementwise('Multiply', dy, recorder.elementwise('Add', y, 1));
    return recorder.elementwise('Select', recorder.elementwise('GreaterEqual', y, 0), dy, below);
  },
  Selu: (recorder, { x }) => recorder.elementwise('Multiply', exponentialLinear(recorder, x, SELU_ALPHA), SELU_SCALE),
  LeakyRelu: (recorder, { x }, { alpha }: LeakyReluAttrs) => activate(recorder, x, 'leakyrelu', { leakyreluAlpha: alpha }),
  Prelu: (recorder, { x, alpha }) => activate(recorder, x, 'prelu', { alpha }),
};

/** Parameters of the activations that have some. */
export interface ActivationParameters {
  /** Slope of `prelu` below zero. */
  readonly alpha?: Value | undefined;
  /** Slope of `leakyrelu` below zero. */
  readonly leakyreluAlpha?: number | undefined;
}

/** An activation by the name that tfjs' fused ops use. @throws {RangeError} when the name is unknown */
export function activate(recorder: Recorder, x: Value, name: string, parameters: ActivationParameters = {}): Value {
  switch (name) {
    case 'linear':
      return x;
    case 'relu':
      return recorder.elementwise('Relu', x);
    case 'relu6':
      return recorder.elementwise('Minimum', recorder.elementwise('Relu', x), 6);
    case 'sigmoid':
      return recorder.elementwise('Sigmoid', x);
    case 'elu':
      return exponentialLinear(recorder, x, 1);
    case 'leakyrelu':
    case 'prelu': {
      const slope = name === 'prelu' ? parameters.alpha : parameters.leakyreluAlpha;
      return recorder.elementwise('Select', recorder.elementwise('Less', x, 0), recorder.elementwise('Multiply', x, slope ?? 0.2), x);
    }
    default:
      throw new RangeError(`activate: expected an activation of tfjs, got '${name}'`);
  }
}

/** x where x >= 0, alpha (e^x - 1) below. */
function exponentialLinear(recorder: Recorder, x: Value, alpha: number): Value {
  const below = recorder.elementwise('Expm1', recorder.elementwise('Minimum', x, 0));
  return recorder.elementwise('Select', recorder.elementwise('GreaterEqual', x, 0), x, recorder.elementwise('Multiply', below, alpha));
}
