/**
 * The checkpoints of a run: folders `step-000050` that share a store of chunks. A crash at any point leaves every listed checkpoint whole:
 * chunks are durable before the manifest that names them appears, and a manifest is gone, durably, before the chunks that only it named.
 * What is left over (a staging folder, chunks that no manifest names) is removed by the next {@link CheckpointStore.collect}.
 */
import { dirname, join, resolve } from 'node:path';
import { CHUNKS, orUnwritable, rawFiles, readCheckpoint, type Checkpoint, type CheckpointContent } from './checkpoint.ts';
import { CheckpointObjects } from './checkpoint-objects.ts';
import { ChunkStore } from './chunk-store.ts';
import { localDisk, type Disk } from './disk.ts';
import { CheckpointError } from './errors.ts';
import { MANIFEST, readManifest, requirePlainName, type CheckpointManifest } from './manifest.ts';
import { stepsToRemove, type RetentionPolicy } from './retention.ts';
import { publish, replacedOf, stageCheckpoint, stagingOf } from './stage-checkpoint.ts';
import type { ChunkTarget } from './stage-checkpoint.ts';

/** Options of {@link CheckpointStore}. */
export interface CheckpointStoreOptions {
  /** Default: this machine's. */
  readonly disk?: Disk;
  /** Length of a chunk; default 1 MiB. */
  readonly chunkBytes?: number;
  /** Called when all of a checkpoint is durable but its name. */
  readonly beforeRename?: (step: number) => void;
  /** Called when it has its name, before that is durable. */
  readonly afterRename?: (step: number) => void;
}

/** The newest checkpoint that can be read. */
export interface GoodCheckpoint {
  readonly step: number;
  readonly checkpoint: Checkpoint;
  /** Newer ones that cannot, newest first, and why. */
  readonly skipped: readonly { readonly step: number; readonly reason: string }[];
}

/** Makes a staging folder complete and durable, its chunks in the shared store. */
export type Filling = (staging: string, chunks: ChunkTarget) => Promise<CheckpointManifest>;

/** Newest checkpoints with which a new one shares chunks: what has not changed since these; older chunks are written again. */
const SHARED = 2;

/** How often a checkpoint is completed whose chunks somebody else removes. */
const ATTEMPTS = 3;

/**
 * A folder of checkpoints. Reading changes nothing and may go on beside a writer; writing, retention and collection are for the one process
 * that leads the run, and are done one after the other.
 */
export class CheckpointStore {
  readonly folder: string;
  readonly disk: Disk;
  /** What is in it by digest, for whoever fetches a checkpoint. */
  readonly objects: CheckpointObjects;
  readonly #options: CheckpointStoreOptions;
  readonly #chunks: ChunkStore;
  #last: Promise<unknown> = Promise.resolve();

  /** @param folder `checkpoints` in the folder of a run; made with the first checkpoint */
  constructor(folder: string, options: CheckpointStoreOptions = {}) {
    this.folder = resolve(folder);
    this.#options = options;
    this.disk = options.disk ?? localDisk;
    this.#chunks = new ChunkStore(join(this.folder, CHUNKS), this.disk);
    this.objects = new CheckpointObjects(this, this.#chunks);
  }

  /** The folder of the checkpoint after a step. */
  path(step: number): string {
    return join(this.folder, `step-${String(step).padStart(6, '0')}`);
  }

  /** Steps that have a checkpoint, ascending; whether it can be read is another question. */
  async list(): Promise<number[]> {
    const steps: number[] = [];
    for (const name of await this.disk.list(this.folder)) {
      const step = Number(/^step-(\d{6,})$/.exec(name)?.[1] ?? -1);
      if (step >= 0 && (await this.disk.size(join(this.folder, name, MANIFEST))) !== undefined) steps.push(step);
    }
    return steps.toSorted((a, b) => a - b);
  }

  /** @throws {CheckpointError} `missing` when there is none after this step, `invalid` when it is damaged */
  read(step: number): Promise<Checkpoint> {
    return readCheckpoint(this.path(step), { disk: this.disk });
  }

  /**
   * The newest checkpoint that can be read and verified.
   * @param options.atMost the highest step that is looked at
   * @throws {CheckpointError} `missing` when there is none, `invalid` when none can be read, with every reason
   */
  async newestGood({ atMost = Infinity }: { readonly atMost?: number } = {}): Promise<GoodCheckpoint> {
    const skipped: { step: number; reason: string }[] = [];
    for (const step of (await this.list()).filter((each) => each <= atMost).toReversed()) {
      try {
        return { step, checkpoint: await this.read(step), skipped };
      } catch (error) {
        skipped.push({ step, reason: (error as Error).message });
      }
    }
    const expected = atMost === Infinity ? 'a checkpoint' : `a checkpoint after step ${atMost} or before`;
    const source = this.folder;
    if (skipped.length === 0) throw new CheckpointError('missing', { source, expected, got: 'none', hint: 'is this the folder of a run?' });
    const got = `none that can be read: ${skipped.map(({ step, reason }) => `step ${step}: ${reason}`).join('; ')}`;
    throw new CheckpointError('invalid', { source, expected, got, hint: 'the run has to begin anew' });
  }

  /**
   * Writes the checkpoint after a step; durable when the promise resolves. One that is there already is replaced.
   * @throws {CheckpointError} `unwritable` with the system's reason as its cause: it may be tried again; `invalid` for a bad file name
   */
  write(step: number, content: CheckpointContent): Promise<CheckpointManifest> {
    return this.#alone(() => orUnwritable(this.path(step), () => this.#write(step, content)));
  }

  /**
   * Puts a checkpoint that was made elsewhere under the name of its step; `fill` makes its staging folder complete and durable, and may find
   * there what an attempt before has left.
   * @throws {CheckpointError} `unwritable`, and what `fill` throws
   */
  adopt(step: number, fill: Filling): Promise<CheckpointManifest> {
    return this.#alone(() => this.#publish(step, fill));
  }

  /**
   * Removes the checkpoints that a policy lets go, and then what nothing names any more.
   * @returns the steps that are gone, ascending
   * @throws {CheckpointError} `unwritable`; what was removed by then is gone, and nothing else is damaged
   */
  retain(policy: RetentionPolicy): Promise<number[]> {
    return this.#alone(() =>
      orUnwritable(this.folder, async () => {
        const steps = stepsToRemove(await this.list(), policy);
        for (const step of steps) await this.#remove(step);
        if (steps.length > 0) await this.#collect();
        return steps;
      }),
    );
  }

  /**
   * Clears up what an interrupted process left: call it once when a run is taken over, before the newest checkpoint is looked for. A
   * predecessor that was being replaced gets its name back.
   * @returns the number of chunks removed
   */
  collect(): Promise<number> {
    return this.#alone(() => orUnwritable(this.folder, () => this.#collect()));
  }

  /** One writing operation after the other: a collection must not see chunks whose manifest is still to come. */
  #alone<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#last.then(operation);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #write(step: number, { files, facts }: CheckpointContent): Promise<CheckpointManifest> {
    const { chunkBytes } = this.#options;
    const target = this.path(step);
    for (const name of Object.keys(files)) requirePlainName(name, target);
    const raw = { files: rawFiles(files), facts };
    return this.#publish(step, (staging, chunks) => {
      const options = { disk: this.disk, chunks, ...(chunkBytes !== undefined && { chunkBytes }) };
      return stageCheckpoint(staging, raw, options).catch(async (error: unknown) => {
        await this.disk.remove(staging).catch(() => undefined); // a full disk needs the space; the error is the one above
        throw error;
      });
    });
  }

  async #publish(step: number, fill: Filling): Promise<CheckpointManifest> {
    const { beforeRename, afterRename } = this.#options;
    const target = this.path(step);
    await this.disk.makeFolder(this.folder);
    await this.disk.syncFolder(dirname(this.folder));
    for (let attempt = 1; ; attempt++) {
      const named = await this.#shared();
      const manifest = await fill(stagingOf(target), { store: this.#chunks, named });
      beforeRename?.(step);
      await publish(target, { disk: this.disk, ...(afterRename && { renamed: () => afterRename(step) }) });
      this.objects.forget(step);
      const missing = await this.#chunks.missing(chunksNamed(manifest));
      if (missing.length === 0) {
        this.#chunks.trustOnly(new Set([...named, ...chunksNamed(manifest)]));
        return manifest;
      }
      // A leader that was deposed while it collected takes chunks that it had seen before; it sees the manifest by now.
      if (attempt === ATTEMPTS) throw new Error(`${missing.length} chunks were removed by somebody else while they were being written`);
    }
  }

  async #remove(step: number): Promise<void> {
    const folder = this.path(step);
    await this.disk.remove(join(folder, MANIFEST));
    await this.disk.syncFolder(folder);
    await this.disk.remove(folder);
  }

  async #collect(): Promise<number> {
    await this.#clearLeftovers();
    const { chunks, folders, isComplete } = await this.#named();
    if (!isComplete) return 0;
    const garbage = await this.#chunks.garbage(chunks);
    let removed = 0;
    for (const path of garbage) {
      // Another leader may have taken the run over while this process slept: what its manifests name is not garbage.
      if ((await this.#folders()).join() !== folders) break;
      await this.#chunks.remove(path);
      removed += 1;
    }
    return removed;
  }

  /** Staging folders, predecessors, and checkpoints without a manifest. */
  async #clearLeftovers(): Promise<void> {
    for (const name of await this.disk.list(this.folder)) {
      const path = join(this.folder, name);
      const target = /^(.*)\.(tmp|old)$/.exec(path)?.[1];
      if (target === undefined) {
        if (/^step-\d+$/.test(name) && (await this.disk.size(join(path, MANIFEST))) === undefined) await this.disk.remove(path);
      } else if (path === replacedOf(target) && (await this.disk.size(target)) === undefined) {
        await this.disk.rename(path, target);
        await this.disk.syncFolder(this.folder);
      } else await this.disk.remove(path);
    }
  }

  /** Chunks of the newest checkpoints that can be read. */
  async #shared(): Promise<ReadonlySet<string>> {
    const chunks = new Set<string>();
    for (const step of (await this.list()).slice(-SHARED)) {
      const manifest = await readManifest(this.path(step), this.disk).catch(() => undefined);
      for (const chunk of manifest ? chunksNamed(manifest) : []) chunks.add(chunk);
    }
    return chunks;
  }

  /** The chunks that manifests name, and whether all manifests could be read: one that could not may name any chunk. */
  async #named(): Promise<{ chunks: ReadonlySet<string>; folders: string; isComplete: boolean }> {
    const folders = await this.#folders();
    const chunks = new Set<string>();
    let isComplete = true;
    for (const name of folders) {
      try {
        const manifest = await readManifest(join(this.folder, name), this.disk);
        for (const chunk of chunksNamed(manifest)) chunks.add(chunk);
      } catch (error) {
        if (!(error instanceof CheckpointError) || error.fault !== 'missing') isComplete = false;
      }
    }
    return { chunks, folders: folders.join(), isComplete };
  }

  async #folders(): Promise<string[]> {
    return (await this.disk.list(this.folder)).filter((name) => name.startsWith('step-')).toSorted();
  }
}

function chunksNamed({ files }: CheckpointManifest): string[] {
  return Object.values(files).flatMap(({ stored, chunks }) => (stored === 'chunks' ? chunks : []));
}
