/**
 * Layers that draw random numbers while training, on random inputs of the graph instead of tfjs' generator: the same formulas on
 * numbers that are a function of (run seed, layer, step, example), so that the draw does not depend on who computes the example.
 * Which draws there are is found by running the model once (`collectDraws`).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { RandomInput } from '@geodesic/engine';
import { sizeOf } from '@geodesic/tensor';
import { UserModelError } from '../errors.ts';
import { override, type Override } from '../overrides.ts';
import type { LayerFace } from './layer-tree.ts';

/** Asks for random numbers of a shape [B, ...] for a layer; each call is a draw of its own. */
export type Draw = (layer: string, distribution: RandomInput['distribution'], shape: readonly number[]) => tf.Tensor;

/** Draws that answer with random inputs, by their names in the order of the calls. */
export function drawsFrom(inputs: Readonly<Record<string, tf.Tensor>>): Draw {
  const name = callNames();
  return (layer, distribution, shape) => tf.reshape(inputs[name(layer, distribution)], [...shape]);
}

/** Draws that answer with zeros and note what was asked for. */
export function collectDraws(into: RandomInput[]): Draw {
  const name = callNames();
  return (layer, distribution, shape) => {
    const input = name(layer, distribution);
    into.push({ name: input, purpose: input, distribution, width: sizeOf(shape.slice(1)) });
    return tf.zeros([...shape]);
  };
}

function callNames(): (layer: string, distribution: string) => string {
  const counts = new Map<string, number>();
  return (layer, distribution) => {
    const count = (counts.get(layer) ?? 0) + 1;
    counts.set(layer, count);
    return `${distribution}:${layer}${count === 1 ? '' : `#${count}`}`;
  };
}

/** The overrides that send the random numbers of these layers to `draw`. @throws {UserModelError} while running, for a mask that examples share */
export function noiseOverrides(layers: readonly LayerFace[], draw: Draw): readonly Override[] {
  return layers.flatMap((layer) => {
    const noisy = NOISE[layer.getClassName()];
    if (noisy) return [callOverride(layer, (x, training) => (training ? noisy(layer, x, draw) : x))];
    if ('dropoutFunc' in layer) return [cellOverride(layer, draw)];
    return [];
  });
}

type Noise = (layer: LayerFace, x: tf.Tensor, draw: Draw) => tf.Tensor;

const NOISE: Readonly<Record<string, Noise>> = {
  Dropout: dropout,
  SpatialDropout1D: dropout,
  GaussianNoise: (layer, x, draw) => tf.add(x, tf.mul(numberOf(layer, 'stddev'), draw(layer.name, 'normal', x.shape))),
  GaussianDropout: (layer, x, draw) => {
    const rate = numberOf(layer, 'rate');
    if (rate <= 0 || rate >= 1) return x;
    return tf.mul(x, tf.add(1, tf.mul(Math.sqrt(rate / (1 - rate)), draw(layer.name, 'normal', x.shape))));
  },
  AlphaDropout: alphaDropout,
};

function callOverride(layer: LayerFace, compute: (x: tf.Tensor, training: boolean) => tf.Tensor): Override {
  const call: LayerFace['call'] = (inputs, kwargs) => compute(Array.isArray(inputs) ? inputs[0] : inputs, kwargs['training'] === true);
  return override(layer, { call });
}

function dropout(layer: LayerFace, x: tf.Tensor, draw: Draw): tf.Tensor {
  const rate = numberOf(layer, 'rate');
  if (rate <= 0 || rate >= 1) return x;
  return tf.mul(x, keptMask({ layer, rate, shape: maskShape(layer, x), draw }, 1 / (1 - rate)));
}

/** Klambauer et al. 2017, section 3: dropped units go to the value at which selu saturates; mean and variance stay. */
function alphaDropout(layer: LayerFace, x: tf.Tensor, draw: Draw): tf.Tensor {
  const rate = numberOf(layer, 'rate');
  if (rate <= 0 || rate >= 1) return x;
  const saturation = -1.6732632423543772 * 1.0507009873554805;
  const kept = keptMask({ layer, rate, shape: maskShape(layer, x), draw }, 1);
  const scale = ((1 - rate) * (1 + rate * saturation ** 2)) ** -0.5;
  const mixed = tf.add(tf.mul(x, kept), tf.mul(tf.sub(1, kept), saturation));
  return tf.add(tf.mul(mixed, scale), -scale * saturation * rate);
}

/** Cells of recurrent layers ask a function for their masks, and hide them from the next call in two fields. */
function cellOverride(cell: LayerFace, draw: Draw): Override {
  const dropoutFunc = (ones: tf.Tensor, rate: number): tf.Tensor =>
    keptMask({ layer: cell, rate, shape: ones.shape, draw }, 1 / (1 - rate));
  return { target: cell, properties: { dropoutFunc, dropoutMask: null, recurrentDropoutMask: null } };
}

interface MaskRequest {
  readonly layer: LayerFace;
  readonly rate: number;
  readonly shape: readonly number[];
  readonly draw: Draw;
}

/** `value` with probability 1 - rate, else 0. */
function keptMask({ layer, rate, shape, draw }: MaskRequest, value: number): tf.Tensor {
  return tf.mul(value, tf.cast(tf.greaterEqual(draw(layer.name, 'uniform', shape), rate), 'float32'));
}

/** The shape of the mask, which a layer may make smaller than its input; null and undefined stand for the input's size. */
function maskShape(layer: LayerFace, x: tf.Tensor): readonly number[] {
  const { noiseShape, getNoiseShape } = layer as LayerFace & {
    noiseShape?: readonly (number | null)[] | null;
    getNoiseShape?: (x: tf.Tensor) => readonly (number | null)[];
  };
  const written = getNoiseShape ? getNoiseShape.call(layer, x) : noiseShape;
  const shape = x.shape.map((size, axis) => written?.[axis] ?? size);
  if (shape[0] === x.shape[0]) return shape;
  throw new UserModelError({
    subject: layer.name,
    expected: 'a mask for every example',
    got: `noiseShape [${String(written)}], one mask for the whole batch`,
    remedy: 'write null as the first entry of noiseShape: a slot is a part of the batch, so parts would draw different masks',
  });
}

function numberOf(layer: LayerFace, field: string): number {
  return Number((layer as unknown as Readonly<Record<string, unknown>>)[field]);
}
