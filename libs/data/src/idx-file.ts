/**
 * IDX files, the format of MNIST and its successors (Y. LeCun, C. Cortes, C. Burges, "The MNIST database"): two zero bytes, the type of an
 * entry (8: unsigned byte, the only one read here), the number of dimensions, each dimension as a big-endian 32-bit integer, the entries.
 * A file may be gzipped; that is seen in its first bytes, not in its name.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { DataError } from './errors.ts';

/** Unsigned bytes in some dimensions. */
export interface IdxArray {
  /** Absolute. */
  readonly file: string;
  readonly shape: readonly number[];
  /** Row-major. */
  readonly entries: Uint8Array;
  /** The whole file, decompressed. */
  readonly bytes: Uint8Array;
}

const UNSIGNED_BYTE = 8;

/**
 * Reads an IDX file of unsigned bytes.
 * @param place a path, seen from the working folder, or a file URL
 * @throws {DataError} when the file is missing, truncated, too long, or of another format, type or number of dimensions
 */
export function readIdx(place: string | URL, { rank, holds }: { readonly rank: number; readonly holds: string }): IdxArray {
  const file = pathOf(place);
  const bytes = readBytes(file);
  const refuse = (expected: string, got: string): DataError =>
    new DataError(`readIdx ${file}`, { expected, got, hint: `an IDX file of ${holds}, as MNIST has them; raw or gzipped`, file });
  const header = 4 + 4 * rank;
  const magic = `magic number ${hex([0, 0, UNSIGNED_BYTE, rank])}`;
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0 || bytes[2] !== UNSIGNED_BYTE || bytes[3] !== rank) {
    throw refuse(magic, bytes.length < 4 ? `${bytes.length} bytes` : hex(bytes.subarray(0, 4)));
  }
  if (bytes.length < header) throw refuse(`a header of ${header} bytes`, `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, length) => product * length, 1);
  if (size === 0) throw refuse('at least one entry', `dimensions ${shape.join(' x ')}`);
  if (bytes.length !== header + size) {
    throw refuse(`${header + size} bytes for dimensions ${shape.join(' x ')}`, `${bytes.length}`);
  }
  return { file, shape, entries: bytes.subarray(header), bytes };
}

function pathOf(place: string | URL): string {
  const url = typeof place === 'string' && /^[a-z]{2,}:\/\//i.test(place) ? new URL(place) : place;
  if (typeof url === 'string') return resolve(url);
  if (url.protocol === 'file:') return fileURLToPath(url);
  const hint = 'download it first: a run reads the same bytes on every machine';
  throw new DataError('readIdx', { expected: 'a path or a file URL', got: url.href, hint });
}

function readBytes(file: string): Uint8Array {
  const fault = (got: string): DataError =>
    new DataError(`readIdx ${file}`, {
      expected: 'a readable file',
      got,
      hint: 'every machine of a run needs the file at this path',
      file,
    });
  let raw: Uint8Array;
  try {
    raw = readFileSync(file);
  } catch (error) {
    throw fault((error as NodeJS.ErrnoException).code ?? String(error));
  }
  if (raw[0] !== 0x1f || raw[1] !== 0x8b) return raw;
  try {
    return gunzipSync(raw);
  } catch (error) {
    throw fault(`damaged gzip: ${(error as Error).message}`);
  }
}

function hex(bytes: ArrayLike<number>): string {
  return `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
