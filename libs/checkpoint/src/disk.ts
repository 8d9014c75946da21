/**
 * What checkpoints ask of the file system, as a few whole operations: so that tests can put a disk in its place that fills up, fails to
 * sync or loses its power. Every operation rejects with the system's error.
 */
import { constants } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { syncFolder } from './durable-file.ts';
import { makeFolder } from './make-folder.ts';

/** A file system. */
export interface Disk {
  /** The whole content. */
  read(path: string): Promise<Buffer>;
  /** So many bytes from an offset on; fewer where the file ends. */
  readRange(path: string, offset: number, length: number): Promise<Buffer>;
  /** Writes at an offset of a file, which is made when it is not there. Not durable before {@link sync}. */
  writeRange(path: string, offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes the content of a file durable. */
  sync(path: string): Promise<void>;
  /** Writes a new file part by part and syncs its content, not its name. It must not exist yet. */
  write(path: string, parts: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all that is in it; one that is not there is fine. */
  remove(path: string): Promise<void>;
  /** Makes a folder and those above it; one that is there already is fine. */
  makeFolder(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** Names in a folder, in no order; none where there is no folder. */
  list(path: string): Promise<string[]>;
  /** Length of a file in bytes; undefined where there is none. */
  size(path: string): Promise<number | undefined>;
}

/** This machine's. */
export const localDisk: Disk = {
  read: (path) => readFile(path),
  readRange: (path, offset, length) =>
    withFile(path, constants.O_RDONLY, async (file) => {
      const bytes = Buffer.allocUnsafe(length);
      let filled = 0;
      for (let read = -1; filled < length && read !== 0; filled += read)
        read = (await file.read(bytes, filled, length - filled, offset + filled)).bytesRead;
      return bytes.subarray(0, filled);
    }),
  writeRange: (path, offset, bytes) =>
    withFile(path, constants.O_WRONLY | constants.O_CREAT, async (file) => {
      for (let written = 0; written < bytes.length;)
        written += (await file.write(bytes, written, bytes.length - written, offset + written)).bytesWritten;
    }),
  sync: (path) => withFile(path, constants.O_RDONLY, (file) => file.sync()),
  write: async (path, parts) => {
    const file = await open(path, 'wx');
    try {
      for await (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename,
  remove: (path) => rm(path, { recursive: true, force: true }),
  makeFolder,
  syncFolder,
  list: (path) => readdir(path).catch((error: unknown) => unlessMissing(error, [])),
  size: async (path) => (await stat(path).catch((error: unknown) => unlessMissing(error, undefined)))?.size,
};

async function withFile<T>(path: string, flags: number, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

/** What stands for a file or folder that is not there. @throws any other error */
function unlessMissing<T>(error: unknown, absent: T): T {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent;
  throw error;
}
