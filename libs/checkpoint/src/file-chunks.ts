/**
 * Bytes as a sequence of chunks with their digests. Copying and hashing 100 MB at once would stop the event loop for a tenth of a second
 * and more; in chunks of 1 MiB it is never held for more than a few milliseconds.
 */
import { createHash, webcrypto } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** Length of every chunk of a file but the last one. */
export const CHUNK_BYTES: number = 1 << 20;

/** A piece of a file. */
export interface FileChunk {
  /** A copy. */
  readonly bytes: Uint8Array;
  /** sha256, 64 hexadecimal digits. */
  readonly digest: string;
}

/** The bytes of several parts, one after the other, in chunks of equal length; an empty file has none. Gives others a turn before each. */
export async function* chunksOf(parts: Iterable<Uint8Array>, chunkBytes: number = CHUNK_BYTES): AsyncGenerator<FileChunk, void> {
  for (const bytes of regrouped(parts, chunkBytes)) {
    // The thread pool hashes; what waits in the event loop goes first.
    const [hash] = await Promise.all([webcrypto.subtle.digest('SHA-256', bytes), nextTurn()]);
    yield { bytes, digest: Buffer.from(hash).toString('hex') };
  }
}

/** `sha256:<hex>` of a file, giving others a turn between its chunks. */
export async function fileDigest(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
    hash.update(bytes.subarray(offset, offset + CHUNK_BYTES));
    await nextTurn();
  }
  return `sha256:${hash.digest('hex')}`;
}

function* regrouped(parts: Iterable<Uint8Array>, chunkBytes: number): Generator<Uint8Array, void> {
  let chunk = new Uint8Array(chunkBytes);
  let filled = 0;
  for (const part of parts) {
    for (let taken = 0; taken < part.length;) {
      const piece = part.subarray(taken, taken + chunkBytes - filled);
      chunk.set(piece, filled);
      filled += piece.length;
      taken += piece.length;
      if (filled < chunkBytes) continue;
      yield chunk;
      chunk = new Uint8Array(chunkBytes);
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}
