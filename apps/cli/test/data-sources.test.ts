/** Runs on data other than the embedded digits, from the spec to the worker. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeBundle } from '@geodesic/engine';
import { digestRunSpec } from '@geodesic/run-spec';
import { writeIdxFiles } from '@geodesic/testing';
import { createSlotComputer } from '@geodesic/worker/slot-program';
import { afterAll, describe, expect, it } from 'vitest';
import { buildBundle } from '../src/build-bundle.ts';
import { runInProcess, specOf } from './run-in-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'geodesic-sources-'));
afterAll(() => rmSync(folder, { recursive: true }));

const base = {
  name: 'sources',
  seed: 1,
  batch: { examples: 40, slots: 2 },
  steps: 6,
  optimizer: { groups: [{ name: 'all', match: ['**'], method: 'adam', learningRate: 0.01 }] },
};
const curves = { ...base, model: { recipe: 'autoencoder', hidden: [12, 4] }, data: { source: 'curves', side: 8, examples: 40 } };
const spiral = { ...base, model: { recipe: 'mlp-classifier', hidden: [8] }, data: { source: 'spiral', points: 60 }, steps: 40 };

describe('a run on generated data', () => {
  it('reconstructs curves: the loss falls', async () => {
    const { history } = await runInProcess(specOf(curves));
    expect(history.at(-1)!['trainLoss']).toBeLessThan(0.95 * history[0]['trainLoss']);
  });

  it('classifies points of a spiral: the loss falls', async () => {
    const { history } = await runInProcess(specOf(spiral));
    expect(history.at(-1)!['trainLoss']).toBeLessThan(history[0]['trainLoss']);
  });

  it.each(['mlp-classifier', 'ndm-classifier', 'cnn-classifier', 'transformer-classifier'])('does not classify curves: %s', (recipe) => {
    const written = specOf({ ...curves, model: { recipe } });
    expect(() => buildBundle(written)).toThrow(
      `model: ${recipe}: expected examples with classes, got the source curves, which has none (use the recipe autoencoder, or another source)`,
    );
  });
});

describe('a run on IDX files', () => {
  const files = writeIdxFiles(folder);
  const data = { source: 'idx', images: 'images.idx', labels: 'labels.idx', testImages: './testImages.idx', testLabels: 'testLabels.idx' };
  const spec = specOf({ ...base, model: { recipe: 'mlp-classifier', hidden: [3] }, data, batch: { examples: 4, slots: 2 } });

  it('records where the files of the folder lie and what they hold', () => {
    const { bundle, spec: frozen } = buildBundle(spec, undefined, { folder });
    const digest = expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string;
    expect(frozen.data).toEqual({ ...files, validation: 0, digest });
    expect(decodeBundle(bundle).spec).toHaveProperty('data', frozen.data);
  });

  it('has the same digest wherever the files lie', () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'geodesic-sources-'));
    try {
      writeIdxFiles(elsewhere);
      const digests = [folder, elsewhere].map((place) => digestRunSpec(buildBundle(spec, undefined, { folder: place }).spec));
      expect(digests[0]).toBe(digests[1]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it('starts no worker whose files hold something else, or are not there', async () => {
    const { bundle } = buildBundle(spec, undefined, { folder });
    await expect(createSlotComputer(bundle)).resolves.toHaveProperty('fingerprint.data');
    writeFileSync(files.labels, Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 4, 2, 1, 1, 2));
    await expect(createSlotComputer(bundle)).rejects.toThrow('other files than those that the run was submitted with');
    rmSync(files.labels);
    await expect(createSlotComputer(bundle)).rejects.toThrow(`readIdx ${files.labels}: expected a readable file, got ENOENT`);
  });
});
