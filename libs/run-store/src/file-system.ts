/**
 * What commit log and journal ask of a file system. A port, so that tests can let any write, sync or look-up fail; the real one is
 * {@link nodeFileSystem}.
 */
import { access, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { makeFolder, syncFolder } from '@geodesic/checkpoint';

/** An open file. Every method may reject with the system's error. */
export interface StoredFile {
  /** Writes at the end; returns how many of the bytes were taken, which may be fewer. */
  write(bytes: Uint8Array): Promise<number>;
  /** Reads into the buffer from a place in the file; returns how many bytes were read, which may be fewer than fit. */
  read(buffer: Uint8Array, offset: number): Promise<number>;
  /** Bytes. */
  size(): Promise<number>;
  /** What has been written survives a power cut when the promise resolves. */
  datasync(): Promise<void>;
  close(): Promise<void>;
}

/** `create`: for appending, must not exist; `replace`: for appending, emptied; `read`: must exist. */
export type OpenMode = 'create' | 'replace' | 'read';

/** A file system. Every method may reject with the system's error. */
export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<StoredFile>;
  exists(path: string): Promise<boolean>;
  /** The names in a folder; none when there is no such folder. */
  list(folder: string): Promise<readonly string[]>;
  readFile(path: string): Promise<Uint8Array>;
  remove(path: string): Promise<void>;
  /** Gives a file another name at once; a file that had it is gone. */
  rename(from: string, to: string): Promise<void>;
  /** Makes a folder and those above it; one that is there is fine. */
  makeFolder(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(folder: string): Promise<void>;
}

/** Writes all bytes, however few the system takes at a time. @throws the system's error; EIO when it takes none */
export async function writeWhole(file: StoredFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const taken = await file.write(bytes.subarray(written));
    if (taken === 0)
      throw Object.assign(new Error(`EIO: write: expected ${bytes.length - written} bytes to be taken, got 0`), { code: 'EIO' });
    written += taken;
  }
}

/** Reads `length` bytes from a place in a file, or as many as there are. @throws the system's error */
export async function readRange(file: StoredFile, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let read = 0;
  while (read < length) {
    const taken = await file.read(bytes.subarray(read), offset + read);
    if (taken === 0) break;
    read += taken;
  }
  return bytes.subarray(0, read);
}

/** The machine's own. */
export const nodeFileSystem: FileSystem = {
  async open(path, mode) {
    return new NodeFile(await open(path, FLAGS[mode]));
  },
  async exists(path) {
    return orWhenMissing(
      access(path).then(() => true),
      false,
    );
  },
  async list(folder) {
    return orWhenMissing<readonly string[]>(readdir(folder), []);
  },
  readFile: (path) => readFile(path),
  remove: unlink,
  rename,
  makeFolder,
  syncFolder,
};

const FLAGS: Readonly<Record<OpenMode, string>> = { create: 'ax', replace: 'w', read: 'r' };

class NodeFile implements StoredFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<number> {
    return (await this.#handle.write(bytes)).bytesWritten;
  }

  async read(buffer: Uint8Array, offset: number): Promise<number> {
    return (await this.#handle.read(buffer, 0, buffer.length, offset)).bytesRead;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  datasync(): Promise<void> {
    return this.#handle.datasync();
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

/** The answer, or `fallback` where there is no such file; any other error stays one. */
async function orWhenMissing<T>(answer: Promise<T>, fallback: T): Promise<T> {
  return answer.catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return fallback;
    throw error;
  });
}
