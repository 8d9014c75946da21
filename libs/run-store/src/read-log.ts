/** Reading a run's commit log: all its segments, joined. Never writes, so it may be done while a coordinator writes. */
import { joinSegments } from '@geodesic/cluster';
import type { JoinedLog } from '@geodesic/cluster';
import type { FileSystem } from './file-system.ts';
import { nodeFileSystem } from './file-system.ts';
import type { RunFolder } from './run-folder.ts';
import { listSegments, readSegment } from './segment-files.ts';

/**
 * The records of a run, in order, torn tails left out. Memory: about that of the log.
 * @throws the system's error when a segment cannot be read
 */
export async function readLog(folder: Pick<RunFolder, 'path'>, fileSystem: FileSystem = nodeFileSystem): Promise<JoinedLog> {
  const ids = await listSegments(fileSystem, folder.path);
  return joinSegments(await Promise.all(ids.map((id) => readSegment(fileSystem, folder.path, id))));
}
