import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointStore, chunkDigests, float32Tensor, manifestDigest } from '@geodesic/checkpoint';
import { encodeRecord, LOG_START } from '@geodesic/cluster';
import type { LogEntry } from '@geodesic/cluster';
import { MemoryBus } from '@geodesic/events';
import type { CheckpointPointer, ObjectChannel } from '@geodesic/events';
import { readLog, RunFolder } from '@geodesic/run-store';
import type { ReplicatedRecord } from '@geodesic/run-store';
import { silentLogger } from '@geodesic/telemetry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MirroredRun } from '../../src/leadership/mirrored-run.ts';
import type { TrainerFactory } from '../../src/run-meta.ts';

const bundle = new TextEncoder().encode('{"spec": true}');
const bundleDigest = `sha256:${createHash('sha256').update(bundle).digest('hex')}`;

const createTrainer = (async () => ({ meta: { spec: { name: 'fixture' } } })) as unknown as TrainerFactory;

/** The objects that a leader has broadcast. */
class FakeObjects {
  readonly objects = new Map<string, Uint8Array>([[bundleDigest, bundle]]);
  newest: CheckpointPointer | undefined;

  async pointer(): Promise<CheckpointPointer | undefined> {
    return this.newest;
  }

  async get(digest: string): Promise<Uint8Array> {
    const found = this.objects.get(digest);
    if (found === undefined) throw new Error(`nobody has ${digest}`);
    return found;
  }
}

let folder: string;
let leader: CheckpointStore;
let objects: FakeObjects;
let mirrored: MirroredRun;
const { signal } = new AbortController();

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geodesic-mirrored-'));
  leader = new CheckpointStore(join(folder, 'leader'));
  objects = new FakeObjects();
  mirrored = await MirroredRun.open({
    runs: join(folder, 'here'),
    run: 'r',
    bundleDigest,
    objects: objects as unknown as ObjectChannel,
    bus: new MemoryBus(),
    createTrainer,
    lookMs: 10,
    logger: silentLogger(),
  });
});

afterEach(async () => {
  await mirrored.close();
  await rm(folder, { recursive: true, force: true });
});

/** The leader writes a checkpoint and broadcasts it, without the chunks where they are `lost`. */
async function broadcast(step: number, { lost = false } = {}): Promise<void> {
  const files = { 'parameters.safetensors': { tensors: new Map([['theta', float32Tensor([2], Float32Array.of(step, 1))]]) } };
  const manifest = await leader.write(step, { files, facts: { step } });
  const digest = manifestDigest(manifest);
  const names = [
    digest,
    ...Object.values(manifest.files).flatMap((file) =>
      chunkDigests(file).map((name) => (name.startsWith('sha256:') ? name : `sha256:${name}`)),
    ),
  ];
  for (const name of lost ? [digest] : names) objects.objects.set(name, (await leader.objects.read(name))!);
  objects.newest = { step, manifest: digest, bytes: 8, files: Object.keys(files) };
}

function records(count: number): ReplicatedRecord[] {
  let at = LOG_START;
  return Array.from({ length: count }, () => {
    const entry: LogEntry = { type: 'term', leader: 'x', step: at.sequence };
    const { bytes, hash, next } = encodeRecord(entry, { ...at, term: 1 });
    const record = { ...at, term: 1, hash, bytes };
    at = next;
    return record;
  });
}

describe('MirroredRun', () => {
  const here = (name: string): string => join(folder, 'here', 'r', name);

  it('keeps log, bundle, spec and the newest checkpoint', async () => {
    for (const record of records(5)) await mirrored.take(record);
    await broadcast(0);
    await mirrored.complete(signal);
    expect((await readLog(new RunFolder('r', join(folder, 'here', 'r')))).records).toHaveLength(5);
    expect(new Uint8Array(await readFile(here('bundle.bin')))).toEqual(bundle);
    expect(JSON.parse(await readFile(here('spec.json'), 'utf8'))).toEqual({ name: 'fixture' });
    expect((await new CheckpointStore(here('checkpoints')).newestGood()).step).toBe(0);
  });

  it('waits for the checkpoint of the end before it is closed, but not for ever', async () => {
    const store = new CheckpointStore(here('checkpoints'));
    await broadcast(0);
    await vi.waitFor(async () => expect(await store.list()).toEqual([0]));
    mirrored.ends(10);
    const closed = mirrored.close();
    await broadcast(10);
    await closed;
    expect(await store.list()).toEqual([0, 10]);
    mirrored.ends(20);
    await mirrored.close(1);
  });

  it('keeps the first and the newest two checkpoints that it received', async () => {
    const store = new CheckpointStore(here('checkpoints'));
    for (const step of [0, 10, 20, 30]) {
      await broadcast(step);
      await vi.waitFor(async () => expect(await store.list()).toContain(step), { timeout: 3000 });
    }
    await vi.waitFor(async () => expect(await store.list()).toEqual([0, 20, 30]));
  });

  it('goes on from an older checkpoint where the newest cannot be had', async () => {
    await broadcast(0);
    await mirrored.complete(signal);
    await broadcast(10, { lost: true });
    await mirrored.complete(signal);
    expect((await new CheckpointStore(here('checkpoints')).newestGood()).step).toBe(0);
  });

  it.each([
    ['BUNDLE', () => objects.objects.clear()],
    ['CHECKPOINT_UNFIT', () => undefined],
  ])('cannot be completed without %s', async (code, lose) => {
    lose();
    await mirrored.close();
    await expect(mirrored.complete(signal)).rejects.toMatchObject({ code });
  });
});
