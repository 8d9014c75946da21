/** A run as NATS has it, in this process: its events in a bus, its bundle and checkpoints as objects. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckpointStore } from '@geodesic/checkpoint';
import {
  EventsError,
  MemoryBus,
  projectEvent,
  type CheckpointPointer,
  type GeodesicEvent,
  type ObjectChannel,
  type ObjectRange,
} from '@geodesic/events';
import { natsFeed } from '../../src/artery/nats-feed.ts';
import type { EventFeed } from '../../src/artery/event-feed.ts';

/** `sha256:` of bytes. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** Objects in memory. */
export class MemoryObjects implements ObjectChannel {
  readonly kept = new Map<string, Uint8Array>();
  /** Digests that were asked for by {@link get}. */
  readonly got: string[] = [];
  #pointer: CheckpointPointer | undefined;

  async put(objects: AsyncIterable<{ readonly digest: string; readonly bytes: Uint8Array }>): Promise<ObjectRange> {
    const first = this.kept.size + 1;
    for await (const { digest, bytes } of objects) this.kept.set(digest, bytes);
    return { first, last: this.kept.size };
  }

  async stored(): Promise<ReadonlySet<string>> {
    return new Set(this.kept.keys());
  }

  async *stream(
    _range: ObjectRange,
    { wanted }: { readonly wanted: ReadonlySet<string> },
  ): AsyncGenerator<{ digest: string; bytes: Uint8Array }, void> {
    for (const [digest, bytes] of this.kept) if (wanted.has(digest)) yield { digest, bytes };
  }

  async get(digest: string): Promise<Uint8Array> {
    this.got.push(digest);
    const bytes = this.kept.get(digest);
    if (bytes) return bytes;
    throw new EventsError('MISSING', { what: digest, expected: 'an object', got: 'none', hint: '' });
  }

  serve(): void {}

  async point(pointer: CheckpointPointer): Promise<void> {
    this.#pointer = pointer;
  }

  async pointer(): Promise<CheckpointPointer | undefined> {
    return this.#pointer;
  }
}

/** A run that tells of itself. */
export class BroadcastStage {
  readonly bus: MemoryBus = new MemoryBus();
  readonly objects: MemoryObjects = new MemoryObjects();
  readonly run: string;
  readonly #store: CheckpointStore;
  #sequence = 0;

  constructor(run: string, store: CheckpointStore) {
    this.run = run;
    this.#store = store;
  }

  get feed(): EventFeed {
    return natsFeed({ bus: this.bus, cluster: 'main', run: this.run, onClose: async () => undefined });
  }

  /** Emits an event of the run. */
  async emit(type: string, data: Readonly<Record<string, unknown>>): Promise<void> {
    const event = { sequence: ++this.#sequence, type, at: '2026-01-01T00:00:00.000Z', data };
    for (const each of projectEvent(event, { cluster: 'main', run: this.run })) await this.bus.publish(each);
  }

  async accept(bundle: Uint8Array): Promise<void> {
    this.objects.kept.set(digestOf(bundle), bundle);
    await this.emit('run.accepted', { runId: this.run, directory: '/elsewhere', bundle: digestOf(bundle) });
  }

  /** Stores parameters and state of a checkpoint, points to it, and tells of it. */
  async broadcast(step: number, { isTold = true }: { readonly isTold?: boolean } = {}): Promise<void> {
    const bytes = readFileSync(join(this.#store.path(step), 'manifest.json'));
    const manifest = digestOf(bytes);
    const { files: listed } = JSON.parse(bytes.toString('utf8')) as { files: Record<string, { chunks: string[] }> };
    const files = ['parameters.safetensors', 'state.safetensors'];
    const chunks = files.flatMap((name) => listed[name].chunks.map((hex) => `sha256:${hex}`));
    const store = this.#store;
    const range = await this.objects.put(
      (async function* () {
        for (const digest of chunks) yield { digest, bytes: (await store.objects.read(digest))! };
        yield { digest: manifest, bytes };
      })(),
    );
    await this.objects.point({ step, manifest, bytes: 1, files });
    if (isTold) await this.emit('checkpoint.available', { step, manifest, bytes: 1, files, ...range });
  }

  /** The results in the bus, in order. */
  async results(): Promise<readonly GeodesicEvent[]> {
    const results: GeodesicEvent[] = [];
    const { signal } = new AbortController();
    for await (const { event } of this.bus.follow({ run: this.run, type: 'evaluator.result', untilNow: true, signal })) results.push(event);
    return results;
  }
}
