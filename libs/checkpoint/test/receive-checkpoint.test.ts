import { describe, expect, it } from 'vitest';
import { CheckpointStore, float32Tensor, float64Tensor, readCheckpoint, receiveCheckpoint } from '../src/index.ts';
import type { CheckpointContent, ReceiveOptions } from '../src/index.ts';
import { MemoryDisk, systemError } from './memory-disk.ts';

const FOLDER = '/run/checkpoints';

/** Parameters that change with the step, factors that do not, and equal chunks in one file. */
function content(step: number): CheckpointContent {
  const parameters = new Map([
    [
      'w',
      float32Tensor(
        [100],
        Float32Array.from({ length: 100 }, (_, i) => (i < 40 ? 0 : step + i)),
      ),
    ],
  ]);
  const optimizer = new Map([
    [
      'factors',
      float64Tensor(
        [40],
        Float64Array.from({ length: 40 }, (_, i) => i),
      ),
    ],
    ['momentum', float64Tensor([16], new Float64Array(16).fill(step))],
  ]);
  const files = {
    'parameters.safetensors': { tensors: parameters },
    'optimizer.safetensors': { tensors: optimizer, store: 'chunks' as const },
  };
  return { files, facts: { step } };
}

function storeOn(disk: MemoryDisk): CheckpointStore {
  return new CheckpointStore(FOLDER, { disk, chunkBytes: 64 });
}

/** Somebody who has checkpoints, and takes note of what is asked for. */
async function sender(
  ...steps: number[]
): Promise<{ readonly disk: MemoryDisk; readonly asked: string[]; offer(step: number): Promise<ReceiveOptions> }> {
  const disk = new MemoryDisk();
  const store = storeOn(disk);
  for (const step of steps) await store.write(step, content(step));
  const asked: string[] = [];
  const get = async (digest: string): Promise<Uint8Array> => {
    asked.push(digest);
    return (await store.objects.read(digest))!;
  };
  const offer = async (step: number): Promise<ReceiveOptions> => ({
    step,
    manifest: await disk.read(`${store.path(step)}/manifest.json`),
    get,
  });
  return { disk, asked, offer };
}

/** Files by path, without what no manifest names. */
async function soundFiles(disk: MemoryDisk): Promise<ReadonlyMap<string, Buffer>> {
  await storeOn(disk).collect();
  return disk.files();
}

describe('receiveCheckpoint', () => {
  it('makes the same folder, byte for byte, with shared chunks in the shared store', async () => {
    const from = await sender(1, 2);
    const to = new MemoryDisk();
    const store = storeOn(to);
    await receiveCheckpoint(store, await from.offer(1));
    const { path, receivedBytes } = await receiveCheckpoint(store, await from.offer(2));
    expect(path).toBe(`${FOLDER}/step-000002`);
    expect(receivedBytes).toBeGreaterThan(0);
    expect(await soundFiles(to)).toEqual(await soundFiles(from.disk));
    expect((await store.newestGood()).step).toBe(2);
  });

  it('asks for no chunk twice, and for none that an earlier checkpoint has brought', async () => {
    const from = await sender(1, 2);
    const store = storeOn(new MemoryDisk());
    await receiveCheckpoint(store, await from.offer(1));
    const first = new Set(from.asked.splice(0));
    await receiveCheckpoint(store, await from.offer(2));
    expect(from.asked.filter((digest) => first.has(digest))).toEqual([]);
    expect(new Set(from.asked).size).toBe(from.asked.length);
    from.asked.splice(0);
    expect((await receiveCheckpoint(store, await from.offer(2))).receivedBytes).toBe(0);
    expect(from.asked).toEqual([]);
  });

  it('takes what passes, leaves out what is damaged there, and asks for the rest', async () => {
    const from = await sender(1);
    const offer = await from.offer(1);
    let damaged = '';
    const stream: ReceiveOptions['stream'] = async function* (wanted) {
      const [first, second, third] = wanted;
      damaged = first;
      yield { digest: first, bytes: Uint8Array.of(1) };
      yield { digest: `sha256:${'0'.repeat(64)}`, bytes: new Uint8Array(64) };
      for (const digest of [second, third]) yield { digest, bytes: await offer.get(digest, new AbortController().signal) };
    };
    const to = new MemoryDisk();
    await receiveCheckpoint(storeOn(to), { ...offer, stream });
    expect(from.asked).toContain(damaged);
    expect(new Set(from.asked).size).toBe(from.asked.length);
    expect(await soundFiles(to)).toEqual(await soundFiles(from.disk));
  });

  it('goes on where it was after a power cut at any operation, and what is listed is whole at any time', async () => {
    const from = await sender(1, 2);
    const offers = [await from.offer(1), await from.offer(2)];
    for (let crash = 0, isThrough = false; !isThrough; crash += 3) {
      const disk = new MemoryDisk();
      await receiveCheckpoint(storeOn(disk), offers[0]);
      const before = disk.operations;
      disk.fault = (_operation, count) => {
        if (count >= before + crash) throw systemError('EIO', 'cut');
      };
      isThrough = await receiveCheckpoint(storeOn(disk), offers[1]).then(
        () => true,
        () => false,
      );
      disk.powerCut((question) => question % 3 !== crash % 2);
      for (const step of await storeOn(disk).list()) await storeOn(disk).read(step);
      await receiveCheckpoint(storeOn(disk), offers[1]);
      expect(await soundFiles(disk)).toEqual(await soundFiles(from.disk));
    }
  });

  it('does not ask again for what arrived before it was interrupted', async () => {
    const from = await sender(1);
    const offer = await from.offer(1);
    const disk = new MemoryDisk();
    const lost = new Error('the sender is gone');
    let left = 12;
    const get: ReceiveOptions['get'] = async (digest, signal) => {
      if (left-- <= 0) throw lost;
      return offer.get(digest, signal);
    };
    await expect(receiveCheckpoint(storeOn(disk), { ...offer, get })).rejects.toBe(lost);
    const arrived = new Set(from.asked.splice(0));
    expect(arrived.size).toBeGreaterThan(3);
    await receiveCheckpoint(storeOn(disk), offer);
    expect(from.asked.filter((digest) => arrived.has(digest)).length).toBe(0);
    expect(await soundFiles(disk)).toEqual(await soundFiles(from.disk));
  });

  it('ends with the reason of its signal', async () => {
    const offer = await (await sender(1)).offer(1);
    const controller = new AbortController();
    const reason = new Error('enough');
    const get: ReceiveOptions['get'] = async (digest, signal) => {
      controller.abort(reason);
      return offer.get(digest, signal);
    };
    await expect(receiveCheckpoint(storeOn(new MemoryDisk()), { ...offer, get, signal: controller.signal })).rejects.toBe(reason);
  });

  it('writes a part of a checkpoint that needs no other and says of what it is a part', async () => {
    const from = await sender(1);
    const disk = new MemoryDisk();
    const { path, manifest } = await receiveCheckpoint(storeOn(disk), { ...(await from.offer(1)), only: ['optimizer.safetensors'] });
    expect(manifest.facts).toEqual({ step: 1, selectedFrom: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) as string });
    const read = await readCheckpoint(path, { disk });
    expect(read.manifest).toEqual(manifest);
    expect([...read.files.keys()]).toEqual(['optimizer.safetensors']);
    expect(read.files.get('optimizer.safetensors')?.tensors.get('momentum')?.data[0]).toBe(1);
    expect([...disk.files().keys()].some((name) => name.includes('/chunks/'))).toBe(false);
  });

  it('refuses a manifest of another step, a file that is not there, and a chunk that is another', async () => {
    const from = await sender(1);
    const offer = await from.offer(1);
    const store = storeOn(new MemoryDisk());
    await expect(receiveCheckpoint(store, { ...offer, step: 2 })).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
    await expect(receiveCheckpoint(store, { ...offer, only: ['model.json'] })).rejects.toThrow(/expected a checkpoint with model.json/);
    await expect(receiveCheckpoint(store, { ...offer, get: async () => new Uint8Array(64) })).rejects.toThrow(/expected the chunk sha256:/);
    expect(await store.list()).toEqual([]);
  });
});
