/**
 * The recipe `cnn-classifier`: (convolution 3 x 3, relu, max-pool 2 x 2) a few times, then (dense, relu) as often as asked, and a dense
 * layer to the logits. Features are images [H, W, C], also as one row [H W C].
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Shape } from '@geodesic/tensor';
import { classificationTask } from '../classification-task.ts';
import { heNormal, lecunNormal } from '../initializers.ts';
import { emptyTables, type Layer } from '../layer.ts';
import { layeredModel } from '../layered-model.ts';
import { activation } from '../layers/activation.ts';
import { batchNorm } from '../layers/batch-norm.ts';
import { conv2d } from '../layers/conv2d.ts';
import { dense } from '../layers/dense.ts';
import { flatten, maxPool2d } from '../layers/pooling.ts';
import { sequential } from '../layers/sequential.ts';
import type { Model } from '../model.ts';

/** Sizes of a convolutional classifier. */
export interface CnnClassifierOptions {
  /** [H, W, C] of an example. */
  readonly imageShape: readonly [number, number, number];
  readonly classes: number;
  /** Filters of each convolution, input side first; default [16, 32]. */
  readonly filters?: readonly number[];
  /** Widths of the dense layers between the last pool and the head; default none. */
  readonly hidden?: readonly number[];
  /** Ghost batch norm between convolution and relu; default false. */
  readonly batchNorm?: boolean;
  /** Shape of an example as the data set has it; default the image's. */
  readonly featureShape?: Shape;
  /** Share of a label spread over all classes while training, in [0, 1); default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Builds the model; layers are `conv1`, `conv2`, ... (and `norm1`, ...), `dense1`, ... and `head`.
 * @throws {ModelError} when the image is too small for the pools
 */
export function cnnClassifier(options: CnnClassifierOptions): Model {
  const { imageShape, classes, filters = [16, 32], hidden = [], featureShape = imageShape } = options;
  let shape: Shape = imageShape;
  const stages = filters.map((count, i) => {
    const { layer, outputShape } = stage({ index: i + 1, inputShape: shape, filters: count, norm: options.batchNorm ?? false });
    shape = outputShape;
    return layer;
  });
  const [height, width, channels] = shape;
  const widths = [height * width * channels, ...hidden];
  const denses = hidden.flatMap((outputs, i) => [
    dense({ name: `dense${i + 1}`, inputs: widths[i], outputs, weightInitializer: heNormal }),
    activation('relu'),
  ]);
  const head = dense({ name: 'head', inputs: widths[hidden.length], outputs: classes, weightInitializer: lecunNormal });
  const image: Layer = { ...emptyTables, apply: (_, x) => tf.reshape(x, [-1, ...imageShape]) };
  const net = sequential([image, ...stages, flatten(), ...denses, head]);
  return layeredModel({ net, featureShape, task: classificationTask(options), output: 'logits' });
}

/** One convolution (same padding), perhaps a norm, relu, and a pool that halves the image. */
function stage(options: { index: number; inputShape: Shape; filters: number; norm: boolean }): { layer: Layer; outputShape: Shape } {
  const { index, inputShape, filters, norm } = options;
  const conv = conv2d({ name: `conv${index}`, inputShape, filters, kernel: [3, 3], padding: 'same', bias: !norm });
  const positions = conv.outputShape[0] * conv.outputShape[1];
  const pool = maxPool2d({ inputShape: conv.outputShape, kernel: [2, 2] });
  const norms = norm ? [batchNorm({ name: `norm${index}`, channels: filters, positions })] : [];
  return { layer: sequential([conv, ...norms, activation('relu'), pool]), outputShape: pool.outputShape };
}
