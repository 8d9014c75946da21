/** A tf.LayersModel on its way in and out: names, first values, frozen weights, files, custom layers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { readStoredValues, type Initializer } from '@geodesic/engine';
import { expectClose } from '@geodesic/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  exportLayersModel,
  openUserModel,
  readLayersModel,
  userModelDigest,
  type OpenedUserModel,
  type UserModelSource,
} from '../src/index.ts';
import { readyTfjs } from '../src/ready-tfjs.ts';
import { openModule, smallData, temporaryFolder, writeModule } from './user-module.ts';

beforeAll(readyTfjs);

/** Saves a model as a tfjs program would; returns the path of its model.json. */
async function save(model: tfl.LayersModel, folder = temporaryFolder()): Promise<string> {
  return exportLayersModel({ model, weights: [], values: new Map(), folder });
}

function small(): tfl.LayersModel {
  const biasInitializer = 'randomNormal';
  const hidden = tfl.layers.dense({ name: 'hidden', inputShape: [4], units: 5, activation: 'relu', biasInitializer });
  return tfl.sequential({ layers: [hidden, tfl.layers.dense({ name: 'head', units: 3, activation: 'softmax', biasInitializer })] });
}

function openFile(path: string, more: Partial<Extract<UserModelSource, { kind: 'layers-model' }>> = {}): Promise<OpenedUserModel> {
  return openUserModel({ kind: 'layers-model', path, task: 'classification', ...more }, smallData);
}

function kindsOf({ model }: OpenedUserModel): Record<string, Initializer['kind']> {
  return Object.fromEntries(model.parameters.map(({ name, initializer }) => [name, initializer.kind]));
}

describe('openUserModel of model.json', () => {
  it('takes the weights as first parameters, each bias after its weight', async () => {
    const model = small();
    const opened = await openFile(await save(model));
    expect(opened.model.parameters.map(({ name, shape }) => [name, shape])).toEqual([
      ['hidden/kernel', [4, 5]],
      ['hidden/bias', [5]],
      ['head/kernel', [5, 3]],
      ['head/bias', [3]],
    ]);
    expect(opened.model.layers.map(({ name, kind, bias }) => [name, kind, bias])).toEqual([
      ['hidden', 'dense', true],
      ['head', 'dense', true],
    ]);
    const { initializer } = opened.model.parameters[0];
    if (initializer.kind !== 'values') throw new Error('expected stored values');
    expect(readStoredValues('w', initializer.base64, 20)).toEqual(model.weights[0].read().dataSync());
  });

  it('draws the weights of a topology without weights from the run, by its initialisers', async () => {
    const path = await save(small());
    const { modelTopology } = JSON.parse(readFileSync(path, 'utf8')) as { modelTopology: object };
    writeFileSync(path, JSON.stringify({ modelTopology }));
    const kinds = kindsOf(await openFile(path));
    expect(kinds).toEqual({
      'hidden/kernel': 'truncated-normal',
      'hidden/bias': 'normal',
      'head/kernel': 'truncated-normal',
      'head/bias': 'normal',
    });
  });

  it('keeps frozen layers as constants of the graph', async () => {
    const model = small();
    model.layers[0].trainable = false;
    const opened = await openFile(await save(model));
    expect(opened.model.parameters.map(({ name }) => name)).toEqual(['head/kernel', 'head/bias']);
    expect(opened.layersModel?.weights.map(({ use }) => use)).toEqual(['frozen', 'frozen', 'trained', 'trained']);
  });

  it('reads weights from several shards, and has a digest of every file', async () => {
    const folder = temporaryFolder();
    const path = await save(small(), folder);
    const before = userModelDigest({ kind: 'layers-model', path, task: 'classification' });
    const json = JSON.parse(readFileSync(path, 'utf8')) as { weightsManifest: { paths: string[] }[] };
    const bytes = readFileSync(join(folder, 'weights.bin'));
    writeFileSync(join(folder, 'a.bin'), bytes.subarray(0, 32));
    writeFileSync(join(folder, 'b.bin'), bytes.subarray(32));
    json.weightsManifest[0].paths = ['a.bin', 'b.bin'];
    const [whole] = (await openFile(path)).model.parameters;
    writeFileSync(path, JSON.stringify(json));
    expect((await openFile(path)).model.parameters[0]).toEqual(whole);
    expect(userModelDigest({ kind: 'layers-model', path, task: 'classification' })).not.toBe(before);
  });

  it('finds custom layers that a module registers', async () => {
    const source = `
      import * as tf from '@tensorflow/tfjs-core';
      import * as tfl from '@tensorflow/tfjs-layers';
      class Scale extends tfl.layers.Layer {
        static className = 'Scale';
        build([, width]) { this.factor = this.addWeight('factor', [width], 'float32', tfl.initializers.ones()); this.built = true; }
        call(inputs) { return tf.mul(Array.isArray(inputs) ? inputs[0] : inputs, this.factor.read()); }
        computeOutputShape(shape) { return shape; }
      }
      tf.serialization.registerClass(Scale);
    `;
    // In the package's folder, where the module finds tfjs as a user's would in its own.
    const customLayers = writeModule(source, { name: 'layers.mjs', folder: temporaryFolder(join(import.meta.dirname, '..')) });
    await import(customLayers);
    const config = { class_name: 'Scale', config: { name: 'scale', batch_input_shape: [null, 4] } };
    const head = { class_name: 'Dense', config: { name: 'head', units: 3 } };
    const path = writeModule(
      JSON.stringify({ modelTopology: { class_name: 'Sequential', config: { name: 'm', layers: [config, head] } } }),
      { name: 'model.json' },
    );
    const { model } = await openFile(path, { customLayers });
    expect(model.parameters.map(({ name }) => name)).toEqual(['scale/factor', 'head/kernel', 'head/bias']);
  });

  it.each([
    ['a graph model', { format: 'graph-model', modelTopology: {} }, /expected a layers model .*got graph-model .*cannot be trained/],
    ['something else', { hello: 1 }, /expected a layers model/],
    [
      'an unknown layer',
      { modelTopology: { class_name: 'Sequential', config: { name: 'm', layers: [{ class_name: 'Secret', config: {} }] } } },
      /Unknown layer: Secret.*\(register custom layers in a module and name it as customLayers\)/s,
    ],
  ])('refuses %s', async (_, json, message) => {
    await expect(openFile(writeModule(JSON.stringify(json), { name: 'model.json' }))).rejects.toThrow(message);
  });

  it('refuses a shard that is not there', async () => {
    const folder = temporaryFolder();
    const path = await save(small(), folder);
    writeFileSync(path, readFileSync(path, 'utf8').replace('weights.bin', 'lost.bin'));
    await expect(openFile(path)).rejects.toThrow(/lost\.bin: expected a readable file, got no such file/);
  });
});

describe('openUserModel of a tf.LayersModel in memory', () => {
  const inMemory = (layers: string): string => `export const model = ({ tf }) => tf.sequential({ layers: [${layers}] });`;

  it('names layers within the model, whatever was made before, and draws random weights from the run', async () => {
    const source = inMemory(
      'tf.layers.dense({ units: 4, inputShape: [4] }), tf.layers.dense({ units: 3, kernelInitializer: tf.initializers.glorotUniform({ seed: 1 }) })',
    );
    const first = kindsOf(await openModule(source));
    expect(first).toEqual({
      'dense_Dense1/kernel': 'truncated-normal',
      'dense_Dense1/bias': 'constant',
      'dense_Dense2/kernel': 'values',
      'dense_Dense2/bias': 'constant',
    });
    expect(kindsOf(await openModule(source))).toEqual(first);
  });

  it('trains with a loss of its own on the output as it is', async () => {
    const source = `export const model = ({ tf }) => ({
      layersModel: tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4], activation: 'sigmoid' })] }),
      loss: (output, y) => tf.sum(tf.squaredDifference(output, tf.oneHot(y, 3)), 1),
    });`;
    const { model } = await openModule(source);
    expect(model.task).toMatchObject({ name: 'custom', columns: ['loss', 'hit'] });
    expect(model.task.sampled).toBeUndefined();
  });

  it.each([
    [
      'an activation that is neither softmax nor linear',
      "tf.layers.dense({ units: 3, inputShape: [4], activation: 'sigmoid' })",
      /expected a softmax over the classes, or logits .*got sigmoid/,
    ],
    [
      'too few outputs',
      'tf.layers.dense({ units: 2, inputShape: [4] })',
      /expected shape \[3\], a value for each class of the data, got \[2\]/,
    ],
    [
      'an input of another size',
      'tf.layers.dense({ units: 3, inputShape: [5] })',
      /input of .*: expected a shape of as many values as an example of the data, \[4\], got \[5\]/,
    ],
    ['nothing to train', 'tf.layers.dense({ units: 3, inputShape: [4], trainable: false })', /expected a weight to train, got none/],
    [
      'random first values without a rule',
      'tf.layers.dense({ units: 3, inputShape: [4], kernelInitializer: tf.initializers.randomNormal({ mean: 1 }) })',
      /kernel: expected first values that can be drawn from the seed of the run, got random ones of RandomNormal/,
    ],
    [
      'a mask that examples share',
      'tf.layers.dropout({ rate: 0.5, noiseShape: [1, 4], inputShape: [4] }), tf.layers.dense({ units: 3 })',
      /expected a mask for every example, got noiseShape/,
    ],
  ])('refuses %s', async (_, layers, message) => {
    await expect(openModule(inMemory(layers))).rejects.toThrow(message);
  });
});

describe('openUserModel of { layersModel, loss }', () => {
  it('refuses a loss that is a mean over the batch', async () => {
    const source = `export const model = ({ tf }) => ({
      layersModel: tf.sequential({ layers: [tf.layers.dense({ units: 3, inputShape: [4] })] }),
      loss: (output, y) => tf.losses.softmaxCrossEntropy(tf.oneHot(y, 3), output),
    });`;
    await expect(openModule(source)).rejects.toThrow(
      /loss of .*: loss: expected one number for each example, \[B\], got one number for the whole batch/,
    );
  });

  it('reconstructs its input as an autoencoder, and refuses an output of another size', async () => {
    const model = (units: number): tfl.LayersModel =>
      tfl.sequential({ layers: [tfl.layers.dense({ units, inputShape: [2, 2] }), tfl.layers.flatten()] });
    const { model: opened } = await openFile(await save(model(2)), { task: 'autoencoder' });
    expect(opened.task).toMatchObject({ name: 'regression', target: 'features', columns: ['loss'] });
    await expect(openFile(await save(model(3)), { task: 'autoencoder' })).rejects.toThrow(
      /as many values as an example of the data, \[4\], to reconstruct it, got \[6\]/,
    );
  });
});

describe('openUserModel of a layer that cannot be recorded', () => {
  it('names the layer', async () => {
    const source = `export const model = ({ tf }) => {
      class Reader extends tf.layers.Layer {
        static className = 'Reader';
        call(inputs) { inputs[0].dataSync(); return inputs[0]; }
        computeOutputShape(shape) { return shape; }
      }
      return tf.sequential({ layers: [new Reader({ name: 'reader', inputShape: [4] }), tf.layers.dense({ units: 3 })] });
    };`;
    await expect(openModule(source)).rejects.toThrow(
      /layer reader \(Reader\): Reshape \[5,4\]: expected a value used by tfjs ops only, got dataSync/,
    );
  });
});

describe('exportLayersModel', () => {
  it('writes trained values where tf.loadLayersModel reads them: the same predictions', async () => {
    const { layersModel } = await openFile(await save(small()));
    const { model, weights } = layersModel!;
    const values = new Map(
      weights.map(({ name, variable }) => [name, Float32Array.from({ length: variable.read().size }, (_, i) => Math.sin(i + name.length))]),
    );
    const before = model.weights.map((weight) => weight.read().dataSync());
    const read = await readLayersModel(await exportLayersModel({ model, weights, values, folder: temporaryFolder() }));
    expect(model.weights.map((weight) => weight.read().dataSync())).toEqual(before);
    const x = tf.randomNormal([6, 4], 0, 1, 'float32', 7);
    const expected = small();
    expected.setWeights(weights.map(({ name, variable }) => tf.tensor(values.get(name)!, variable.shape as number[])));
    expectClose((read.predict(x) as tf.Tensor).dataSync(), (expected.predict(x) as tf.Tensor).dataSync(), { abs: 1e-7 });
  });

  it.each([
    ['an unknown name', 'other/kernel', 20, /other\/kernel: expected a weight of the model: hidden\/kernel, /],
    ['another size', 'hidden/kernel', 3, /hidden\/kernel: expected 20 values, got 3/],
  ])('refuses %s', async (_, name, size, message) => {
    const { layersModel } = await openFile(await save(small()));
    const values = new Map([[name, new Float32Array(size)]]);
    await expect(exportLayersModel({ ...layersModel!, values, folder: temporaryFolder() })).rejects.toThrow(message);
  });
});
