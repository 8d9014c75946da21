/** Recipes and tasks at sizes that a test can differentiate numerically, and slots of data for them. */
import { makeLayout, sizeOf, type TensorData } from '@geodesic/tensor';
import * as tf from '@tensorflow/tfjs-core';
import {
  autoencoder,
  bernoulliTask,
  cnnClassifier,
  dense,
  gaussianTask,
  layeredModel,
  mlpClassifier,
  poissonTask,
  sequenceTask,
  squaredErrorTask,
  transformerClassifier,
  type Model,
} from '../src/index.ts';
import { tensor } from './evaluate-function.ts';
import { normal, uniform } from './run-layer.ts';

/** B, and how many of the rows are examples. */
export const [rows, real]: readonly [number, number] = [6, 4];

/** x [B, T, F] -> [B, T] */
function firstFeatureIsPositive(x: tf.Tensor): tf.Tensor {
  return tf.cast(tf.greater(tf.squeeze(tf.slice(x, [0, 0, 0], [-1, -1, 1]), [2]), 0), 'float32');
}

/** A linear net on five features. */
const linear = (outputs: number, task: Pick<Parameters<typeof layeredModel>[0], 'task' | 'output'>): Model =>
  layeredModel({ net: dense({ name: 'net', inputs: 5, outputs }), featureShape: [5], ...task });

/** Every recipe and every task, on a few features. */
export const models: readonly { readonly title: string; readonly model: Model }[] = [
  { title: 'mlpClassifier', model: mlpClassifier({ inputs: 5, classes: 3, hidden: [4], activation: 'relu' }) },
  { title: 'cnnClassifier', model: cnnClassifier({ imageShape: [6, 5, 2], classes: 3, filters: [2, 3], featureShape: [60] }) },
  { title: 'cnnClassifier, hidden', model: cnnClassifier({ imageShape: [4, 4, 1], classes: 3, filters: [2], hidden: [5] }) },
  { title: 'cnnClassifier, batch norm', model: cnnClassifier({ imageShape: [4, 4, 1], classes: 3, filters: [2], batchNorm: true }) },
  { title: 'autoencoder', model: autoencoder({ inputs: 5, hidden: [4, 2] }) },
  {
    title: 'transformerClassifier',
    model: transformerClassifier({ vocabulary: 7, classes: 3, positions: 4, width: 4, heads: 2, blocks: 1, paddingId: 0, dropout: 0.2 }),
  },
  {
    title: 'transformerClassifier, causal',
    model: transformerClassifier({ vocabulary: 7, classes: 3, positions: 4, width: 4, heads: 2, blocks: 2, causal: true }),
  },
  { title: 'squaredErrorTask', model: linear(2, { task: squaredErrorTask({ shape: [2] }), output: 'predictions' }) },
  { title: 'bernoulliTask', model: linear(2, { task: bernoulliTask({ shape: [2] }), output: 'logits' }) },
  { title: 'gaussianTask', model: linear(4, { task: gaussianTask({ shape: [2] }), output: 'outputs' }) },
  { title: 'poissonTask', model: linear(2, { task: poissonTask({ shape: [2] }), output: 'logRates' }) },
  {
    title: 'sequenceTask',
    model: layeredModel({
      net: dense({ name: 'net', inputs: 5, outputs: 3, positions: 4 }),
      featureShape: [4, 5],
      task: sequenceTask({ classes: 3, positions: 4, mask: 'mask' }),
      output: 'logits',
      mask: { positions: 4, of: firstFeatureIsPositive },
    }),
  },
];

/** A slot of `real` examples; padding rows hold `junk`. */
export function slot(model: Model, junk: number): Record<string, TensorData> {
  const layout = makeLayout(model.parameters);
  const { target } = model.task;
  const tokens = model.parameters[0].name.startsWith('embedding');
  const padded = ({ shape, data }: TensorData): TensorData => {
    const width = data.length / rows;
    return tensor(
      shape,
      Array.from(data, (value, i) => (i < real * width ? value : junk)),
    );
  };
  const features = normal('x', [rows, ...model.featureShape]);
  const x = tokens ? { ...features, data: features.data.map((_, i) => ((i * 5) % 7) * (i % 3 === 0 ? 0 : 1)) as Float64Array } : features;
  const y =
    target === 'features' || target.dtype !== 'int32'
      ? uniform('y', [rows, ...(target === 'features' ? model.featureShape : target.shape)])
      : {
          dtype: 'int32' as const,
          shape: [rows, ...target.shape],
          data: Int32Array.from({ length: rows * sizeOf(target.shape) }, (_, i) => i % 3),
        };
  const random = [...(model.random ?? []), ...(model.task.sampled?.random ?? [])].map(({ name, width, distribution }) => [
    name,
    (distribution === 'uniform' ? uniform : normal)(name, [rows, width]),
  ]);
  return {
    theta: normal('theta', [layout.size], 0.5),
    state: uniform('state', [model.state.reduce((sum, { shape = [] }) => sum + sizeOf(shape), 0)]),
    x: padded(x),
    y: y.dtype === 'int32' ? y : padded(y),
    weight: tensor(
      [rows],
      Array.from({ length: rows }, (_, row) => (row < real ? 1 : 0)),
    ),
    'vector:direction': normal('direction', [layout.size], 0.5),
    previous: normal('previous', [layout.size], 0.5),
    ...Object.fromEntries(random),
  };
}
