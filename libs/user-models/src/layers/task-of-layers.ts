/**
 * What a tf.LayersModel is trained for: classification by default, the reconstruction of its input, or a loss of the user's own.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { classificationTask, hits, squaredErrorTask, type Task } from '@geodesic/nn';
import type { Shape } from '@geodesic/tensor';
import type { UserCode } from '../code/explain.ts';

/** Tasks that need no code. */
export type LayersTaskName = 'classification' | 'autoencoder';

/** How a model is trained. */
export interface LayersLoss {
  /** Default `classification`. */
  readonly task?: LayersTaskName;
  /** Output of the model as it is, targets y int32 [B] -> the loss of each example [B]. */
  readonly loss?: (output: tf.Tensor, y: tf.Tensor) => tf.Tensor;
}

/** A task and the name of the forward output that it reads. */
export interface LayersTask {
  readonly task: Task;
  readonly output: string;
}

/** What is known of the data. */
export interface LayersTaskOptions {
  /** Shape of one example. */
  readonly featureShape: Shape;
  readonly classes: number;
  readonly labelSmoothing: number;
  readonly code: UserCode;
}

/** The task of a model. */
export function layersTask(model: LayersModel, { task = 'classification', loss }: LayersLoss, options: LayersTaskOptions): LayersTask {
  const plain = classificationTask(options);
  if (loss === undefined && task === 'classification') return { task: plain, output: 'logits' };
  if (loss === undefined) return { task: squaredErrorTask({ shape: options.featureShape, target: 'features' }), output: 'predictions' };
  const shape = model.outputs[0].shape.slice(1);
  const isScores = shape.length === 1 && shape[0] === options.classes;
  const terms: Task['terms'] = ({ output, y }) => {
    const value = loss(output, y);
    return { loss: value, objective: value, ...(isScores && { hit: hits(output, y) }) };
  };
  return { task: { name: 'custom', target: plain.target, columns: ['loss', ...(isScores ? ['hit'] : [])], terms }, output: 'output' };
}
