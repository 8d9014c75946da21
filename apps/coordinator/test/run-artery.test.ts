import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CheckpointStore, float32Tensor } from '@geodesic/checkpoint';
import { EventsError, MemoryBus } from '@geodesic/events';
import type { GeodesicEvent } from '@geodesic/events';
import { RunFolder } from '@geodesic/run-store';
import { createLogger, silentLogger } from '@geodesic/telemetry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readEventsMarker } from '../src/events-marker.ts';
import { NatsRunArtery } from '../src/run-artery.ts';
import type { ArteryLine, RunArteryOptions } from '../src/run-artery.ts';
import { RunEvents } from '../src/run-events.ts';
import { MemoryObjects } from './memory-objects.ts';

/** A connection that is there when the test says so. */
class Line implements ArteryLine {
  isConnected = true;
  readonly reconnects = 0;
  readonly #listeners = new Set<(isConnected: boolean) => void>();

  onChange(listener: (isConnected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async mend(): Promise<void> {
    // nothing to make
  }

  set(isConnected: boolean): void {
    this.isConnected = isConnected;
    for (const listener of this.#listeners) listener(isConnected);
  }
}

let path: string;
let store: CheckpointStore;
let events: RunEvents;
const arteries: NatsRunArtery[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'geodesic-run-artery-'));
  store = new CheckpointStore(join(path, 'checkpoints'));
  events = await openEvents();
});
afterEach(async () => {
  for (const artery of arteries.splice(0)) await artery.close(0);
  await events.close();
  await rm(path, { recursive: true, force: true });
});

function folder(): RunFolder {
  return new RunFolder('r', path);
}

function openEvents(): Promise<RunEvents> {
  return RunEvents.open(join(path, 'events.ndjson'), (error) => expect.unreachable(error.message));
}

async function write(step: number): Promise<void> {
  const tensors = new Map([['w', float32Tensor([4], new Float32Array(4).fill(step))]]);
  await store.write(step, { files: { 'parameters.safetensors': { tensors } }, facts: { step } });
}

function open(options: Partial<RunArteryOptions> = {}): {
  readonly artery: NatsRunArtery;
  readonly bus: MemoryBus;
  readonly line: Line;
  readonly objects: MemoryObjects;
} {
  const [bus, line, objects] = [new MemoryBus(), new Line(), new MemoryObjects()];
  const artery = new NatsRunArtery({
    folder: folder(),
    store,
    bundle: new Uint8Array(3),
    cluster: 'main',
    line,
    bus,
    channel: async () => objects,
    broadcast: 'parameters',
    logger: silentLogger(),
    ...options,
  });
  arteries.push(artery);
  return { artery, bus, line, objects };
}

async function published(bus: MemoryBus): Promise<readonly GeodesicEvent[]> {
  const found: GeodesicEvent[] = [];
  for await (const { event } of bus.follow({ run: 'r', untilNow: true, signal: new AbortController().signal })) found.push(event);
  return found;
}

describe('NatsRunArtery', () => {
  it('publishes what the run has told before and after it began, up to the end', async () => {
    const { artery, bus } = open({ broadcast: 'none' });
    events.emit('journal.off', { reason: 'before' });
    artery.begin(events);
    events.emit('journal.off', { reason: 'after' });
    await events.close();
    await artery.close(2000);
    expect((await published(bus)).flatMap(({ runsequence }) => runsequence ?? [])).toEqual([1, 2]);
    expect(artery.status).toMatchObject({ behind: 0, behindBytes: 0 });
  });

  it('broadcasts the newest checkpoint that is there, tells of it once, and of those that follow', async () => {
    const { artery, objects } = open();
    await write(0);
    await write(5);
    artery.begin(events);
    await vi.waitFor(() => expect(events.last('checkpoint.available')?.data['step']).toBe(5));
    await write(10);
    artery.written(10);
    await artery.settled(2000);
    await artery.close(0);
    expect(events.last('checkpoint.available')?.data['step']).toBe(10);
    // The last one twice: at the end of the run it names all its files.
    expect(objects.history.filter((what) => what.startsWith('point'))).toEqual(['point 5', 'point 10', 'point 10']);

    await events.close();
    events = await openEvents();
    const told = events.length;
    const again = open();
    again.artery.begin(events);
    await vi.waitFor(() => expect(again.artery.status.checkpoints).toBe(1));
    expect(events.length).toBe(told);
  });

  it('goes on behind the checkpoint that was told last', async () => {
    for (const step of [0, 5, 10, 15]) await write(step);
    events.emit('checkpoint.available', { step: 5, manifest: 'sha256:5' });
    const { artery, objects } = open();
    artery.begin(events);
    await vi.waitFor(() => expect(artery.status.checkpoints).toBe(2));
    expect(objects.history.filter((what) => what.startsWith('point'))).toEqual(['point 10', 'point 15']);
  });

  it('leaves a marker in the folder until NATS has all events of a run that is over', async () => {
    const { artery } = open({ broadcast: 'none' });
    artery.begin(events);
    await vi.waitFor(async () => expect(await readEventsMarker(folder())).toMatchObject({ cluster: 'main', stored: 0 }));
    events.emit('run.finished', { state: 'stopped' });
    await events.close();
    await artery.close(2000);
    expect(await readEventsMarker(folder())).toBeUndefined();
  });

  it('leaves the marker, and says how much is missing, when NATS is away at the end', async () => {
    const lines: string[] = [];
    const logger = createLogger({ component: 'test', write: (line) => lines.push(line) });
    const { artery, bus, line } = open({ broadcast: 'none', logger });
    events.emit('journal.off', { reason: '' });
    artery.begin(events);
    await vi.waitFor(() => expect(artery.status).toMatchObject({ published: 2, behind: 0 })); // with its alert
    line.set(false);
    bus.publish = () => Promise.reject(new EventsError('UNREACHABLE', { what: 'NATS', expected: 'an answer', got: 'none', hint: '' }));
    events.emit('journal.off', { reason: 'away' });
    events.emit('run.finished', { state: 'stopped' });
    await events.close();
    await artery.close(2000);
    expect(await readEventsMarker(folder())).toMatchObject({ cluster: 'main', stored: 1 });
    expect(lines.map((text) => JSON.parse(text) as object)).toContainEqual(expect.objectContaining({ level: 'warn', run: 'r', events: 2 }));
  });

  it('leaves the marker of a run that another coordinator goes on with', async () => {
    const { artery } = open({ broadcast: 'none' });
    events.emit('journal.off', { reason: '' });
    artery.begin(events);
    await events.close();
    await artery.close(2000);
    expect(await readEventsMarker(folder())).toMatchObject({ cluster: 'main' });
  });

  it('does not wait for NATS when that is away, and no longer than it is there', async () => {
    const { artery, line } = open({ channel: () => new Promise(() => undefined) });
    await write(0);
    artery.begin(events);
    artery.written(0);
    const settled = artery.settled(60_000);
    line.set(false);
    await settled;
    await artery.settled(60_000);
    await artery.close(60_000);
    expect(artery.status.connected).toBe(false);
  });

  it('does not wait for a checkpoint that NATS does not take', async () => {
    const { artery, objects } = open();
    objects.fault = () => {
      throw new EventsError('PERMISSION', { what: 'gd.ob', expected: 'to publish', got: 'a refusal', hint: '' });
    };
    await write(0);
    artery.begin(events);
    artery.written(0);
    await artery.settled(60_000);
    expect(artery.status.checkpoints).toBe(0);
  });

  it('secures nothing without a standby', async () => {
    const { artery, objects } = open();
    await artery.secure(0);
    expect(objects.history).toEqual([]);
  });
});
