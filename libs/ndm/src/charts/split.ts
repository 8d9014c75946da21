/**
 * Splits (Dinh et al. 2017, multi-scale): x = (x_keep, x_rest), where the first coordinates go on through further maps and the rest stay.
 * Both remain coordinates of the chart, so a split is a bijection and not a loss of dimensions: the rest goes straight to the head, or
 * into a Gaussian fibre, whose log-density then adds to that of the kept part.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from '@geodesic/nn';
import type { ChartMap } from './chart-map.ts';
import { preciseConstant } from './precise-constant.ts';

/** Columns [0, keep) and [keep, d) of x [B, d]. @throws {ModelError} unless 0 < keep < d */
export function splitColumns(x: tf.Tensor, keep: number): { readonly kept: tf.Tensor; readonly rest: tf.Tensor } {
  const [rows, width] = x.shape as [number, number];
  requireInside(keep, width);
  return { kept: tf.slice(x, [0, 0], [rows, keep]), rest: tf.slice(x, [0, keep], [rows, width - keep]) };
}

/**
 * Describes the map of R^width that sends the first coordinates, as many as `through` takes, through a bijection and leaves the rest.
 * @throws {ModelError} unless `through` is a bijection of fewer than `width` coordinates
 */
export function split({ width, through }: { readonly width: number; readonly through: ChartMap }): ChartMap {
  const keep = through.inputs;
  if (through.outputs !== keep) throw new ModelError('split', 'a bijection', `a map from ${keep} to ${through.outputs} dimensions`);
  requireInside(keep, width);
  const on =
    (direction: 'forward' | 'inverse'): ChartMap['forward'] =>
    (t, x) => {
      const { kept, rest } = splitColumns(x, keep);
      const { value, logDet } = through[direction](t, kept);
      return { value: tf.concat([value, rest], 1), logDet };
    };
  return {
    inputs: width,
    outputs: width,
    isometry: through.isometry,
    parameters: through.parameters,
    layers: through.layers,
    forward: on('forward'),
    inverse: on('inverse'),
    pushForward: (t, x, v) => {
      const [point, vector] = [splitColumns(x, keep), splitColumns(v, keep)];
      const { value, tangent } = through.pushForward(t, point.kept, vector.kept);
      return { value: tf.concat([value, point.rest], 1), tangent: tf.concat([tangent, vector.rest], 1) };
    },
  };
}

/** ln N(z; 0, I) of rows z [B, n], [B] in nats: the density of a Gaussian fibre, or of the base at the end of a flow. */
export function gaussianLogDensity(z: tf.Tensor): tf.Tensor {
  const normaliser = preciseConstant(0.5 * z.shape[1]! * Math.log(2 * Math.PI));
  return tf.sub(tf.mul(-0.5, tf.sum(tf.square(z), 1)), normaliser);
}

function requireInside(keep: number, width: number): void {
  if (Number.isInteger(keep) && keep > 0 && keep < width) return;
  throw new ModelError('split', `between 1 and ${width - 1} kept coordinates of ${width}`, String(keep));
}
