/**
 * A small network whose layers but the last end in tanh, as a smooth map of jets: what metric networks are made of. Smooth throughout,
 * so that curvature exists everywhere (with ReLU it would be zero or undefined).
 * A layer is y = x W + b with W [inputs, outputs] row-major, b [outputs].
 */
import { MetricError, requireLength } from '../errors.ts';
import { tanh } from '../jets/jet-functions.ts';
import type { Jet } from '../jets/jet.ts';
import type { SmoothMap } from '../jets/smooth-map.ts';

/** W [inputs, outputs] row-major and b [outputs]. */
export interface DenseLayer {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

/** The map of a network with at least one layer. @throws {MetricError} when the layers do not fit on one another */
export function tanhNetwork(inputs: number, layers: readonly DenseLayer[]): SmoothMap {
  if (layers.length === 0) throw new MetricError('tanhNetwork', 'layers', 'at least one layer', 'none');
  let width = inputs;
  layers.forEach(({ weights, bias }, at) => {
    requireLength('tanhNetwork', `layers[${at}].weights`, weights, width * bias.length, `[${width}, ${bias.length}]`);
    width = bias.length;
  });
  return {
    inputs,
    outputs: width,
    evaluate: (x) => layers.reduce<Jet>((h, { weights, bias }, at) => (at === 0 ? h : tanh(h)).times(weights, bias.length).plus(bias), x),
  };
}
