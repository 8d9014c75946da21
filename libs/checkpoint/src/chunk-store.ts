/**
 * Chunks of files by their content: `<2 hex>/<64 hex>`, sha256. What two checkpoints have in common lies here once. A chunk gets its name
 * by a rename after its content was synced, so what has a name is whole unless the disk damaged it.
 */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { Disk } from './disk.ts';
import { CheckpointError } from './errors.ts';
import type { FileChunk } from './file-chunks.ts';

const NAME = /^[0-9a-f]{64}$/;

/** The chunks in a folder. One writer at a time. */
export class ChunkStore {
  readonly folder: string;
  readonly #disk: Disk;
  /** Chunks that this object has written or compared, and that are durable. */
  readonly #sound: Set<string> = new Set();
  /** Folders with new names. */
  readonly #unsynced: Set<string> = new Set();

  constructor(folder: string, disk: Disk) {
    this.folder = folder;
    this.#disk = disk;
  }

  /** Where a chunk lies. */
  path(digest: string): string {
    return join(this.folder, digest.slice(0, 2), digest);
  }

  /**
   * Stores a chunk; durable after {@link sync}. One that a manifest names already is read once and compared; one that no manifest names may
   * be what a crash left, of which nobody knows that it is durable: it is written again.
   */
  async put({ digest, bytes }: FileChunk, isNamed: boolean): Promise<void> {
    if (this.#sound.has(digest)) return;
    const path = this.path(digest);
    if (!isNamed || !(await this.#holds(path, digest))) {
      const staging = `${path}.tmp`;
      const folder = dirname(path);
      if ((await this.#disk.size(folder)) === undefined) {
        await this.#disk.makeFolder(folder);
        this.#unsynced.add(this.folder).add(dirname(this.folder));
      }
      await this.#disk.remove(staging);
      await this.#disk.write(staging, [bytes]);
      await this.#disk.rename(staging, path);
      this.#unsynced.add(folder);
    }
    this.#sound.add(digest);
  }

  /** Makes the names of all chunks that were put durable. After an error nothing that was put since counts as stored. */
  async sync(): Promise<void> {
    try {
      for (const folder of this.#unsynced) await this.#disk.syncFolder(folder);
    } catch (error) {
      this.#sound.clear();
      throw error;
    }
    this.#unsynced.clear();
  }

  /**
   * The content of a chunk.
   * @throws {CheckpointError} `invalid` where it is gone or damaged
   */
  async get(digest: string): Promise<Buffer> {
    const path = this.path(digest);
    const refuse = (got: string, cause?: unknown): never => {
      const hint = 'a chunk was altered or lost: use another checkpoint';
      throw new CheckpointError('invalid', { source: path, expected: `a chunk with sha256:${digest}`, got, hint, cause });
    };
    const bytes = await this.#disk.read(path).catch((error: Error) => refuse(error.message, error));
    const got = sha256(bytes);
    return got === digest ? bytes : refuse(`${bytes.length} bytes with sha256:${got}`);
  }

  /** Forgets all chunks but these: they would be compared, or written, again. Keeps the memory of a long run small. */
  trustOnly(digests: ReadonlySet<string>): void {
    for (const digest of this.#sound) if (!digests.has(digest)) this.#sound.delete(digest);
  }

  /** Which of some chunks are not there; they will be written again when they are put. */
  async missing(digests: Iterable<string>): Promise<string[]> {
    const gone: string[] = [];
    for (const digest of digests) {
      if ((await this.#disk.size(this.path(digest))) !== undefined) continue;
      this.#sound.delete(digest);
      gone.push(digest);
    }
    return gone;
  }

  /** Paths of all chunks that are not among `named`, and of what interrupted writes left. */
  async garbage(named: ReadonlySet<string>): Promise<string[]> {
    const found: string[] = [];
    for (const prefix of await this.#disk.list(this.folder))
      for (const name of await this.#disk.list(join(this.folder, prefix)))
        if (!NAME.test(name) || !named.has(name)) found.push(join(this.folder, prefix, name));
    return found.toSorted();
  }

  /** Removes one of the paths that {@link garbage} gave. */
  async remove(path: string): Promise<void> {
    this.#sound.delete(path.slice(-64));
    await this.#disk.remove(path);
  }

  async #holds(path: string, digest: string): Promise<boolean> {
    return this.#disk.read(path).then(
      (bytes) => sha256(bytes) === digest,
      () => false,
    );
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
