/**
 * How a checkpoint comes into being: its folder is filled under another name, `<name>.tmp`, the manifest last, and gets its own by a rename.
 * A predecessor of the same name steps aside as `<name>.old`.
 */
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import type { ChunkStore } from './chunk-store.ts';
import type { Disk } from './disk.ts';
import { CHUNK_BYTES, chunksOf, type FileChunk } from './file-chunks.ts';
import { MANIFEST, MANIFEST_VERSION, manifestText, type CheckpointManifest, type ManifestFile } from './manifest.ts';

/** A file as bytes. */
export interface RawFile {
  /** One after the other. */
  readonly parts: readonly Uint8Array[];
  readonly stored: ManifestFile['stored'];
}

/** Where chunks go. */
export interface ChunkTarget {
  readonly store: ChunkStore;
  /** Chunks that manifests name already. */
  readonly named: ReadonlySet<string>;
}

/** The folder in which a checkpoint is made. */
export function stagingOf(target: string): string {
  return `${target}.tmp`;
}

/** The folder of a predecessor that is being replaced. */
export function replacedOf(target: string): string {
  return `${target}.old`;
}

/**
 * Fills the staging folder; everything is durable but its name. What it leaves when it fails, the next attempt removes.
 * @throws the system's error; {TypeError} for a file in chunks without a store of them
 */
export async function stageCheckpoint(
  staging: string,
  { files, facts }: { readonly files: Readonly<Record<string, RawFile>>; readonly facts: CheckpointManifest['facts'] },
  { disk, chunks, chunkBytes = CHUNK_BYTES }: { readonly disk: Disk; readonly chunks?: ChunkTarget; readonly chunkBytes?: number },
): Promise<CheckpointManifest> {
  await disk.remove(staging);
  await disk.makeFolder(staging);
  const entries: [string, ManifestFile][] = [];
  for (const [name, { parts, stored }] of Object.entries(files)) {
    const file = new Description(stored, chunkBytes);
    const described = file.described(chunksOf(parts, chunkBytes));
    if (stored === 'file') await disk.write(join(staging, name), bytesOf(described));
    else if (chunks) for await (const chunk of described) await chunks.store.put(chunk, chunks.named.has(chunk.digest));
    else throw new TypeError(`stageCheckpoint: expected a store for the chunks of ${name}, got none (the caller forgot it)`);
    entries.push([name, file.finish()]);
  }
  await chunks?.store.sync();
  const manifest: CheckpointManifest = { schemaVersion: MANIFEST_VERSION, files: Object.fromEntries(entries), facts };
  await disk.write(join(staging, MANIFEST), [Buffer.from(manifestText(manifest))]);
  await disk.syncFolder(staging);
  return manifest;
}

/** Gives the staged folder its name, durably. @param options.renamed called in between */
export async function publish(target: string, { disk, renamed }: { readonly disk: Disk; readonly renamed?: () => void }): Promise<void> {
  const replaced = replacedOf(target);
  await disk.remove(replaced);
  // rename() cannot replace a folder that is not empty, so a predecessor steps aside first.
  const hasPredecessor = await disk.rename(target, replaced).then(
    () => true,
    (error: unknown) => isMissing(error),
  );
  await disk.rename(stagingOf(target), target);
  renamed?.();
  await disk.syncFolder(dirname(target));
  if (hasPredecessor) await disk.remove(replaced);
}

function isMissing(error: unknown): false {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
  throw error;
}

async function* bytesOf(chunks: AsyncIterable<FileChunk>): AsyncGenerator<Uint8Array, void> {
  for await (const { bytes } of chunks) yield bytes;
}

/** A manifest's entry in the making. */
class Description {
  readonly #hash = createHash('sha256');
  readonly #chunks: string[] = [];
  readonly #stored: ManifestFile['stored'];
  readonly #chunkBytes: number;
  #bytes = 0;

  constructor(stored: ManifestFile['stored'], chunkBytes: number) {
    this.#stored = stored;
    this.#chunkBytes = chunkBytes;
  }

  /** Passes chunks through and takes note of them. */
  async *described(chunks: AsyncIterable<FileChunk>): AsyncGenerator<FileChunk, void> {
    for await (const chunk of chunks) {
      this.#hash.update(chunk.bytes);
      this.#bytes += chunk.bytes.length;
      this.#chunks.push(chunk.digest);
      yield chunk;
    }
  }

  finish(): ManifestFile {
    const digest = `sha256:${this.#hash.digest('hex')}`;
    return { bytes: this.#bytes, digest, stored: this.#stored, chunkBytes: this.#chunkBytes, chunks: this.#chunks };
  }
}
