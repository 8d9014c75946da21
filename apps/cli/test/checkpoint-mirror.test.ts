/** A mirror of a run's checkpoints: what is announced is received once, whole, wherever it comes from; what is gone is not chased after. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointStore, chunkDigests, float32Tensor, float64Tensor, manifestDigest } from '@geodesic/checkpoint';
import { MemoryBus, projectEvent, type NumberedEvent } from '@geodesic/events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointMirror, type Mirrored } from '../src/artery/checkpoint-mirror.ts';
import { followCheckpoints } from '../src/artery/follow-checkpoints.ts';
import { natsFeed } from '../src/artery/nats-feed.ts';
import { folderSource, type ObjectSource } from '../src/artery/object-source.ts';
import { listCheckpointsCommand } from '../src/commands/checkpoints.ts';

const run = 'digits-20260101-120000-ab12';
const at = '2026-01-01T12:00:00.000Z';
const { signal } = new AbortController();
let folder: string;
let bus: MemoryBus;
let store: CheckpointStore;
let sequence: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'geo-mirror-'));
  store = new CheckpointStore(join(folder, run, 'checkpoints'), { chunkBytes: 256 });
  bus = new MemoryBus();
  sequence = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

async function tell(type: string, data: NumberedEvent['data']): Promise<void> {
  sequence += 1;
  for (const event of projectEvent({ sequence, type, at, data }, { cluster: 'main', run })) await bus.publish(event);
}

/** Writes a checkpoint, says so, and returns the digest of its manifest. */
async function write(step: number, options: { readonly isBroadcast: boolean } = { isBroadcast: false }): Promise<string> {
  const files = {
    'parameters.safetensors': { tensors: new Map([['w', float32Tensor([100], new Float32Array(100).fill(step))]]) },
    'optimizer.safetensors': { tensors: new Map([['m', float64Tensor([64], new Float64Array(64).fill(step))]]), store: 'chunks' as const },
  };
  const manifest = manifestDigest(await store.write(step, { files, facts: { step } }));
  await tell('checkpoint.written', { step, path: store.path(step), manifest, bytes: 1 });
  if (options.isBroadcast)
    await tell('checkpoint.available', { step, manifest, bytes: 1, files: ['parameters.safetensors'], first: 1, last: 9 });
  return manifest;
}

interface Following {
  readonly sources?: readonly ObjectSource[];
  readonly prune?: boolean;
  readonly isBroadcast?: boolean;
  readonly only?: 'parameters';
}

/** Follows what has been said so far into `mirror`. */
async function mirror({ sources = [folderOf()], prune = false, isBroadcast = false, only }: Following = {}): Promise<{
  readonly mirrored: readonly Mirrored[];
  readonly removed: readonly number[];
  readonly missing: readonly number[];
}> {
  const told = { mirrored: [] as Mirrored[], removed: [] as number[] };
  const missing = await followCheckpoints({
    feed: natsFeed({ bus, cluster: 'main', run, onClose: async () => undefined }),
    mirror: new CheckpointMirror(join(folder, 'mirror'), sources),
    isBroadcast,
    prune,
    follow: false,
    onMirrored: (each) => told.mirrored.push(each),
    onRemoved: (step) => told.removed.push(step),
    onNotice: () => undefined,
    signal,
    ...(only && { only }),
  });
  return { ...told, missing };
}

function folderOf(): ObjectSource {
  return folderSource({ runId: run, directory: join(folder, run) });
}

/** The first objects of a broadcast, some of them damaged or left out. */
function broadcast(objects: ReadonlyMap<string, Uint8Array>): ObjectSource {
  return {
    name: 'NATS',
    get: async () => undefined,
    async *stream(_range, { wanted }) {
      for (const [digest, bytes] of objects) if (wanted.has(digest)) yield { digest, bytes };
    },
    close: () => undefined,
  };
}

describe('followCheckpoints', () => {
  it('mirrors every checkpoint once, as the run has it, and nothing when it is called again', async () => {
    for (const step of [5, 10]) await write(step);
    const { mirrored, missing } = await mirror();
    expect(mirrored.map(({ step, from }) => [step, from])).toEqual([5, 10].map((step) => [step, ['the folder of the run']]));
    expect(missing).toEqual([]);
    const copy = new CheckpointStore(join(folder, 'mirror'));
    expect(await copy.list()).toEqual([5, 10]);
    for (const step of [5, 10]) expect(await copy.read(step)).toEqual(await store.read(step));
    expect((await mirror()).mirrored).toEqual([]);
  });

  it('takes what passes in the broadcast and gets the rest elsewhere', async () => {
    await write(5, { isBroadcast: true });
    const { manifest } = await store.read(5);
    const [digest] = chunkDigests(manifest.files['parameters.safetensors']).map((hex) => `sha256:${hex}`);
    const bytes = (await store.objects.read(digest))!;
    const damaged = new Map([[digest, Uint8Array.from(bytes, (byte) => byte ^ 1)]]);
    expect((await mirror({ sources: [broadcast(damaged), folderOf()], isBroadcast: true })).mirrored).toMatchObject([
      { step: 5, from: ['the folder of the run', 'NATS'], without: [] },
    ]);
    expect(await new CheckpointStore(join(folder, 'mirror')).read(5)).toEqual(await store.read(5));
  });

  it('mirrors the parameters alone when that is asked for, in a folder that needs no chunks', async () => {
    await write(5);
    const { mirrored } = await mirror({ only: 'parameters' });
    expect(mirrored).toMatchObject([{ step: 5, without: ['optimizer.safetensors'] }]);
    expect(readdirSync(join(folder, 'mirror', 'step-000005')).toSorted()).toEqual(['manifest.json', 'parameters.safetensors']);
    const { files } = await new CheckpointStore(join(folder, 'mirror')).read(5);
    expect(files.get('parameters.safetensors')?.tensors.get('w')?.data[0]).toBe(5);
  });

  it('does not chase after what was removed, and removes it from the mirror when that is asked for', async () => {
    await write(1);
    await write(5);
    await mirror();
    await write(10);
    await store.retain({ last: 1, pinned: [] });
    await tell('checkpoint.removed', { step: 5 });
    const { mirrored, removed, missing } = await mirror({ prune: true });
    expect({ steps: mirrored.map(({ step }) => step), removed, missing }).toEqual({ steps: [10], removed: [5], missing: [] });
    expect(await new CheckpointStore(join(folder, 'mirror')).list()).toEqual([1, 10]);
  });

  it('mirrors checkpoints that were left out of a broadcast when a newer one is available', async () => {
    for (const step of [5, 10]) await write(step);
    await write(15, { isBroadcast: true });
    const { mirrored } = await mirror({ isBroadcast: true });
    expect(mirrored.map(({ step }) => step)).toEqual([5, 10, 15]);
  });
});

describe('listCheckpointsCommand', () => {
  it('lists a mirror, which belongs to no run', async () => {
    await write(5);
    await mirror();
    const io = { stdout: { write: () => undefined }, stderr: { write: () => undefined }, env: {} };
    const { text } = await listCheckpointsCommand({ runsFolder: folder, folder: join(folder, 'mirror') }, io);
    expect(text).toContain(`${join(folder, 'mirror')}: 1 checkpoints`);
    await expect(listCheckpointsCommand({ runsFolder: folder }, io)).rejects.toMatchObject({ code: 'USAGE', exitCode: 2 });
  });
});
