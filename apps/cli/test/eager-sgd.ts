/**
 * The examples' models trained by eager tfjs on its CPU backend with plain SGD, on the batches of a run: what a run must agree with.
 */
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { openTrainer } from '@geodesic/coordinator/trainer';
import { openDataset, slotExamples } from '@geodesic/data';
import { examplesBefore, type RunSpec } from '@geodesic/run-spec';
import { viewOf } from '@geodesic/tensor';
import { readLayersModel } from '@geodesic/user-models';

const examples = join(import.meta.dirname, '../../../examples');

/** The example with a hand-written function. */
export const custom = {
  folder: join(examples, 'digits-custom-model'),
  model: { module: './my-model.mjs', options: { width: 16, focus: 2 } },
};

/** The example with a tf.LayersModel. */
export const layers = { folder: join(examples, 'digits-layers-model'), model: { layersModel: './model.json' } };

/** Of plain SGD. */
export const learningRate = 0.2;

/** Relative agreement of every step's loss: float32 sums in another order leave less than 1e-6. */
export const tolerance = 1e-5;

/** A spec of `steps` steps of plain SGD, or of other groups. */
export function writtenSpec(model: object, { steps = 30, groups }: { steps?: number; groups?: readonly object[] } = {}): object {
  const sgd = [{ name: 'all', match: ['**'], method: 'sgd', momentum: 0, learningRate }];
  const batch = { examples: 32, slots: 2 };
  const rest = { data: { source: 'digits' }, batch, steps, optimizer: { groups: groups ?? sgd }, evaluate: { every: 0 } };
  return { name: 'user-model', seed: 3, model, ...rest };
}

/** Loss of every step of the conv net, as tfjs reads it from its files. */
export async function eagerLayers(spec: RunSpec): Promise<number[]> {
  const model = await readLayersModel(join(layers.folder, 'model.json'));
  const variables = model.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return eagerLosses(spec, variables, (x, y) => {
    const probabilities = model.apply(tf.reshape(x, [-1, 8, 8, 1]), { training: true }) as tf.Tensor;
    return tf.neg(tf.log(tf.sum(tf.mul(probabilities, tf.oneHot(y, 10)), 1)));
  });
}

/** Loss of every step of the function, from the first parameters of the bundle. */
export async function eagerFunction(spec: RunSpec, bundle: Uint8Array): Promise<number[]> {
  const { layout, parameters } = openTrainer(bundle);
  const variables = Object.fromEntries(
    layout.entries.map(({ name, shape }) => [name, tf.variable(tf.tensor(viewOf(layout, parameters, name), [...shape]))]),
  );
  const { model } = (await import(pathToFileURL(join(custom.folder, custom.model.module)).href)) as {
    model: (context: object) => { forward: (t: object) => tf.Tensor; loss: (logits: tf.Tensor, y: tf.Tensor) => tf.Tensor };
  };
  const { forward, loss } = model({ options: custom.model.options, data: { featureShape: [64], classes: 10 } });
  return eagerLosses(spec, Object.values(variables), (x, y) => loss(forward({ ...variables, x }), y));
}

function eagerLosses(spec: RunSpec, variables: tf.Variable[], loss: (x: tf.Tensor2D, y: tf.Tensor1D) => tf.Tensor): number[] {
  const split = openDataset({ source: 'digits' }).split('train');
  const optimizer = tf.train.sgd(learningRate);
  return Array.from({ length: spec.steps! }, (_, i) => {
    const { examples } = spec.batch;
    const position = examplesBefore(spec.batch, { step: i + 1, trainExamples: split.size });
    const plan = { seed: spec.seed, size: split.size, position, batchExamples: examples, slotSize: examples, slot: 0 };
    const rows = slotExamples(plan).filter((position) => position >= 0); // the last batch of an epoch is short
    const x = new Float32Array(rows.length * 64);
    const y = new Int32Array(rows.length);
    split.fill(rows, x, y, new Float32Array(rows.length));
    return tf.tidy(() => {
      const inputs = tf.tensor2d(x, [rows.length, 64]);
      return optimizer.minimize(() => tf.mean(loss(inputs, tf.tensor1d(y, 'int32'))), true, variables)!.dataSync()[0];
    });
  });
}
