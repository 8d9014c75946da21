import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointStore, float32Tensor, manifestDigest, receiveCheckpoint } from '@geodesic/checkpoint';
import { EventsError } from '@geodesic/events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CheckpointBroadcast } from '../src/checkpoint-broadcast.ts';
import type { AvailableCheckpoint, CheckpointBroadcastOptions } from '../src/checkpoint-broadcast.ts';
import { Deferred } from '../src/deferred.ts';
import { MemoryObjects } from './memory-objects.ts';

let folder: string;
let store: CheckpointStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geodesic-broadcast-'));
  store = new CheckpointStore(join(folder, 'checkpoints'), { chunkBytes: 256 });
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A checkpoint of which half of the parameters change. */
async function write(step: number): Promise<string> {
  const w = float32Tensor(
    [200],
    Float32Array.from({ length: 200 }, (_, i) => (i < 100 ? i : i + step)),
  );
  const velocity = { tensors: new Map([['velocity', w]]), store: 'chunks' as const };
  const files = {
    'parameters.safetensors': { tensors: new Map([['w', w]]) },
    'state.safetensors': { tensors: new Map([['state', float32Tensor([1], Float32Array.of(step))]]) },
    'optimizer.safetensors': velocity,
  };
  return manifestDigest(await store.write(step, { files, facts: { step } }));
}

function broadcastTo(channel: MemoryObjects, options: Partial<CheckpointBroadcastOptions> = {}) {
  const told: AvailableCheckpoint[] = [];
  const troubles: string[] = [];
  const broadcast = new CheckpointBroadcast({
    store,
    files: 'parameters',
    channel: async () => channel,
    onAvailable: (checkpoint) => told.push(checkpoint),
    onTrouble: (step, error) => troubles.push(`${step}: ${error.message}`),
    retryMs: () => 0,
    ...options,
  });
  return { broadcast, told, troubles };
}

const away = (): EventsError => new EventsError('UNREACHABLE', { what: 'NATS', expected: 'an answer', got: 'none', hint: '' });

describe('CheckpointBroadcast', () => {
  it('puts the chunks of the model, then the manifest, then the pointer, and tells', async () => {
    const channel = new MemoryObjects();
    const { broadcast, told } = broadcastTo(channel);
    const manifest = await write(1);
    broadcast.offer(1);
    await broadcast.idle();
    const files = ['parameters.safetensors', 'state.safetensors'];
    expect(told).toEqual([{ step: 1, manifest, bytes: expect.any(Number) as number, files, first: 1, last: channel.objects.size }]);
    expect(channel.history.slice(-2)).toEqual([manifest, 'point 1']);
    expect(await channel.pointer()).toMatchObject({ step: 1, manifest, files });
    const options = { step: 1, manifest: channel.objects.get(manifest)!, get: (digest: string) => channel.get(digest) };
    await receiveCheckpoint(join(folder, 'part'), { ...options, only: files });
    expect(await broadcast.send(9, channel, new AbortController().signal)).toBeUndefined();
  });

  it('puts the rest of the last checkpoint when the run is over, and nothing twice', async () => {
    const channel = new MemoryObjects();
    const { broadcast, told } = broadcastTo(channel);
    for (const step of [1, 2]) {
      await write(step);
      broadcast.offer(step);
    }
    await broadcast.idle();
    const before = channel.history.length;
    broadcast.complete(2);
    await broadcast.idle();
    expect(told.map(({ step, files }) => [step, files.length])).toEqual([
      [1, 2],
      [2, 2],
      [2, 3],
    ]);
    const { manifest } = told[2];
    const options = { step: 2, manifest: channel.objects.get(manifest)!, get: (digest: string) => channel.get(digest) };
    await receiveCheckpoint(join(folder, 'whole'), options);
    const repeated = channel.history.slice(before, -2).filter((digest) => channel.history.slice(0, before).includes(digest));
    expect(repeated).toEqual([]);
    expect(broadcast.status).toEqual({ checkpoints: 2, checkpointsSkipped: 0 });
  });

  it('puts all files when asked to, and of the next checkpoint only what has changed', async () => {
    const channel = new MemoryObjects();
    const { broadcast, told } = broadcastTo(channel, { files: 'all' });
    for (const step of [1, 2]) {
      const manifest = await write(step);
      broadcast.offer(step);
      await broadcast.idle();
      const options = { step, manifest: channel.objects.get(manifest)!, get: (digest: string) => channel.get(digest) };
      const received = await receiveCheckpoint(join(folder, 'received'), options);
      expect(await store.read(step)).toMatchObject({ manifest: received.manifest });
    }
    expect(told.map(({ files }) => files.length)).toEqual([3, 3]);
    expect(channel.history).toEqual([...new Set(channel.history)]);
  });

  it('broadcasts in order what came while NATS was away, and of more than eight the newest eight', async () => {
    const channel = new MemoryObjects();
    const there = new Deferred<MemoryObjects>();
    const { broadcast, told } = broadcastTo(channel, { channel: () => there.promise });
    for (let step = 1; step <= 11; step++) {
      await write(step);
      broadcast.offer(step);
    }
    await rm(store.path(6), { recursive: true }); // as retention does
    broadcast.offer(9); // written anew
    there.resolve(channel);
    await broadcast.idle();
    const steps = [4, 5, 7, 8, 9, 10, 11];
    expect(told.map(({ step }) => step)).toEqual(steps);
    expect(channel.history.filter((what) => what.startsWith('point'))).toEqual(steps.map((step) => `point ${step}`));
    expect(broadcast.status).toEqual({ checkpoints: 7, checkpointsSkipped: 4 });
  });

  it('tries again what an outage has interrupted, and newer ones after it', async () => {
    const channel = new MemoryObjects();
    const { broadcast, told, troubles } = broadcastTo(channel);
    for (const step of [1, 2, 3]) await write(step);
    let left = 3;
    channel.fault = (what) => {
      if (what === 'point') return;
      if (left-- > 0) throw away();
    };
    broadcast.offer(1);
    await broadcast.idle();
    expect(troubles).toEqual(Array.from({ length: 3 }, () => `1: ${away().message}`));
    left = 1;
    channel.fault = (what) => {
      if (what !== 'point' || left-- <= 0) return;
      broadcast.offer(3);
      throw away();
    };
    broadcast.offer(2);
    await broadcast.idle();
    expect(told.map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(broadcast.status).toEqual({ checkpoints: 3, checkpointsSkipped: 0 });
  });

  it('does not take the pointer back to an older checkpoint, and lets none wait for one that cannot be read', async () => {
    const channel = new MemoryObjects();
    const { broadcast, told, troubles } = broadcastTo(channel);
    for (const step of [1, 2, 3]) await write(step);
    for (const step of [2, 1]) {
      broadcast.offer(step);
      await broadcast.idle();
    }
    expect(told.map(({ step }) => step)).toEqual([2, 1]);
    expect(await channel.pointer()).toMatchObject({ step: 2 });
    await write(2);
    channel.fault = (what) => {
      if (what !== 'stored') return;
      broadcast.offer(3);
      channel.fault = () => undefined;
      throw new Error('EIO');
    };
    broadcast.offer(2);
    await broadcast.idle();
    expect([troubles, told.length]).toEqual([['2: EIO'], 3]);
    expect(broadcast.status.checkpointsSkipped).toBe(1);
  });

  it('leaves out a checkpoint that has gone, or is damaged', async () => {
    const channel = new MemoryObjects();
    const { broadcast, told, troubles } = broadcastTo(channel);
    for (const step of [1, 2, 3, 4]) await write(step);
    await store.disk.writeRange(join(store.path(4), 'manifest.json'), 0, Uint8Array.of(0));
    await rm(store.path(2), { recursive: true });
    await store.disk.writeRange(join(store.path(3), 'parameters.safetensors'), 700, Uint8Array.of(1, 2, 3));
    for (const step of [2, 3, 4]) {
      broadcast.offer(step);
      await broadcast.idle();
    }
    expect({ told, troubles, pointer: await channel.pointer() }).toEqual({ told: [], troubles: [], pointer: undefined });
    expect(broadcast.status.checkpointsSkipped).toBe(3);
  });
});
