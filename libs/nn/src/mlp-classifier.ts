/**
 * The recipe `mlp-classifier`: dense layers with tanh or relu between them and a linear head.
 */
import * as tf from '@tensorflow/tfjs-core';
import { dense } from './dense.ts';
import type { ClassifierModel } from './model.ts';

/** Sizes of an MLP classifier. */
export interface MlpClassifierOptions {
  readonly inputs: number;
  readonly classes: number;
  /** Widths of the hidden layers, input side first. */
  readonly hidden: readonly number[];
  readonly activation: 'tanh' | 'relu';
}

/** Builds the model; layers are named `dense1`, `dense2`, ... and `head`. */
export function mlpClassifier(options: MlpClassifierOptions): ClassifierModel {
  const widths = [options.inputs, ...options.hidden];
  const activate = options.activation === 'tanh' ? tf.tanh : tf.relu;
  const hidden = options.hidden.map((outputs, i) =>
    dense({
      name: `dense${i + 1}`,
      inputs: widths[i],
      outputs,
      // He et al. 2015: relu halves the second moment, so its layers start with twice the variance.
      weightInitializer: { kind: 'normal', standardDeviation: Math.sqrt((options.activation === 'relu' ? 2 : 1) / widths[i]) },
    }),
  );
  const head = dense({ name: 'head', inputs: widths[widths.length - 1], outputs: options.classes });
  const layers = [...hidden, head];
  return {
    featureShape: [options.inputs],
    classes: options.classes,
    parameters: layers.flatMap((layer) => layer.parameters),
    layers: layers.map((layer) => layer.entry),
    state: [],
    charts: [],
    forward: (tensors) => {
      const features = hidden.reduce((h, layer) => activate(layer.apply(tensors, h)), tensors.x);
      return { logits: head.apply(tensors, features) };
    },
  };
}
