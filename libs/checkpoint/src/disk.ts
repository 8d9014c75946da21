/**
 * What checkpoints ask of the file system, as a few whole operations: so that tests can put a disk in its place that fills up, fails to
 * sync or loses its power. Every operation rejects with the system's error.
 */
import { open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { syncFolder } from './durable-file.ts';
import { makeFolder } from './make-folder.ts';

/** A file system. */
export interface Disk {
  /** The whole content. */
  read(path: string): Promise<Buffer>;
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

/** What stands for a file or folder that is not there. @throws any other error */
function unlessMissing<T>(error: unknown, absent: T): T {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return absent;
  throw error;
}
