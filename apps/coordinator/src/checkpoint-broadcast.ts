/**
 * Checkpoints on their way to whoever follows the run: the chunks that are not there yet, then the manifest that names them, then the pointer,
 * so that a pointer never names what is not there. One at a time, in the order of their steps, and behind the run; while NATS is away a few
 * wait. Only their steps do: a checkpoint is read from disk when its turn comes.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { chunkDigests, decodeManifest, manifestDigest } from '@geodesic/checkpoint';
import type { CheckpointManifest, CheckpointStore } from '@geodesic/checkpoint';
import { EventsError } from '@geodesic/events';
import type { ObjectChannel, ObjectRange } from '@geodesic/events';

/** Which files of a checkpoint are broadcast: what a model is, or all; the others can be asked for. */
export type BroadcastFiles = 'parameters' | 'all';

/** A checkpoint that everybody can have: the data of the event checkpoint.available. */
export interface AvailableCheckpoint extends ObjectRange {
  readonly step: number;
  readonly manifest: string;
  /** Of all files of the checkpoint. */
  readonly bytes: number;
  /** Those that were broadcast. */
  readonly files: readonly string[];
}

/** Options of {@link CheckpointBroadcast}. */
export interface CheckpointBroadcastOptions {
  readonly store: CheckpointStore;
  readonly files: BroadcastFiles;
  /** The objects of the run, as soon as NATS is there. */
  readonly channel: (signal: AbortSignal) => Promise<ObjectChannel>;
  readonly onAvailable: (checkpoint: AvailableCheckpoint) => void;
  /** A checkpoint could not be broadcast; it is tried again, or skipped where it alone is the trouble and others wait. */
  readonly onTrouble: (step: number, error: Error) => void;
  /** Pause before that, ms. */
  readonly retryMs?: (error: Error) => number;
}

const MODEL_FILES: ReadonlySet<string> = new Set(['parameters.safetensors', 'state.safetensors']);

/** Checkpoints that wait at most; of more the oldest are skipped. */
const MOST_WAITING = 8;

/** A checkpoint was removed, or damaged, while it was being broadcast. */
class CheckpointGone extends Error {}

/** The broadcast of one run's checkpoints. */
export class CheckpointBroadcast {
  readonly #options: CheckpointBroadcastOptions;
  readonly #closed = new AbortController();
  /** Steps, ascending. */
  #waiting: readonly number[] = [];
  /** The highest step that the pointer was given: it does not go back. */
  #pointed = -1;
  #running: Promise<void> | undefined;
  /** The last one of the run: all of it is broadcast, since nobody will be there to be asked. */
  #final: number | undefined;
  #sent = new Set<number>();
  #skipped = 0;

  constructor(options: CheckpointBroadcastOptions) {
    this.#options = options;
  }

  /** Checkpoints that were broadcast, and that were not since too many waited, or they had gone. */
  get status(): { readonly checkpoints: number; readonly checkpointsSkipped: number } {
    return { checkpoints: this.#sent.size, checkpointsSkipped: this.#skipped };
  }

  /** A checkpoint is complete on disk: it waits for its turn. */
  offer(step: number): void {
    if (this.#closed.signal.aborted) return;
    this.#wait(step);
    this.#running ??= this.#run();
  }

  /** The run is over: the files of its last checkpoint that were left out follow. */
  complete(step: number): void {
    this.#final = step;
    if (this.#options.files !== 'all') this.offer(step);
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /**
   * Broadcasts a checkpoint, now.
   * @returns undefined where it is no more
   * @throws {EventsError} as the channel does
   */
  async send(step: number, channel: ObjectChannel, signal: AbortSignal): Promise<AvailableCheckpoint | undefined> {
    try {
      return await this.#send(step, channel, signal);
    } catch (error) {
      if (error instanceof CheckpointGone) return undefined;
      throw error;
    }
  }

  /** Ends at once. */
  close(): void {
    this.#closed.abort();
  }

  /** One that is written anew while it waits, waits once. */
  #wait(step: number): void {
    const waiting = [...new Set([...this.#waiting, step])].toSorted((a, b) => a - b);
    this.#waiting = waiting.slice(-MOST_WAITING);
    this.#skipped += waiting.length - this.#waiting.length;
  }

  async #run(): Promise<void> {
    const { channel, onTrouble, retryMs = () => 1000 } = this.#options;
    const { signal } = this.#closed;
    while (this.#waiting.length > 0 && !signal.aborted) {
      let [step] = this.#waiting;
      try {
        const objects = await channel(signal);
        [step] = this.#waiting; // it may have been skipped meanwhile
        await this.#sendWaiting(step, objects);
      } catch (error) {
        if (signal.aborted) break;
        onTrouble(step, error as Error);
        await delay(retryMs(error as Error), undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
    this.#running = undefined;
  }

  async #sendWaiting(step: number, channel: ObjectChannel): Promise<void> {
    this.#waiting = this.#waiting.filter((each) => each !== step);
    try {
      const available = await this.send(step, channel, this.#closed.signal);
      if (available) this.#options.onAvailable(available);
      if (available) this.#sent.add(step);
      else this.#skipped += 1;
    } catch (error) {
      // What this disk says of one checkpoint is no reason for the others to wait.
      if (error instanceof EventsError || this.#waiting.length === 0) this.#wait(step);
      else this.#skipped += 1;
      throw error;
    }
  }

  async #send(step: number, channel: ObjectChannel, signal: AbortSignal): Promise<AvailableCheckpoint> {
    const { store } = this.#options;
    const path = join(store.path(step), 'manifest.json');
    const text = await store.disk.read(path).catch((cause: unknown) => {
      throw new CheckpointGone(path, { cause });
    });
    const checkpoint = decodedManifest(text, path);
    const manifest = manifestDigest(text);
    const files = this.#filesOf(step, checkpoint);
    const bytes = Object.values(checkpoint.files).reduce((sum, file) => sum + file.bytes, 0);
    const stored = await channel.stored();
    const chunks = new Set(files.flatMap((name) => chunkDigests(checkpoint.files[name])).map((hex) => `sha256:${hex}`));
    const range = await channel.put(this.#objects([...[...chunks].filter((digest) => !stored.has(digest)), manifest]), signal);
    if (step >= this.#pointed) await channel.point({ step, manifest, bytes, files });
    this.#pointed = Math.max(this.#pointed, step);
    return { step, manifest, bytes, files, ...range };
  }

  #filesOf(step: number, { files }: CheckpointManifest): string[] {
    const isWhole = this.#options.files === 'all' || step === this.#final;
    return Object.keys(files).filter((name) => isWhole || MODEL_FILES.has(name));
  }

  async *#objects(digests: readonly string[]): AsyncGenerator<{ readonly digest: string; readonly bytes: Uint8Array }> {
    for (const digest of digests) {
      const bytes = await this.#options.store.objects.read(digest);
      if (bytes === undefined) throw new CheckpointGone(digest);
      yield { digest, bytes };
    }
  }
}

function decodedManifest(text: Uint8Array, path: string): CheckpointManifest {
  try {
    return decodeManifest(text, path);
  } catch (cause) {
    throw new CheckpointGone(path, { cause });
  }
}
