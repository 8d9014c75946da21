/**
 * The recipe `mlp-classifier`: dense layers with tanh or relu between them and a linear head.
 */
import { classificationTask } from '../classification-task.ts';
import { heNormal, lecunNormal } from '../initializers.ts';
import { layeredModel } from '../layered-model.ts';
import { activation } from '../layers/activation.ts';
import { dense } from '../layers/dense.ts';
import { sequential } from '../layers/sequential.ts';
import type { Model } from '../model.ts';

/** Sizes of an MLP classifier. */
export interface MlpClassifierOptions {
  readonly inputs: number;
  readonly classes: number;
  /** Widths of the hidden layers, input side first. */
  readonly hidden: readonly number[];
  readonly activation: 'tanh' | 'relu';
  /** Share of a label spread over all classes while training, in [0, 1); default 0. */
  readonly labelSmoothing?: number;
}

/** Builds the model; layers are named `dense1`, `dense2`, ... and `head`. */
export function mlpClassifier(options: MlpClassifierOptions): Model {
  const widths = [options.inputs, ...options.hidden];
  const weightInitializer = options.activation === 'relu' ? heNormal : lecunNormal;
  const hidden = options.hidden.flatMap((outputs, i) => [
    dense({ name: `dense${i + 1}`, inputs: widths[i], outputs, weightInitializer }),
    activation(options.activation),
  ]);
  const head = dense({ name: 'head', inputs: widths[widths.length - 1], outputs: options.classes });
  const net = sequential([...hidden, head]);
  return layeredModel({ net, featureShape: [options.inputs], task: classificationTask(options), output: 'logits' });
}
