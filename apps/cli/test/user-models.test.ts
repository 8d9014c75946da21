/**
 * The gate of users' models: the examples' conv net (a tf.LayersModel from its files) and hand-written function train through the real
 * path, graph, native runtime, slots and sums, to the loss curve of eager tfjs on its own CPU backend, without a change to their code.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { openDataset } from '@geodesic/data';
import { decodeBundle, stateLayout } from '@geodesic/engine';
import { classificationTask } from '@geodesic/nn';
import { parseRunSpec, type RunSpec } from '@geodesic/run-spec';
import { viewOf } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { exportLayersModel, openUserModel, readLayersModel, userModelDigest } from '@geodesic/user-models';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildBundle } from '../src/build-bundle.ts';
import { prepareUserModel, userModelGroups } from '../src/user-model.ts';
import { custom, eagerFunction, eagerLayers, layers, tolerance, writtenSpec } from './eager-sgd.ts';
import { runBundle } from './run-in-process.ts';

const fixtures = join(import.meta.dirname, 'fixtures');

function specOf(model: object, groups?: readonly object[]): RunSpec {
  return parseRunSpec(JSON.stringify(writtenSpec(model, groups && { groups })), { format: 'json' });
}

/** The loss of every step through bundle, trainer and slot programs. */
async function lossesOf(bundle: Uint8Array): Promise<number[]> {
  return (await runBundle(bundle)).history.map(({ trainLoss }) => trainLoss);
}

describe('a run of a model that the user brings', () => {
  it('follows the loss curve of eager tfjs: a convolutional tf.LayersModel', async () => {
    const spec = specOf(layers.model);
    const { bundle } = buildBundle(spec, await prepareUserModel(spec, layers.folder));
    const losses = await lossesOf(bundle);
    expectClose(losses, await eagerLayers(spec), { rel: tolerance });
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]);
  });

  it('follows the loss curve of eager tfjs: a hand-written function with a loss of its own', async () => {
    const spec = specOf(custom.model);
    const { bundle } = buildBundle(spec, await prepareUserModel(spec, custom.folder));
    const losses = await lossesOf(bundle);
    expectClose(losses, await eagerFunction(spec, bundle), { rel: tolerance });
    expect(losses.at(-1)).toBeLessThan(0.8 * losses[0]);
  });

  it.each([
    ['the conv net', layers],
    ['the function', custom],
  ])('trains %s by K-FAC on the layers that its graph shows', async (_, { model, folder }) => {
    const spec = specOf(model, [{ name: 'layers', match: ['**'], method: 'kfac', damping: 0.1 }]);
    const { bundle, summary } = buildBundle(spec, await prepareUserModel(spec, folder));
    expect(summary.groups.map(({ method, layers }) => [method, layers])).toEqual([['kfac', 3]]);
    const losses = await lossesOf(bundle);
    expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]);
  });
});

describe('a run of a tf.LayersModel with batch norm, dropout, a regulariser and a frozen layer', () => {
  const spec = specOf({ module: './normed-model.mjs' });

  it('trains, with running moments as committed state and a random input for the mask', async () => {
    const { bundle, summary } = buildBundle(spec, await prepareUserModel(spec, fixtures));
    const { state, phases, parameters } = decodeBundle(bundle);
    expect(state.map(({ name, shape }) => [name, shape])).toEqual([
      ['norm.mean', [4]],
      ['norm.variance', [4]],
    ]);
    expect(phases['grad'].random.map(({ name, width }) => [name, width])).toEqual([['uniform:dropout', 36]]);
    expect(phases['eval'].random).toEqual([]);
    expect(parameters.map(({ name }) => name)).not.toContain('identity/kernel');
    const { history, trainer } = await runBundle(bundle);
    expect(history.at(-1)?.['trainLoss']).toBeLessThan(0.7 * history[0]['trainLoss']);
    expect([...trainer.state].every((value) => Number.isFinite(value) && value !== 0 && value !== 1)).toBe(true);
    expect(summary.parameters).toBe(36 + 8 + 36 * 16 + 16 + 170);
  });

  it('is preconditioned by K-FAC where its layers allow it', async () => {
    const { model } = (await prepareUserModel(spec, fixtures))!;
    expect(userModelGroups(model)).toMatchObject([
      { method: 'kfac', match: ['conv', 'hidden', 'head'] },
      { method: 'adam', match: ['**'] },
    ]);
    const { groups: _groups, ...optimizer } = spec.optimizer;
    const open = { ...spec, optimizer };
    const { bundle, spec: frozen } = buildBundle(open, await prepareUserModel(open, fixtures));
    expect(frozen.optimizer.groups.map(({ method }) => method)).toEqual(['kfac', 'adam']);
    const { history } = await runBundle(bundle);
    expect(history.at(-1)?.['trainLoss']).toBeLessThan(0.5 * history[0]['trainLoss']);
  });
});

describe('exportLayersModel of a trained run', () => {
  it.each([
    ['the conv net', { kind: 'layers-model', path: join(layers.folder, 'model.json'), task: 'classification' }, layers.model],
    ['batch norm and dropout', { kind: 'module', path: join(fixtures, 'normed-model.mjs'), options: {} }, { module: './normed-model.mjs' }],
  ] as const)('writes a model that predicts in eager tfjs what the run evaluated: %s', async (_, source, model) => {
    const spec = specOf(model);
    const opened = await openUserModel(source, { featureShape: [64], classes: 10, labelSmoothing: 0 });
    const { bundle } = buildBundle(spec, { model: opened.model, digest: userModelDigest(source) });
    const { trainer, measurements } = await runBundle(bundle);
    const parameters = trainer.layout.entries.map(({ name }) => [name, viewOf(trainer.layout, trainer.parameters, name)] as const);
    const table = stateLayout(opened.model.state);
    const state = table.entries.map(({ name }) => [name, viewOf(table, trainer.state, name)] as const);
    const folder = mkdtempSync(join(tmpdir(), 'geo-export-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = await exportLayersModel({ ...opened.layersModel!, values: new Map([...parameters, ...state]), folder });
    expectClose(await testAccuracy(await readLayersModel(path)), measurements['testAccuracy'], { abs: 1e-12 });
  });
});

/** Share of the test split that an eager model gets right. */
async function testAccuracy(model: Awaited<ReturnType<typeof readLayersModel>>): Promise<number> {
  const split = openDataset({ source: 'digits' }).split('test');
  const x = new Float32Array(split.size * 64);
  const y = new Int32Array(split.size);
  split.fill(Int32Array.from(y.keys()), x, y, new Float32Array(split.size));
  const predicted = tf.argMax(model.predict(tf.tensor(x, [split.size, 8, 8, 1])) as tf.Tensor, 1).dataSync();
  return y.reduce((hits, label, i) => hits + (predicted[i] === label ? 1 : 0), 0) / split.size;
}

describe('buildBundle of a model that the user brings', () => {
  it('gives the same bytes again, with the digest of the files in the spec, and none of the code', async () => {
    const spec = specOf(custom.model);
    const build = async (): Promise<Uint8Array> => buildBundle(spec, await prepareUserModel(spec, custom.folder)).bundle;
    const bytes = await build();
    expect(Buffer.from(await build()).equals(Buffer.from(bytes))).toBe(true);
    expect(decodeBundle(bytes).spec).toMatchObject({
      model: { ...custom.model, digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string },
    });
    const text = new TextDecoder().decode(bytes);
    for (const code of ['=>', 'function', 'import ', 'tf.', 'return ']) expect(text).not.toContain(code);
  });

  it('refuses files that are not those that the spec was frozen with', async () => {
    const frozen = specOf({ ...custom.model, digest: `sha256:${'0'.repeat(64)}` });
    await expect(prepareUserModel(frozen, custom.folder)).rejects.toThrow(
      /model\.digest: expected sha256:0{64}, got sha256:.*\(the files have changed/,
    );
  });
});

describe('userModelGroups', () => {
  it('preconditions captured layers by K-FAC and trains the rest by Adam', async () => {
    const { model } = (await prepareUserModel(specOf(custom.model), custom.folder))!;
    const [first, second] = model.layers;
    expect(userModelGroups(model)).toMatchObject([{ method: 'kfac', match: ['lift', 'mix', 'head'] }]);
    expect(userModelGroups({ ...model, layers: [first, second] })).toMatchObject([
      { method: 'kfac', match: ['lift', 'mix'] },
      { method: 'adam', match: ['**'] },
    ]);
  });

  it('trains by Adam alone what has no Fisher matrix', async () => {
    const { model } = (await prepareUserModel(specOf(custom.model), custom.folder))!;
    const { sampled: _sampled, ...task } = { ...classificationTask({ classes: 10 }) };
    expect(userModelGroups({ ...model, task })).toMatchObject([{ name: 'all', method: 'adam' }]);
  });
});
