import { describe, expect, it } from 'vitest';
import { CheckpointStore, float32Tensor, manifestDigest } from '../src/index.ts';
import type { CheckpointContent } from '../src/index.ts';
import { MemoryDisk } from './memory-disk.ts';

const FOLDER = '/run/checkpoints';

function content(step: number): CheckpointContent {
  const tensors = new Map([['w', float32Tensor([80], new Float32Array(80).fill(step))]]);
  return { files: { 'parameters.safetensors': { tensors }, 'optimizer.safetensors': { tensors, store: 'chunks' } }, facts: { step } };
}

async function storeWith(...steps: number[]): Promise<{ readonly store: CheckpointStore; readonly disk: MemoryDisk }> {
  const disk = new MemoryDisk();
  const store = new CheckpointStore(FOLDER, { disk, chunkBytes: 128 });
  for (const step of steps) await store.write(step, content(step));
  return { store, disk };
}

describe('CheckpointObjects', () => {
  it('gives the manifest of every checkpoint under the digest of its bytes', async () => {
    const { store, disk } = await storeWith(1, 2);
    for (const step of [1, 2]) {
      const bytes = await disk.read(`${store.path(step)}/manifest.json`);
      expect(await store.objects.read(manifestDigest((await store.read(step)).manifest))).toEqual(bytes);
      expect(await store.objects.read(manifestDigest(bytes))).toEqual(bytes);
    }
  });

  it('gives every chunk, of plain files and of the shared store, and together they are the file', async () => {
    const { store, disk } = await storeWith(1);
    const { manifest } = await store.read(1);
    const whole: Buffer[] = [];
    for (const hex of manifest.files['parameters.safetensors'].chunks)
      whole.push(Buffer.from((await store.objects.read(`sha256:${hex}`))!));
    expect(Buffer.concat(whole)).toEqual(await disk.read(`${store.path(1)}/parameters.safetensors`));
    for (const hex of manifest.files['optimizer.safetensors'].chunks) expect(await store.objects.read(`sha256:${hex}`)).toBeDefined();
  });

  it('finds a checkpoint that came after it had looked, and another one of the same step', async () => {
    const { store } = await storeWith(1);
    expect(await store.objects.read(`sha256:${'0'.repeat(64)}`)).toBeUndefined();
    const second = manifestDigest(await store.write(2, content(2)));
    expect(await store.objects.read(second)).toBeDefined();
    const again = manifestDigest(await store.write(2, { ...content(3), facts: { step: 2, again: true } }));
    expect(await store.objects.read(again)).toBeDefined();
    expect(await store.objects.read(second)).toBeUndefined();
  });

  it('gives nothing for a checkpoint that is gone, damaged bytes, or a name that is none', async () => {
    const { store, disk } = await storeWith(1, 2, 3);
    const { manifest } = await store.read(2);
    const [first] = manifest.files['parameters.safetensors'].chunks;
    await store.retain({ last: 1, pinned: [1] });
    expect(await store.objects.read(manifestDigest(manifest))).toBeUndefined();
    expect(await store.objects.read(`sha256:${first}`)).toBeUndefined();

    const [damaged] = (await store.read(3)).manifest.files['parameters.safetensors'].chunks;
    await disk.writeRange(`${store.path(3)}/parameters.safetensors`, 3, Uint8Array.of(7));
    await disk.writeRange(`${FOLDER}/chunks/${damaged.slice(0, 2)}/${damaged}`, 3, Uint8Array.of(7));
    expect(await store.objects.read(`sha256:${damaged}`)).toBeUndefined();
    expect(await store.objects.read('sha256:../../secret')).toBeUndefined();
  });
});
