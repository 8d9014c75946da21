/**
 * Making durable what a take-over builds on. The last leader may have died after a failed sync: then its last records are in the system's
 * cache alone, and no later sync of that file saves them. So the newest segment with a record in it, the only one that can hold records that
 * nobody confirmed, is written anew, and takes the place of the old file. A deposed leader that still writes to that one reaches nobody.
 */
import { join } from 'node:path';
import { startOfSegment } from '@geodesic/cluster';
import type { LogSegment } from '@geodesic/cluster';
import { deposition } from './errors.ts';
import type { FileSystem } from './file-system.ts';
import { writeWhole } from './file-system.ts';
import type { SegmentWriter } from './segment-writer.ts';

const COPY = /^\.copy-for-(\d+)-of-/;

/**
 * Removes the copies that coordinators of earlier terms have begun, called between claiming a term and reading: one that is slow must not put
 * an older state of a segment in the place of what its successor has read.
 */
export async function removeCopies(fileSystem: FileSystem, folder: string, { term }: Pick<SegmentWriter, 'term'>): Promise<void> {
  const copies = (await fileSystem.list(folder)).filter((name) => Number(COPY.exec(name)?.[1] ?? term) < term);
  for (const name of copies) await orWhenMissing(fileSystem.remove(join(folder, name)), () => undefined);
}

/**
 * Writes the newest segment that holds a record anew, as it was read. May be called again after a failure.
 * @param segments of the terms before that of `claimed`, ascending
 * @throws {RunStoreError} LOG_DEPOSED when another process has claimed a later term; the system's error otherwise
 */
export async function secureSegment(
  fileSystem: FileSystem,
  folder: string,
  { claimed, segments }: { readonly claimed: SegmentWriter; readonly segments: readonly LogSegment[] },
): Promise<void> {
  const newest = segments.findLast(({ bytes }) => startOfSegment(bytes) !== undefined);
  if (newest === undefined) return;
  const copy = join(folder, `.copy-for-${claimed.term}-of-${newest.name}`);
  await requireLeader(claimed);
  await writeDurable(fileSystem, copy, newest.bytes);
  // Whoever comes next claims, then removes copies, then reads: so either this look finds the claim, or the copy is gone, or it is read.
  await requireLeader(claimed);
  await orWhenMissing(fileSystem.rename(copy, join(folder, newest.name)), () => {
    throw deposition(claimed);
  });
  await fileSystem.syncFolder(folder);
}

async function requireLeader(claimed: SegmentWriter): Promise<void> {
  if (await claimed.isSucceeded()) throw deposition(claimed);
}

async function writeDurable(fileSystem: FileSystem, path: string, bytes: Uint8Array): Promise<void> {
  const file = await fileSystem.open(path, 'replace');
  try {
    await writeWhole(file, bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function orWhenMissing(operation: Promise<void>, whenMissing: () => void): Promise<void> {
  await operation.catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    whenMissing();
  });
}
