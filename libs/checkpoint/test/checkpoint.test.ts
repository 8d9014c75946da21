import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type CheckpointManifest,
  CheckpointStore,
  copyCheckpoint,
  float32Tensor,
  float64Tensor,
  readCheckpoint,
  writeCheckpoint,
} from '../src/index.ts';

let root = '';
let directory = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'geodesic-checkpoint-'));
});
beforeEach(() => {
  directory = join(mkdtempSync(join(root, 'case-')), 'checkpoints', 'step-000050');
});
afterAll(() => rmSync(root, { recursive: true }));

/** Writes a checkpoint of one small tensor. */
function writeStep(step: number, name = 'parameters.safetensors'): Promise<CheckpointManifest> {
  const tensors = new Map([['w', float32Tensor([2], Float32Array.of(step, -step))]]);
  return writeCheckpoint(directory, { files: { [name]: { tensors, metadata: { step: String(step) } } }, facts: { step } });
}

describe('writeCheckpoint', () => {
  it('leaves a folder of the files and the manifest, and nothing temporary', async () => {
    const manifest = await writeStep(50);
    expect(readdirSync(join(directory, '..'))).toEqual(['step-000050']);
    expect(readdirSync(directory).toSorted()).toEqual(['manifest.json', 'parameters.safetensors']);
    expect(manifest.files['parameters.safetensors'].digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8'))).toEqual(manifest);
  });

  it('replaces a checkpoint of the same name and clears what an interrupted write left', async () => {
    await writeStep(1);
    mkdirSync(`${directory}.tmp`);
    writeFileSync(join(`${directory}.tmp`, 'parameters.safetensors'), 'half');
    await writeStep(2);
    expect((await readCheckpoint(directory)).manifest.facts).toEqual({ step: 2 });
    expect(readdirSync(join(directory, '..'))).toEqual(['step-000050']);
  });

  it('says which folder cannot be written and why', async () => {
    mkdirSync(join(directory, '..', '..'), { recursive: true });
    writeFileSync(join(directory, '..'), 'a file where a folder should be');
    await expect(writeStep(1)).rejects.toMatchObject({ code: 'CHECKPOINT_UNWRITABLE', source: directory });
    await expect(writeStep(1)).rejects.toThrow(
      /: expected a folder that can be written, got E\w+: .* \(check the free space and the permissions of the folder\)$/,
    );
  });

  it('refuses file names that leave the folder', async () => {
    await expect(writeStep(1, '../escape')).rejects.toThrow(
      `${directory}: expected a plain file name, got "../escape" (use a name such as parameters.safetensors)`,
    );
  });
});

describe('readCheckpoint', () => {
  it('gives back tensors, metadata and facts', async () => {
    await writeStep(50);
    const { manifest, files } = await readCheckpoint(directory);
    const file = files.get('parameters.safetensors');
    expect(manifest.facts).toEqual({ step: 50 });
    expect(file?.metadata).toEqual({ step: '50' });
    expect(file?.tensors.get('w')).toEqual(float32Tensor([2], Float32Array.of(50, -50)));
  });

  it('refuses a file that was altered, and one that is gone', async () => {
    await writeStep(50);
    const path = join(directory, 'parameters.safetensors');
    appendFileSync(path, 'x');
    await expect(readCheckpoint(directory)).rejects.toThrow(
      /parameters\.safetensors: expected \d+ bytes with sha256:\w+, got \d+ bytes with sha256:\w+ \(the file was/,
    );
    rmSync(path);
    await expect(readCheckpoint(directory)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID', source: path });
  });

  it('tells a missing checkpoint from a damaged manifest', async () => {
    await expect(readCheckpoint(directory)).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' });
    await writeStep(50);
    writeFileSync(join(directory, 'manifest.json'), '{"schemaVersion":3,"files":{},"facts":{}}');
    await expect(readCheckpoint(directory)).rejects.toThrow(
      'manifest.json: expected a manifest of schemaVersion 1 or 2, got schemaVersion 3 (it was written by another version of Geodesic: use that one)',
    );
    writeFileSync(join(directory, 'manifest.json'), '{"schemaVersion":2,"files":{"a.safetensors":{"bytes":1}},"facts":{}}');
    await expect(readCheckpoint(directory)).rejects.toThrow(
      'manifest.json: expected an entry of schemaVersion 2 for a.safetensors, got {"bytes":1} (use another checkpoint)',
    );
    writeFileSync(
      join(directory, 'manifest.json'),
      `{"schemaVersion":1,"files":{"../../etc":{"bytes":0,"digest":"sha256:${'0'.repeat(64)}"}},"facts":{}}`,
    );
    await expect(readCheckpoint(directory)).rejects.toThrow('expected a plain file name, got "../../etc"');
  });
});

/** What version 1 of this library wrote, committed beside this test. */
const FIRST = new URL('./fixtures/schema-1/step-000050', import.meta.url).pathname;

describe('a checkpoint of schemaVersion 1', () => {
  it('is read bit for bit', async () => {
    const { manifest, files } = await readCheckpoint(FIRST);
    expect(manifest).toMatchObject({ schemaVersion: 1, facts: { run: 'digits-ndm', step: 50, version: 51 } });
    expect(manifest.files['parameters.safetensors']).toMatchObject({ bytes: 160, stored: 'file', chunks: [] });
    expect(files.get('parameters.safetensors')?.tensors).toEqual(
      new Map([
        ['stem/weight', float32Tensor([2, 2], Float32Array.of(1, -0, 3e-45, -4.5))],
        ['stem/bias', float32Tensor([2], Float32Array.of(0.1, 2))],
      ]),
    );
    expect(files.get('optimizer.safetensors')?.metadata).toEqual({ run: 'digits-ndm' });
    expect(files.get('optimizer.safetensors')?.tensors.get('all/velocity')?.data).toEqual(Float64Array.of(0.1, 1e-300, 2, 3, 4, 5));
  });

  it('is upgraded when it is copied: the same files, and digests of their chunks', async () => {
    await copyCheckpoint(FIRST, directory);
    const [old, copy] = [await readCheckpoint(FIRST), await readCheckpoint(directory)];
    expect(copy.files).toEqual(old.files);
    expect(copy.manifest).toMatchObject({ schemaVersion: 2, facts: old.manifest.facts });
    expect(copy.manifest.files['optimizer.safetensors'].digest).toBe(old.manifest.files['optimizer.safetensors'].digest);
    expect(readFileSync(join(directory, 'optimizer.safetensors')).equals(readFileSync(join(FIRST, 'optimizer.safetensors')))).toBe(true);
  });
});

describe('copyCheckpoint', () => {
  it('gives a checkpoint in chunks plain files that need no other folder', async () => {
    const store = new CheckpointStore(join(directory, '..'));
    const momentum = float64Tensor(
      [300_000],
      Float64Array.from({ length: 300_000 }, (_, i) => i),
    );
    await store.write(50, {
      files: { 'optimizer.safetensors': { tensors: new Map([['momentum', momentum]]), store: 'chunks' } },
      facts: {},
    });
    const elsewhere = join(mkdtempSync(join(root, 'case-')), 'copy');
    await copyCheckpoint(store.path(50), elsewhere);
    rmSync(store.folder, { recursive: true });
    const { manifest, files } = await readCheckpoint(elsewhere);
    expect(manifest.files['optimizer.safetensors']).toMatchObject({ stored: 'file', chunkBytes: 1 << 20 });
    expect(manifest.files['optimizer.safetensors'].chunks).toHaveLength(3);
    const { data, shape } = files.get('optimizer.safetensors')!.tensors.get('momentum')!;
    expect(shape).toEqual([300_000]);
    expect(Buffer.from(data.buffer).equals(Buffer.from(momentum.data.buffer))).toBe(true);
  });

  it('copies nothing that is damaged', async () => {
    await writeStep(50);
    appendFileSync(join(directory, 'parameters.safetensors'), 'x');
    const elsewhere = join(root, 'never');
    await expect(copyCheckpoint(directory, elsewhere)).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    await expect(readCheckpoint(elsewhere)).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' });
  });
});
