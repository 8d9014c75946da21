import { describe, expect, it } from 'vitest';
import {
  type CheckpointContent,
  CheckpointError,
  CheckpointStore,
  float32Tensor,
  float64Tensor,
  type RetentionPolicy,
} from '../src/index.ts';
import { MemoryDisk, systemError } from './memory-disk.ts';

const FOLDER = '/run/checkpoints';
const CHUNK = 128;

/** Parameters of a step, and an optimiser of which only a part changes from step to step. */
function content(step: number, changing = step): CheckpointContent {
  const [w, factors, momentum] = [Float32Array.of(step, -step), Float64Array.from({ length: 32 }, (_, i) => i), new Float64Array(8)];
  momentum.fill(changing);
  const optimizer = new Map([
    ['a-factors', float64Tensor([32], factors)],
    ['momentum', float64Tensor([8], momentum)],
  ]);
  const files = {
    'parameters.safetensors': { tensors: new Map([['w', float32Tensor([2], w)]]) },
    'optimizer.safetensors': { tensors: optimizer, store: 'chunks' as const },
  };
  return { files, facts: { step } };
}

function storeOn(disk: MemoryDisk): CheckpointStore {
  return new CheckpointStore(FOLDER, { disk, chunkBytes: CHUNK });
}

function chunkFiles(disk: MemoryDisk): string[] {
  return [...disk.files().keys()].filter((path) => path.startsWith(`${FOLDER}/chunks/`));
}

/** The bytes with one bit changed. */
function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 1] ^= 1;
  return copy;
}

/** Everything that is listed can be read and is what was written; nothing lies about that no manifest names. */
async function expectSound(
  disk: MemoryDisk,
  expected: { readonly kept: readonly number[]; readonly gone: readonly number[] },
): Promise<void> {
  const store = storeOn(disk);
  await store.collect();
  const steps = await store.list();
  expect(steps).toEqual(expect.arrayContaining([...expected.kept]));
  expect(steps.filter((step) => expected.gone.includes(step))).toEqual([]);
  const named = new Set<string>();
  for (const step of steps) {
    const { manifest, files } = await store.read(step);
    expect(manifest.facts).toEqual({ step });
    expect(files.get('optimizer.safetensors')?.tensors.get('momentum')?.data[0]).toBe(step);
    for (const chunk of manifest.files['optimizer.safetensors'].chunks) named.add(chunk);
  }
  expect(chunkFiles(disk).map((path) => path.slice(-64))).toEqual(expect.arrayContaining([...named]));
  expect(chunkFiles(disk)).toHaveLength(named.size);
  expect([...disk.files().keys()].filter((path) => /\.(tmp|old)/.test(path))).toEqual([]);
}

describe('CheckpointStore', () => {
  it('keeps parameters as a file and stores what two checkpoints share once', async () => {
    const disk = new MemoryDisk();
    const store = storeOn(disk);
    const first = await store.write(0, content(0));
    const before = chunkFiles(disk).length;
    const second = await store.write(50, content(50));
    expect(disk.files().has(`${FOLDER}/step-000050/parameters.safetensors`)).toBe(true);
    expect(disk.files().has(`${FOLDER}/step-000050/optimizer.safetensors`)).toBe(false);
    const { chunks, chunkBytes, stored, bytes } = second.files['optimizer.safetensors'];
    expect({ chunkBytes, stored, chunks: chunks.length }).toEqual({
      chunkBytes: CHUNK,
      stored: 'chunks',
      chunks: Math.ceil(bytes / CHUNK),
    });
    const fresh = chunks.filter((chunk) => !first.files['optimizer.safetensors'].chunks.includes(chunk));
    expect(fresh.length).toBeLessThan(chunks.length);
    expect(chunkFiles(disk)).toHaveLength(before + new Set(fresh).size);
    expect(second.files['parameters.safetensors']).toMatchObject({ stored: 'file', chunks: [expect.stringMatching(/^[0-9a-f]{64}$/)] });
    await expectSound(disk, { kept: [0, 50], gone: [] });
  });

  it('lists steps in order and leaves out what is no checkpoint', async () => {
    const disk = new MemoryDisk();
    const store = storeOn(disk);
    expect(await store.list()).toEqual([]);
    for (const step of [1_000_000, 50, 0]) await store.write(step, content(step));
    await disk.makeFolder(`${FOLDER}/step-000070`);
    await disk.makeFolder(`${FOLDER}/other`);
    expect(await store.list()).toEqual([0, 50, 1_000_000]);
  });

  it('calls its hooks between the parts of a write', async () => {
    const disk = new MemoryDisk();
    const seen: string[] = [];
    const note = (what: string) => (step: number) =>
      void seen.push(`${what} ${step} ${disk.files().has(`${FOLDER}/step-000007/manifest.json`)}`);
    await new CheckpointStore(FOLDER, { disk, beforeRename: note('before'), afterRename: note('after') }).write(7, content(7));
    expect(seen).toEqual(['before 7 false', 'after 7 true']);
  });

  it('replaces a chunk that the disk damaged instead of naming it again', async () => {
    const disk = new MemoryDisk();
    await storeOn(disk).write(0, content(0));
    for (const path of chunkFiles(disk)) disk.files().get(path)!.fill(0);
    await expect(storeOn(disk).read(0)).rejects.toThrow(
      /chunks\/.*: expected a chunk with sha256:\w+, got 128 bytes with sha256:\w+ \(a chunk/,
    );
    await storeOn(disk).write(50, content(50));
    expect((await storeOn(disk).read(50)).manifest.facts).toEqual({ step: 50 });
  });
});

describe('newestGood', () => {
  it('takes the newest, or the newest up to a step', async () => {
    const store = storeOn(new MemoryDisk());
    for (const step of [0, 50, 100]) await store.write(step, content(step));
    expect(await store.newestGood()).toMatchObject({ step: 100, skipped: [], checkpoint: { manifest: { facts: { step: 100 } } } });
    expect((await store.newestGood({ atMost: 99 })).step).toBe(50);
  });

  it.each([
    [
      'truncated',
      'step-000100/parameters.safetensors',
      (bytes: Buffer) => bytes.subarray(0, -1),
      /parameters\.safetensors: expected \d+ bytes/,
    ],
    ['altered', 'step-000100/parameters.safetensors', flipped, /parameters\.safetensors: expected \d+ bytes/],
    ['cut off', 'step-000100/manifest.json', (bytes: Buffer) => bytes.subarray(0, 40), /manifest\.json: expected JSON/],
  ])('skips a checkpoint that is %s and says why', async (_what, path, damage, reason) => {
    const disk = new MemoryDisk();
    for (const step of [0, 50, 100]) await storeOn(disk).write(step, content(step));
    const bytes = damage(await disk.read(`${FOLDER}/${path}`));
    await disk.remove(`${FOLDER}/${path}`);
    await disk.write(`${FOLDER}/${path}`, [bytes]);
    const { step, skipped } = await storeOn(disk).newestGood();
    expect(step).toBe(50);
    expect(skipped).toEqual([{ step: 100, reason: expect.stringMatching(reason) as string }]);
  });

  it('skips a checkpoint that lost a chunk of its own', async () => {
    const disk = new MemoryDisk();
    const before = await storeOn(disk).write(50, content(50));
    const { files } = await storeOn(disk).write(100, content(100));
    const own = files['optimizer.safetensors'].chunks.find((chunk) => !before.files['optimizer.safetensors'].chunks.includes(chunk))!;
    await disk.remove(chunkFiles(disk).find((path) => path.endsWith(own))!);
    expect(await storeOn(disk).newestGood()).toMatchObject({ step: 50, skipped: [{ step: 100 }] });
  });

  it('says when there is none, and why none can be read', async () => {
    const disk = new MemoryDisk();
    await expect(storeOn(disk).newestGood()).rejects.toThrow(`${FOLDER}: expected a checkpoint, got none (is this the folder of a run?)`);
    await storeOn(disk).write(50, content(50));
    await disk.remove(`${FOLDER}/step-000050/parameters.safetensors`);
    await expect(storeOn(disk).newestGood()).rejects.toThrow(
      /got none that can be read: step 50: .*ENOENT.* \(the run has to begin anew\)$/,
    );
    await expect(storeOn(disk).newestGood({ atMost: 9 })).rejects.toMatchObject({ code: 'CHECKPOINT_MISSING' });
  });
});

describe('retain', () => {
  const steps = [0, 10, 20, 30, 40, 50, 60];

  it.each<[string, RetentionPolicy, number[]]>([
    ['nothing without rules', { pinned: [10] }, []],
    ['all but the newest two and the first', { last: 2, pinned: [] }, [10, 20, 30, 40]],
    ['all but multiples, the first and the newest', { every: 20, pinned: [] }, [10, 30, 50]],
    ['all but what any rule keeps', { last: 2, every: 30, best: [20], pinned: [10, 999] }, [40]],
  ])('removes %s', async (_what, policy, removed) => {
    const disk = new MemoryDisk();
    const store = storeOn(disk);
    for (const step of steps) await store.write(step, content(step));
    expect(await store.retain(policy)).toEqual(removed);
    await expectSound(disk, { kept: steps.filter((step) => !removed.includes(step)), gone: removed });
    expect(await store.retain(policy)).toEqual([]);
  });

  it('removes no chunk while a manifest cannot be read, since it may name any', async () => {
    const disk = new MemoryDisk();
    const store = storeOn(disk);
    for (const step of steps) await store.write(step, content(step));
    const before = chunkFiles(disk);
    const path = `${FOLDER}/step-000060/manifest.json`;
    await disk.remove(path);
    await disk.write(path, [Buffer.from('{"schemaVersion":9}')]);
    expect(await store.retain({ last: 2, pinned: [] })).toEqual([10, 20, 30, 40]);
    expect(chunkFiles(disk)).toEqual(before);
  });

  it('stops when another leader has begun a checkpoint meanwhile, whose chunks may look like garbage', async () => {
    const disk = new MemoryDisk();
    const [deposed, leader] = [storeOn(disk), storeOn(disk)];
    for (let step = 0; step <= 300; step += 10) await deposed.write(step, content(step));
    const before = chunkFiles(disk).length;
    let removed = 0;
    let successor: Promise<unknown> | undefined;
    disk.fault = (operation) => {
      if (!operation.startsWith(`remove ${FOLDER}/chunks/`) || operation.endsWith('.tmp')) return;
      removed += 1;
      successor ??= leader.write(310, content(310, 10));
    };
    await deposed.retain({ last: 1, pinned: [] });
    await successor;
    expect(removed).toBeGreaterThan(0);
    expect(removed).toBeLessThan(before / 2);
    expect((await leader.read(310)).manifest.facts).toEqual({ step: 310 });
  });

  it('completes a checkpoint of which a deposed leader took a chunk', async () => {
    const disk = new MemoryDisk();
    const store = storeOn(disk);
    const { files } = await store.write(0, content(0));
    let taken: Promise<unknown> | undefined;
    disk.fault = (operation) => {
      const [chunk] = files['optimizer.safetensors'].chunks;
      if (operation.startsWith(`rename ${FOLDER}/step-000010`)) taken ??= disk.remove(`${FOLDER}/chunks/${chunk.slice(0, 2)}/${chunk}`);
    };
    await store.write(10, content(10));
    expect(taken).toBeDefined();
    await expectSound(disk, { kept: [0, 10], gone: [] });
  });
});

describe('a disk that fails', () => {
  it.each([
    ['ENOSPC', `write ${FOLDER}/chunks/`],
    ['ENOSPC', `write ${FOLDER}/step-000050.tmp/parameters.safetensors`],
    ['EIO', `sync ${FOLDER}/step-000050.tmp/manifest.json`],
    ['EIO', `sync ${FOLDER}/chunks/`],
    ['EIO', `sync ${FOLDER}`],
  ])('%s at "%s": the error says so, the checkpoints before stay, and a second attempt succeeds', async (code, at) => {
    const disk = new MemoryDisk();
    const store = storeOn(disk);
    await store.write(0, content(0));
    disk.fault = (operation) => {
      if (operation.startsWith(at)) throw systemError(code, operation);
    };
    const failure = await store.write(50, content(50)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CheckpointError);
    expect(failure).toMatchObject({ code: 'CHECKPOINT_UNWRITABLE', cause: { code } });
    expect((await store.read(0)).manifest.facts).toEqual({ step: 0 });
    disk.fault = () => undefined;
    await store.write(50, content(50));
    disk.powerCut(() => false);
    await expectSound(disk, { kept: [0, 50], gone: [] });
  });
});

describe('a crash', () => {
  /** What a run does, and what of it is certain by now. @param renames whether the disk makes both sides of a rename durable at once, as journals do */
  async function work(store: CheckpointStore, certain: Set<number>, renames = true): Promise<void> {
    for (const step of [0, 10, 20]) {
      await store.write(step, content(step));
      certain.add(step);
    }
    certain.delete(10); // from here on it may go
    await store.retain({ last: 1, pinned: [] });
    if (!renames) certain.delete(20);
    await store.write(20, content(20));
    certain.add(20);
  }

  it.each([
    ['of the process', undefined, true],
    ['of the power, which takes all that was not synced', () => false, true],
    ['of the power, which takes every other thing that was not synced', (question: number) => question % 2 === 0, false],
    ['of the power, which takes the other ones', (question: number) => question % 2 === 1, false],
  ])('%s at any point leaves whole checkpoints and garbage that the next collection removes', async (_what, survives, renames) => {
    const whole = new MemoryDisk();
    await work(storeOn(whole), new Set());
    expect(whole.operations).toBeGreaterThan(50);
    for (let at = 0; at < whole.operations; at++) {
      const disk = new MemoryDisk();
      disk.fault = (_operation, count) => {
        if (count >= at) throw systemError('KILLED', `operation ${at}`);
      };
      const certain = new Set<number>();
      await expect(work(storeOn(disk), certain, renames)).rejects.toThrow('KILLED');
      disk.fault = () => undefined;
      if (survives) disk.powerCut(survives);
      await expectSound(disk, { kept: [...certain], gone: [] });
      await storeOn(disk).write(30, content(30));
      await storeOn(disk).retain({ last: 1, pinned: [] });
      expect((await storeOn(disk).newestGood()).step).toBe(30);
    }
  });

  it('leaves chunks that nobody knows to be durable: they are written again', async () => {
    const whole = new MemoryDisk();
    await storeOn(whole).write(0, content(0));
    for (let at = 0; at < whole.operations; at++) {
      const disk = new MemoryDisk();
      disk.fault = (_operation, count) => {
        if (count >= at) throw systemError('KILLED', `operation ${at}`);
      };
      await expect(storeOn(disk).write(0, content(0))).rejects.toThrow('KILLED');
      disk.fault = () => undefined;
      await storeOn(disk).write(10, content(10));
      disk.powerCut(() => false);
      await expectSound(disk, { kept: [10], gone: [] });
    }
  });
});
