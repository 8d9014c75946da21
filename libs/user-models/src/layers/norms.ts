/**
 * Batch normalisation layers of a tf.LayersModel. tfjs would take moments over all rows, padding too, and write moving averages
 * while it computes; here the layer's own scale, shift and epsilon stand around the framework's slot moments and committed averages.
 * A frozen layer keeps its moving statistics as constants and normalises with them.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { LayerVariable } from '@tensorflow/tfjs-layers';
import type { StateEntry } from '@geodesic/engine';
import { batchNorm, type ForwardMode, type Layer, type Tensors } from '@geodesic/nn';
import { UserModelError } from '../errors.ts';
import { override, type Override } from '../overrides.ts';
import { isBatchNorm, type LayerFace } from './layer-tree.ts';
import type { Weight } from './weights.ts';

/** The private face of a BatchNormalization layer. */
interface NormFace extends LayerFace {
  readonly axis: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly gamma?: LayerVariable;
  readonly beta?: LayerVariable;
  readonly movingMean: LayerVariable;
  readonly movingVariance: LayerVariable;
}

/** What one call of the model is given. */
export interface NormCall {
  readonly tensors: Tensors;
  readonly read: (variable: LayerVariable) => tf.Tensor;
  readonly mode: ForwardMode;
  /** Receives the sums that the moving averages are made of. */
  readonly report: (name: string, sum: tf.Tensor) => void;
}

/** The batch norms of a model. */
export interface Norms {
  readonly state: readonly StateEntry[];
  overrides(call: NormCall): readonly Override[];
}

/** Finds the batch norms behind a model's weights. @throws {UserModelError} for an axis that is not the last */
export function normsOf(weights: readonly Weight[]): Norms {
  const moving = new Map<NormFace, string>();
  const frozen = new Set<LayerFace>();
  for (const { owner, layer, use } of weights) {
    if (use === 'moving') moving.set(owner as NormFace, layer);
    else if (isBatchNorm(owner) && !owner.trainable) frozen.add(owner);
  }
  const norms = [...moving].map(([face, name]) => {
    const { momentum: decay, epsilon } = face;
    return { face, name, layer: batchNorm({ name, channels: channelsOf(face), decay, epsilon }) };
  });
  return {
    state: norms.flatMap(({ layer }) => layer.state),
    overrides: (call) => [...norms.map((norm) => slotNorm(norm, call)), ...[...frozen].map(constantNorm)],
  };
}

interface Norm {
  readonly face: NormFace;
  readonly name: string;
  readonly layer: Layer;
}

function slotNorm({ face, name, layer }: Norm, { tensors, read, mode, report }: NormCall): Override {
  const shape = face.movingMean.shape as number[];
  return override(face, {
    call: (inputs: tf.Tensor | tf.Tensor[]) => {
      const affine = {
        [`${name}.gain`]: face.gamma ? read(face.gamma) : tf.ones(shape),
        [`${name}.bias`]: face.beta ? read(face.beta) : tf.zeros(shape),
      };
      const x = Array.isArray(inputs) ? inputs[0] : inputs;
      return layer.apply({ ...tensors, ...affine }, x, { training: mode.training, report });
    },
  });
}

function constantNorm(face: LayerFace): Override {
  const call = face.call.bind(face);
  return override(face, { call: (inputs: tf.Tensor | tf.Tensor[], kwargs: object) => call(inputs, { ...kwargs, training: false }) });
}

function channelsOf({
  axis,
  movingMean,
  inputSpec,
  name,
}: NormFace & { readonly inputSpec?: readonly { readonly ndim?: number }[] }): number {
  const last = (inputSpec?.[0]?.ndim ?? 0) - 1;
  if (axis === -1 || axis === last) return movingMean.shape[0] as number;
  throw new UserModelError({
    subject: name,
    expected: 'batch normalisation of the last axis',
    got: `axis ${axis}`,
    remedy: 'put channels last, or transpose around the layer',
  });
}
