/** Records of a log on their way to its copy: the log's own, read again. */
import { encodeRecord } from '@geodesic/cluster';
import type { LogRecord } from '@geodesic/cluster';
import { nodeFileSystem } from './file-system.ts';
import type { FileSystem } from './file-system.ts';
import type { ReplicatedRecord } from './log-replica.ts';
import { readLog } from './read-log.ts';
import type { RunFolder } from './run-folder.ts';

/** A record that was read, with the bytes that stand in the file: they are canonical, so encoding gives them again. */
export function replicatedRecord({ sequence, previous, term, hash, ...entry }: LogRecord): ReplicatedRecord {
  const { bytes } = encodeRecord(entry, { sequence, previous, term });
  return { sequence, hash, previous, term, bytes };
}

/**
 * Reads the log of a run again, from a record on. May be called while its leader writes.
 * @throws the system's error
 */
export async function rereadLog(
  folder: Pick<RunFolder, 'path'>,
  fromSequence: number,
  fileSystem: FileSystem = nodeFileSystem,
): Promise<readonly ReplicatedRecord[]> {
  const { records } = await readLog(folder, fileSystem);
  return records.slice(fromSequence).map(replicatedRecord);
}
