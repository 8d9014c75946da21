/** Models that users bring on a real cluster: the curve of eager tfjs, and code that stays at home. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { readCheckpoint } from '@geodesic/checkpoint';
import { parseRunSpec } from '@geodesic/run-spec';
import { expectClose } from '@geodesic/testing';
import { readLayersModel } from '@geodesic/user-models';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildBundle } from '../src/build-bundle.ts';
import { prepareUserModel } from '../src/user-model.ts';
import { custom, eagerFunction, eagerLayers, layers, tolerance, writtenSpec } from './eager-sgd.ts';
import { dataOf, geo, processesNaming } from './geo-process.ts';

let runs: string;

beforeEach(() => (runs = mkdtempSync(join(tmpdir(), 'geo-runs-'))));

afterEach(() => {
  expect(processesNaming(runs)).toEqual([]);
  rmSync(runs, { recursive: true });
});

/** Writes a spec beside the runs; its paths are made absolute. */
function writeSpec(written: object): string {
  const path = join(runs, 'run.json');
  writeFileSync(path, JSON.stringify(written));
  return path;
}

async function train(spec: string, ...args: readonly string[]): Promise<{ losses: number[]; digest: unknown; directory: string }> {
  const result = await geo('run', spec, '--runs', runs, '--format', 'json', ...args);
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  const { directory, paramsDigest } = dataOf(result);
  const measurements = readFileSync(join(String(directory), 'measurements.ndjson'), 'utf8')
    .trimEnd()
    .split('\n');
  const losses = measurements.flatMap((line) => (JSON.parse(line) as { trainLoss?: number }).trainLoss ?? []);
  return { losses, digest: paramsDigest, directory: String(directory) };
}

describe('geo run of a model that the user brings', () => {
  it('follows the loss curve of eager tfjs with two workers: a tf.LayersModel', async () => {
    const written = writtenSpec({ layersModel: resolve(layers.folder, layers.model.layersModel) });
    const { losses } = await train(writeSpec(written));
    const spec = parseRunSpec(JSON.stringify(written), { format: 'json' });
    expectClose(losses, await eagerLayers(spec), { rel: tolerance });
  });

  it('follows the loss curve of eager tfjs with two workers: a hand-written function', async () => {
    const written = writtenSpec({ ...custom.model, module: resolve(custom.folder, custom.model.module) });
    const { losses } = await train(writeSpec(written));
    const spec = parseRunSpec(JSON.stringify(written), { format: 'json' });
    const { bundle } = buildBundle(spec, await prepareUserModel(spec, runs));
    expectClose(losses, await eagerFunction(spec, bundle), { rel: tolerance });
  });

  it('loads the module once, in a thread of geo, and in no other process', async () => {
    const loadedBy = join(runs, 'loaded-by');
    process.env['LOADED_BY'] = loadedBy;
    await train(writeSpec(writtenSpec({ module: join(import.meta.dirname, 'fixtures/traces-its-loading.mjs') }, { steps: 2 })));
    delete process.env['LOADED_BY'];
    expect(readFileSync(loadedBy, 'utf8')).toMatch(new RegExp(`^\\d+ ${process.pid} thread\\n$`));
  });

  it('refuses what cannot be recorded, with op, place and remedy, and leaves nothing behind', async () => {
    const path = join(runs, 'my-model.mjs');
    const source = [
      'export const model = ({ tf }) => ({',
      '  parameters: { w: { shape: [64, 10] } },',
      '  forward: ({ x, w }) => tf.dropout(x, 0.5).matMul(w),',
      '});',
    ];
    writeFileSync(path, source.join('\n'));
    const spec = writeSpec(writtenSpec({ module: './my-model.mjs' }));
    for (const command of ['run', 'validate']) {
      const where = command === 'run' ? ['--runs', runs] : [];
      const { exitCode, stdout } = await geo(command, spec, '--format', 'json', ...where);
      const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
      expect({ exitCode, code: error.code }).toEqual({ exitCode: 2, code: 'SPEC_INVALID' });
      expect(error.message).toMatch(/dropout \[\d+,64\]: expected a pure function, got random numbers \(pass what changes as an input/);
      expect(error.message).toContain(`${path}:3:`);
    }
  });
});

describe('geo validate of a model that the user brings', () => {
  it('says what would be trained how, with the digest of the files', async () => {
    const result = await geo('validate', 'examples/digits-layers-model/run.yaml', '--format', 'json');
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const { spec, summary } = dataOf(result) as { spec: { model: object }; summary: object };
    expect(spec.model).toMatchObject({ layersModel: './model.json', digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string });
    expect(summary).toMatchObject({ parameters: 1898, groups: [{ name: 'layers', method: 'kfac', layers: 3, parameters: 1898 }] });
  });
});

describe('geo export', () => {
  const example = 'examples/digits-layers-model/run.yaml';

  it('writes what a run has trained as a model that tfjs reads', async () => {
    const { directory } = await train(example, '--set', 'steps=4');
    const checkpoint = join(directory, 'checkpoints/step-000004');
    const result = await geo('export', example, checkpoint, '--to', join(runs, 'model'), '--format', 'json');
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const model = await readLayersModel(String(dataOf(result)['path']));
    const { tensors } = (await readCheckpoint(checkpoint)).files.get('parameters.safetensors')!;
    expect(model.weights.map(({ originalName }) => originalName).toSorted()).toEqual([...tensors.keys()]);
    for (const weight of model.weights) expect(weight.read().dataSync()).toEqual(tensors.get(weight.originalName)!.data);
  });

  it.each([
    ['a recipe', 'examples/digits-mlp.yaml', 'EXPORT', /model mlp-classifier: expected a tf\.LayersModel to export to/],
    ['a hand-written function', 'examples/digits-custom-model/run.yaml', 'EXPORT', /my-model\.mjs: expected a tf\.LayersModel/],
    ['a checkpoint that is not there', example, 'CHECKPOINT_MISSING', /nowhere/],
  ])('refuses %s', async (_, spec, code, message) => {
    const { exitCode, stdout } = await geo('export', spec, join(runs, 'nowhere'), '--to', join(runs, 'model'), '--format', 'json');
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } };
    expect({ exitCode, code: error.code }).toEqual({ exitCode: 2, code });
    expect(error.message).toMatch(message);
  });
});
