/**
 * From one layer, usually a composition, to a model: its tables, its forward pass and what the framework must know about both.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@geodesic/tensor';
import type { Layer } from './layer.ts';
import type { Model } from './model.ts';
import type { Task } from './task.ts';

/** A network and what it is trained for. */
export interface LayeredModelOptions {
  readonly net: Layer;
  /** Shape of one example's features. */
  readonly featureShape: Shape;
  readonly task: Task;
  /** Name under which the task finds the network's value, e.g. `logits`. */
  readonly output: string;
  /** The mask that layers are given; curvature leaves out the padding of layers with as many positions. */
  readonly mask?: SequenceMask;
}

/** Which positions of an example are real. */
export interface SequenceMask {
  /** T */
  readonly positions: number;
  /** Features [B, ...] -> [B, T] 1 at real positions, 0 at padding. */
  readonly of: (features: tf.Tensor) => tf.Tensor;
}

/** Name of the forward output that holds the mask. */
const MASK = 'mask';

/** Builds the model of a network; the features `x` are the network's input. */
export function layeredModel({ net, featureShape, task, output, mask }: LayeredModelOptions): Model {
  const masked = net.entries.filter(({ positions }) => positions === mask?.positions);
  const coupled = net.state.some(({ rule }) => rule.kind === 'moving-average-of-sum');
  return {
    featureShape,
    task,
    parameters: net.parameters,
    layers: net.entries,
    state: net.state,
    charts: [],
    random: net.random,
    ...(coupled && { coupling: 'moments' as const }),
    ...(mask && { positionMasks: Object.fromEntries(masked.map(({ name }) => [name, MASK])) }),
    forward: (tensors, { training }) => {
      const outputs: Record<string, tf.Tensor> = mask ? { [MASK]: mask.of(tensors.x) } : {};
      const report = (name: string, sum: tf.Tensor): void => void (outputs[`sum:${name}`] = sum);
      outputs[output] = net.apply(tensors, tensors.x, { training, report, ...(mask && { mask: outputs[MASK] }) });
      return outputs;
    },
  };
}
