import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CheckpointManifest, float32Tensor, readCheckpoint, writeCheckpoint } from '../src/index.ts';

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
    writeFileSync(join(directory, 'manifest.json'), '{"schemaVersion":2}');
    await expect(readCheckpoint(directory)).rejects.toThrow(
      'manifest.json: expected a manifest of schemaVersion 1, got schemaVersion 2 (it was written by another version)',
    );
    writeFileSync(join(directory, 'manifest.json'), '{"schemaVersion":1,"files":{"../../etc":{}},"facts":{}}');
    await expect(readCheckpoint(directory)).rejects.toThrow('expected a plain file name, got "../../etc"');
  });
});
