/**
 * A checkpoint that comes as objects from elsewhere: its manifest first, then the chunks that are not here yet. The folder that comes into being
 * is the sender's, byte for byte. What arrived before an interruption is not asked for again: it is verified where it lies.
 */
import { join } from 'node:path';
import { orUnwritable } from './checkpoint.ts';
import { placesIn, readPlace, sha256 } from './checkpoint-objects.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import type { Filling } from './checkpoint-store.ts';
import { CheckpointError } from './errors.ts';
import { chunkDigests, decodeManifest, MANIFEST, manifestDigest, manifestText } from './manifest.ts';
import type { CheckpointManifest } from './manifest.ts';
import type { ChunkTarget } from './stage-checkpoint.ts';

/** A chunk, or any other object, that has arrived. */
export interface ReceivedObject {
  /** `sha256:<64 hex digits>` */
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Options of {@link receiveCheckpoint}. */
export interface ReceiveOptions {
  readonly step: number;
  /** The bytes of the sender's manifest.json, verified by whoever got them. */
  readonly manifest: Uint8Array;
  /** Gives a chunk by its `sha256:` name; several are asked for at a time. */
  readonly get: (digest: string, signal: AbortSignal) => Promise<Uint8Array>;
  /** Gives chunks as they pass, in any order; those that it leaves out are got. Default none pass. */
  readonly stream?: (wanted: ReadonlySet<string>, signal: AbortSignal) => AsyncIterable<ReceivedObject>;
  /** Only these files, as a checkpoint that needs no other; its facts say `selectedFrom`, the digest of the sender's manifest. Default all. */
  readonly only?: readonly string[];
  readonly signal?: AbortSignal;
}

/** What has been received. */
export interface ReceivedCheckpoint {
  /** Its folder. */
  readonly path: string;
  readonly manifest: CheckpointManifest;
  /** Bytes of chunks that came from elsewhere; what was here already is not among them. */
  readonly receivedBytes: number;
}

/** Chunks that are asked for at a time. */
const AT_ONCE = 8;

/**
 * Receives a checkpoint; durable when the promise resolves. One that is here already, whole, is left as it is; another one of the same step
 * is replaced. After an abort or a crash, call it again: it goes on where it was, unless {@link CheckpointStore.collect} came in between.
 * @param into the store, or the folder of checkpoints
 * @throws {CheckpointError} `invalid` for a manifest of another step, or that lacks a file of `only`, and for a chunk that is not what it is named;
 * `unwritable`; what `get` and `stream` throw, and the signal's reason
 */
export async function receiveCheckpoint(into: CheckpointStore | string, options: ReceiveOptions): Promise<ReceivedCheckpoint> {
  const store = typeof into === 'string' ? new CheckpointStore(into) : into;
  const path = store.path(options.step);
  const wanted = wantedOf(options, path);
  if (await isHere(store, options.step, wanted.bytes)) return { path, manifest: wanted.manifest, receivedBytes: 0 };
  const fault: { foreign?: unknown } = {};
  let receivedBytes = 0;
  try {
    const fill: Filling = async (staging, chunks) => {
      const reception = new Reception({ ...options, store, staging, chunks, wanted });
      try {
        await reception.complete();
      } finally {
        receivedBytes += reception.receivedBytes;
        fault.foreign = reception.foreignError;
      }
      return wanted.manifest;
    };
    await orUnwritable(path, () => store.adopt(options.step, fill));
  } catch (error) {
    options.signal?.throwIfAborted();
    throw fault.foreign ?? error;
  }
  return { path, manifest: wanted.manifest, receivedBytes };
}

/** What is to be on disk. */
interface Wanted {
  readonly manifest: CheckpointManifest;
  /** Of manifest.json. */
  readonly bytes: Uint8Array;
}

function wantedOf({ step, manifest: bytes, only }: ReceiveOptions, source: string): Wanted {
  const refuse = (expected: string, got: string): never => {
    throw new CheckpointError('invalid', { source, expected, got, hint: 'ask the sender again, or for another checkpoint' });
  };
  const manifest = decodeManifest(bytes, source);
  const told = manifest.facts['step'];
  if (told !== undefined && told !== step) refuse(`the manifest of step ${step}`, `that of step ${JSON.stringify(told)}`);
  if (only === undefined) return { manifest, bytes };
  const files = only.map((name) => {
    const file = manifest.files[name] ?? refuse(`a checkpoint with ${name}`, Object.keys(manifest.files).join(', '));
    return [name, { ...file, stored: 'file', chunks: chunkDigests(file) }] as const;
  });
  const facts = { ...manifest.facts, selectedFrom: manifestDigest(bytes) };
  const part: CheckpointManifest = { schemaVersion: 2, files: Object.fromEntries(files), facts };
  return { manifest: part, bytes: Buffer.from(manifestText(part)) };
}

/** Whether the checkpoint is here with the same manifest, and can be read. */
async function isHere(store: CheckpointStore, step: number, manifest: Uint8Array): Promise<boolean> {
  const present = await store.disk.read(join(store.path(step), MANIFEST)).catch(() => undefined);
  if (present?.equals(manifest) !== true) return false;
  return store.read(step).then(
    () => true,
    () => false,
  );
}

/** Puts the bytes of a chunk where they belong. */
type Target = (bytes: Uint8Array) => Promise<void>;

interface ReceptionOptions extends ReceiveOptions {
  readonly store: CheckpointStore;
  readonly staging: string;
  readonly chunks: ChunkTarget;
  readonly wanted: Wanted;
}

/** The filling of one staging folder. */
class Reception {
  readonly #options: ReceptionOptions;
  readonly #signal: AbortSignal;
  readonly #broken = new AbortController();
  /** Chunks that are still to be placed, with their length. */
  readonly #missing = new Map<string, { readonly length: number; readonly targets: readonly Target[] }>();
  receivedBytes = 0;
  /** What `get` or `stream` threw. */
  foreignError: unknown;

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([this.#broken.signal, ...(options.signal ? [options.signal] : [])]);
  }

  async complete(): Promise<void> {
    const { store, staging, chunks, wanted } = this.#options;
    const { disk } = store;
    const files = Object.entries(wanted.manifest.files).filter(([, { stored }]) => stored === 'file');
    await this.#clear(new Map(files.map(([name, { bytes }]) => [name, bytes])));
    await this.#useWhatIsHere();
    await this.#takeStream();
    await this.#getTheRest();
    for (const [name] of files) await disk.sync(join(staging, name));
    await chunks.store.sync();
    await disk.write(join(staging, MANIFEST), [wanted.bytes]);
    await disk.syncFolder(staging);
  }

  /** Leaves of an earlier attempt what may belong to this one. */
  async #clear(files: ReadonlyMap<string, number>): Promise<void> {
    const { store, staging } = this.#options;
    const { disk } = store;
    await disk.makeFolder(staging);
    for (const name of await disk.list(staging)) {
      const length = files.get(name);
      const present = await disk.size(join(staging, name));
      if (length === undefined || (present ?? 0) > length) await disk.remove(join(staging, name));
    }
    for (const name of files.keys()) await disk.writeRange(join(staging, name), 0, new Uint8Array(0));
  }

  async #useWhatIsHere(): Promise<void> {
    const { store, staging, chunks, wanted } = this.#options;
    const { disk } = store;
    await store.objects.refresh();
    for (const [name, file] of Object.entries(wanted.manifest.files)) {
      for (const [hex, place] of placesIn(join(staging, name), file)) {
        this.#signal.throwIfAborted();
        const { path, offset, length } = place;
        const isPlain = file.stored === 'file';
        const arrived = isPlain ? await readPlace(disk, place) : undefined;
        if (arrived && arrived.length === length && (await sha256(arrived)) === hex) continue;
        const target: Target = (bytes) =>
          isPlain ? disk.writeRange(path, offset, bytes) : chunks.store.put({ digest: hex, bytes }, chunks.named.has(hex));
        const known = await store.objects.look(`sha256:${hex}`);
        if (known) await target(known);
        else this.#missing.set(hex, { length, targets: [...(this.#missing.get(hex)?.targets ?? []), target] });
      }
    }
  }

  async #takeStream(): Promise<void> {
    const { stream } = this.#options;
    if (stream === undefined || this.#missing.size === 0) return;
    const passing = this.#foreign(stream(this.#digests(), this.#signal));
    for await (const { digest, bytes } of passing) {
      const hex = digest.slice('sha256:'.length);
      if (this.#missing.has(hex) && (await sha256(bytes)) === hex) await this.#place(hex, bytes);
    }
  }

  async #getTheRest(): Promise<void> {
    const waiting = [...this.#missing.keys()];
    const getter = async (): Promise<void> => {
      for (let hex = waiting.shift(); hex !== undefined; hex = waiting.shift()) await this.#get(hex);
    };
    const getters = Array.from({ length: AT_ONCE }, () => getter().catch((error: unknown) => this.#break(error)));
    const failed = (await Promise.allSettled(getters)).find((getting) => getting.status === 'rejected');
    if (failed) throw this.#signal.reason;
  }

  async #get(hex: string): Promise<void> {
    const { get, staging } = this.#options;
    this.#signal.throwIfAborted();
    const bytes = await get(`sha256:${hex}`, this.#signal).catch((error: unknown) => {
      if (!this.#signal.aborted) this.foreignError = error;
      throw error;
    });
    const received = await sha256(bytes);
    if (received === hex) return this.#place(hex, bytes);
    const hint = 'it was damaged on the way: receive the checkpoint again';
    const got = `${bytes.length} bytes with sha256:${received}`;
    throw new CheckpointError('invalid', { source: staging, expected: `the chunk sha256:${hex}`, got, hint });
  }

  async #place(hex: string, bytes: Uint8Array): Promise<void> {
    const { length, targets } = this.#missing.get(hex)!;
    if (bytes.length !== length) {
      const hint = 'the sender is damaged: take another checkpoint';
      const expected = `a chunk of ${length} bytes for sha256:${hex}`;
      throw new CheckpointError('invalid', { source: this.#options.staging, expected, got: `${bytes.length} bytes`, hint });
    }
    for (const target of targets) await target(bytes);
    this.#missing.delete(hex);
    this.receivedBytes += bytes.length;
  }

  /** The first error is the one that counts; the others stop. */
  #break(error: unknown): never {
    this.#broken.abort(error);
    throw error;
  }

  #digests(): ReadonlySet<string> {
    return new Set([...this.#missing.keys()].map((hex) => `sha256:${hex}`));
  }

  async *#foreign<T>(source: AsyncIterable<T>): AsyncGenerator<T, void> {
    try {
      yield* source;
    } catch (error) {
      this.foreignError = error;
      throw error;
    }
  }
}
