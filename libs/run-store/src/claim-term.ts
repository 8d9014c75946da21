/**
 * Taking a run over. The next term's segment is created exclusively BEFORE the older ones are read: one process wins a term, and what the
 * leader before has announced is in what the winner reads (see segment-writer.ts).
 */
import { joinSegments, viewLog } from '@geodesic/cluster';
import type { JoinedLog, LogSegment, LogView } from '@geodesic/cluster';
import { RunStoreError } from './errors.ts';
import type { FailPoint } from './fail-point.ts';
import type { FileSystem } from './file-system.ts';
import type { RunFolder } from './run-folder.ts';
import { removeCopies, secureSegment } from './secure-segment.ts';
import { listSegments, readSegment, segmentName } from './segment-files.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { StorageGuard } from './storage-guard.ts';

/** A term that this process leads, and what the terms before it have left. */
export interface ClaimedTerm {
  readonly segment: SegmentWriter;
  readonly found: JoinedLog;
  readonly view: LogView;
}

/** What a claim needs beside the folder. */
export interface ClaimSurroundings {
  readonly fileSystem: FileSystem;
  readonly failPoint: FailPoint;
  /** Waits for a disk that is full once the term is claimed. */
  readonly guard: StorageGuard;
}

/**
 * Claims the term after the highest one. All that `found` holds is durable.
 * @throws {RunStoreError} RUN_DAMAGED when the log does not say what the run is, is of a newer format or has lost records (nothing is claimed
 * then); RUN_ACTIVE when another process has claimed the same term, LOG_DEPOSED when one has claimed the next; the system's error otherwise
 */
export async function claimTerm(folder: RunFolder, { fileSystem, failPoint, guard }: ClaimSurroundings): Promise<ClaimedTerm> {
  const before = await readSound(folder, fileSystem);
  const term = before.lastTerm + 1;
  const segment = await createSegment(folder, fileSystem, term);
  try {
    await removeCopies(fileSystem, folder.path, segment);
    failPoint.reach('during-take-over');
    const { found, view, segments } = await readSound(folder, fileSystem, { below: term, known: before });
    await guard.run('commit log', () => secureSegment(fileSystem, folder.path, { claimed: segment, segments }));
    return { segment, found, view };
  } catch (error) {
    await segment.close();
    throw error;
  }
}

/** A log that was read, with the bytes that it was read from. */
interface SoundLog {
  readonly segments: readonly LogSegment[];
  readonly lastTerm: number;
  readonly found: JoinedLog;
  readonly view: LogView;
}

/** Reads the log; decodes it again only where its bytes are others than those of `known`. */
async function readSound(folder: RunFolder, fileSystem: FileSystem, again?: { below: number; known: SoundLog }): Promise<SoundLog> {
  const ids = (await listSegments(fileSystem, folder.path)).filter(({ term }) => term < (again?.below ?? Infinity));
  const segments = await Promise.all(ids.map((id) => readSegment(fileSystem, folder.path, id)));
  const lastTerm = ids.at(-1)?.term ?? 0;
  if (again && isSame(segments, again.known.segments)) return { ...again.known, segments };
  const found = joinSegments(segments);
  return { segments, lastTerm, found, view: viewSound(folder, found) };
}

function isSame(a: readonly LogSegment[], b: readonly LogSegment[]): boolean {
  return a.length === b.length && a.every(({ name, bytes }, i) => name === b[i].name && Buffer.compare(bytes, b[i].bytes) === 0);
}

async function createSegment(folder: RunFolder, fileSystem: FileSystem, term: number): Promise<SegmentWriter> {
  try {
    return await SegmentWriter.create(fileSystem, folder.path, term);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
    const got = `${segmentName({ term, part: 0 })} of another coordinator`;
    const hint = 'leave the run to the coordinator that has taken it over';
    throw new RunStoreError('RUN_ACTIVE', { what: folder.path, expected: `nobody to lead term ${term}`, got, hint, cause });
  }
}

function viewSound(folder: RunFolder, log: JoinedLog): LogView {
  const what = `commit log of ${folder.path}`;
  if (log.unconnected > 0) {
    const hint = 'restore the folder from a copy: records that were durable are lost';
    throw new RunStoreError('RUN_DAMAGED', { what, expected: 'segments that form one chain', got: log.notes.join('; '), hint });
  }
  try {
    return viewLog(log.records);
  } catch (cause) {
    const hint = 'start the run again, or use the version of geodesic that wrote it';
    throw new RunStoreError('RUN_DAMAGED', { what, expected: 'the log of a run', got: (cause as Error).message, hint, cause });
  }
}
