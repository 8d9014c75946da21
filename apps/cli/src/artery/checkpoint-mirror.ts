/**
 * A copy of a run's checkpoints in a folder of its own, laid out as in the run's folder, so that whatever reads checkpoints reads it. What
 * was received before an interruption is not asked for again.
 */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, CheckpointStore, decodeManifest, manifestDigest, receiveCheckpoint } from '@geodesic/checkpoint';
import type { ObjectRange } from '@geodesic/events';
import type { ObjectSource } from './object-source.ts';

/** A checkpoint that a run has told of. */
export interface Announcement {
  readonly step: number;
  /** Digest of its manifest. */
  readonly manifest: string;
  /** Where in the broadcast its objects are; absent for one that was not broadcast. */
  readonly range?: ObjectRange;
}

/** A checkpoint that is here now. */
export interface Mirrored {
  readonly step: number;
  readonly path: string;
  /** Of its files. */
  readonly bytes: number;
  /** Bytes that came from elsewhere; 0 when it was here already. */
  readonly receivedBytes: number;
  readonly seconds: number;
  /** The sources that objects came from. */
  readonly from: readonly string[];
  /** Files of the run's checkpoint that are not here. */
  readonly without: readonly string[];
}

/** What a checkpoint's parameters are in, for whoever evaluates, exports or begins with them. */
const OF_PARAMETERS: readonly string[] = ['parameters.safetensors', 'state.safetensors'];

/** Nobody has an object at the moment. */
export class ObjectMissing extends Error {
  override readonly name = 'ObjectMissing';
}

/** A mirror. One call at a time. */
export class CheckpointMirror {
  readonly #store: CheckpointStore;
  readonly #sources: readonly ObjectSource[];
  /** The sources that gave something to the checkpoint that is being received. */
  #gave = new Set<string>();
  /** The source that had the last object is asked first. */
  #order: readonly ObjectSource[] = [];

  /** @param sources in the order in which they are asked */
  constructor(folder: string, sources: readonly ObjectSource[]) {
    this.#store = new CheckpointStore(folder);
    this.#sources = sources;
  }

  /**
   * Receives a checkpoint; undefined when it was here already, whole.
   * @param options.only the parameters alone, with the state that belongs to them
   * @throws {ObjectMissing} when no source has what is wanted; {CheckpointError} `invalid`, `unwritable`; the signal's reason
   */
  async receive(
    { step, manifest: digest, range }: Announcement,
    { only, signal }: { readonly only?: 'parameters'; readonly signal: AbortSignal },
  ): Promise<Mirrored | undefined> {
    const began = performance.now();
    this.#gave = new Set();
    this.#order = this.#sources;
    const present = await readFile(join(this.#store.path(step), 'manifest.json')).catch(() => undefined);
    const bytes = present !== undefined && manifestDigest(present) === digest ? present : await this.#get(digest, signal);
    const names = Object.keys(decodeManifest(bytes, `manifest of step ${step}`).files);
    const wanted = only === undefined ? names : names.filter((name) => OF_PARAMETERS.includes(name));
    const wasHere = (await this.#store.list()).includes(step);
    const stream = range === undefined ? undefined : this.#streamOf(range);
    const { path, manifest, receivedBytes } = await receiveCheckpoint(this.#store, {
      step,
      manifest: bytes,
      get: (chunk, ends) => this.#get(chunk, ends),
      ...(stream && { stream }),
      ...(wanted.length < names.length && { only: wanted }),
      signal,
    });
    if (wasHere && receivedBytes === 0) return undefined;
    return {
      step,
      path,
      bytes: Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0),
      receivedBytes,
      seconds: (performance.now() - began) / 1000,
      from: [...this.#gave],
      without: names.filter((name) => !wanted.includes(name)),
    };
  }

  /** Removes a checkpoint and what only it named; resolves with whether it was here. @throws {CheckpointError} `unwritable` */
  async remove(step: number): Promise<boolean> {
    if (!(await this.#store.list()).includes(step)) return false;
    await rm(join(this.#store.path(step), 'manifest.json'), { force: true });
    await this.#store.collect();
    return true;
  }

  async #get(digest: string, signal: AbortSignal): Promise<Uint8Array> {
    for (const source of this.#order) {
      const bytes = await source.get(digest, signal);
      if (bytes === undefined) continue;
      this.#gave.add(source.name);
      this.#order = [source, ...this.#order.filter((other) => other !== source)]; // where one object was missing, others are
      return bytes;
    }
    throw new ObjectMissing(`object ${digest}: expected it of ${this.#sources.map(({ name }) => name).join(', ')}, got none`);
  }

  #streamOf(range: ObjectRange): ((wanted: ReadonlySet<string>, signal: AbortSignal) => AsyncGenerator<Received, void>) | undefined {
    const source = this.#sources.find(({ stream }) => stream !== undefined);
    const stream = source?.stream;
    if (source === undefined || stream === undefined) return undefined;
    const gave = this.#gave;
    return async function* (wanted, signal) {
      for await (const object of stream(range, { wanted, signal })) {
        gave.add(source.name);
        yield object;
      }
    };
  }
}

type Received = { readonly digest: string; readonly bytes: Uint8Array };

/** Whether an attempt may succeed later: the object is on its way, or whoever has it is being started again. */
export function mayComeLater(error: unknown): boolean {
  return error instanceof ObjectMissing || (error instanceof CheckpointError && error.fault === 'invalid');
}
