/**
 * A run's checkpoints as objects under their sha256: the manifest of each, and every chunk of every file, whether it lies in a plain file or in
 * the shared store. What is served is verified: bytes that are not those of their name are as good as none.
 */
import { webcrypto } from 'node:crypto';
import { join } from 'node:path';
import type { ChunkStore } from './chunk-store.ts';
import type { Disk } from './disk.ts';
import { CheckpointError } from './errors.ts';
import { chunkDigests, decodeManifest, MANIFEST } from './manifest.ts';
import type { ManifestFile } from './manifest.ts';

/** The folders in which the objects are. */
export interface ObjectFolders {
  readonly disk: Disk;
  list(): Promise<number[]>;
  path(step: number): string;
}

/** Where a chunk lies. */
interface Place {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** A checkpoint's objects, by 64 hexadecimal digits: its manifest, and the chunks of its plain files. */
type Places = ReadonlyMap<string, Place>;

/** The objects in a folder of checkpoints. Keeps digests and places in memory, no bytes. */
export class CheckpointObjects {
  readonly #folders: ObjectFolders;
  readonly #chunks: Pick<ChunkStore, 'get'>;
  /** By step; those that could be read when they were looked at. */
  #places = new Map<number, Places>();
  #refreshing: Promise<boolean> | undefined;
  /** Since the refresh under way began. */
  readonly #forgotten = new Set<number>();

  constructor(folders: ObjectFolders, chunks: Pick<ChunkStore, 'get'>) {
    this.#folders = folders;
    this.#chunks = chunks;
  }

  /** The bytes of an object, verified; undefined where no checkpoint here has it whole. @param digest `sha256:<64 hex digits>` */
  async read(digest: string): Promise<Uint8Array | undefined> {
    const known = await this.look(digest);
    if (known !== undefined || hexOf(digest) === undefined) return known;
    return (await this.refresh()) ? this.look(digest) : undefined;
  }

  /** As {@link read}, among the checkpoints that were there at the last {@link refresh}. */
  async look(digest: string): Promise<Uint8Array | undefined> {
    const hex = hexOf(digest);
    if (hex === undefined) return undefined;
    for (const [step, places] of [...this.#places].toReversed()) {
      const place = places.get(hex);
      if (place === undefined) continue;
      const bytes = await readPlace(this.#folders.disk, place);
      if (bytes !== undefined && (await sha256(bytes)) === hex) return bytes;
      this.forget(step); // replaced, gone or damaged
    }
    return this.#chunks.get(hex).catch((error: unknown) => {
      if (error instanceof CheckpointError) return undefined;
      throw error;
    });
  }

  /** Looks which checkpoints have come and gone; resolves with whether any has. O(checkpoints), and a manifest is read for each new one. */
  refresh(): Promise<boolean> {
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** The checkpoint after a step has been written anew, or is gone. */
  forget(step: number): void {
    this.#places.delete(step);
    this.#forgotten.add(step);
  }

  async #refresh(): Promise<boolean> {
    this.#forgotten.clear();
    const steps = await this.#folders.list();
    let isChanged = steps.length < this.#places.size;
    const found = new Map<number, Places>();
    for (const step of steps) {
      const known = this.#places.get(step);
      const places = known ?? (await this.#placesOf(step));
      isChanged ||= known === undefined && places !== undefined;
      if (places) found.set(step, places);
    }
    for (const step of this.#forgotten) found.delete(step);
    this.#places = found;
    return isChanged;
  }

  async #placesOf(step: number): Promise<Places | undefined> {
    const folder = this.#folders.path(step);
    const path = join(folder, MANIFEST);
    try {
      const bytes = await this.#folders.disk.read(path);
      const places = new Map<string, Place>([[await sha256(bytes), { path, offset: 0, length: bytes.length }]]);
      for (const [name, file] of Object.entries(decodeManifest(bytes, path).files))
        if (file.stored === 'file') for (const [hex, place] of placesIn(join(folder, name), file)) places.set(hex, place);
      return places;
    } catch {
      return undefined; // it has just gone, or is damaged: none of it can be vouched for
    }
  }
}

/** Where each chunk of a plain file lies, by its 64 hexadecimal digits, in order. */
export function* placesIn(path: string, file: ManifestFile): Generator<readonly [string, Place]> {
  let offset = 0;
  for (const hex of chunkDigests(file)) {
    const length = Math.min(file.chunkBytes, file.bytes - offset);
    yield [hex, { path, offset, length }];
    offset += length;
  }
}

/** The bytes at a place; undefined where they cannot be read. */
export async function readPlace(disk: Disk, { path, offset, length }: Place): Promise<Buffer | undefined> {
  return disk.readRange(path, offset, length).catch(() => undefined);
}

/** 64 hexadecimal digits; the thread pool hashes, and the event loop is free meanwhile. */
export async function sha256(bytes: Uint8Array): Promise<string> {
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
}

function hexOf(digest: string): string | undefined {
  return /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
}
