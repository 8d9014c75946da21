/**
 * Writing the records of a log's copy into the folder of its run, so that joining the folder's segments gives the chain of the copy. Records go
 * to new parts of their terms: a file that this object did not create is never written to, so neither torn tails nor what a former leader of
 * this folder has left are touched; what the copy does not stand on is superseded (joinSegments in libs/cluster).
 */
import { join } from 'node:path';
import { decodeRecords, joinSegments, LOG_START, startOfSegment } from '@geodesic/cluster';
import { RunStoreError } from './errors.ts';
import { nodeFileSystem, writeWhole } from './file-system.ts';
import type { FileSystem, StoredFile } from './file-system.ts';
import type { ReplicatedRecord } from './log-replica.ts';
import { listSegments, readSegment, segmentName } from './segment-files.ts';
import type { SegmentId } from './segment-files.ts';

/** Options of {@link MirroredFolder.open}. */
export interface MirroredFolderOptions {
  /** Default the machine's. */
  readonly fileSystem?: FileSystem;
}

interface OpenPart {
  readonly id: SegmentId;
  readonly file: StoredFile;
  /** Whether its name is durable. */
  readonly isNamed: boolean;
}

/** The segments of a run that others lead. Limitations: nobody may lead the run from this folder meanwhile. */
export class MirroredFolder {
  readonly path: string;
  readonly #fileSystem: FileSystem;
  /** Hashes of the folder's chain, by sequence. */
  readonly #chain: string[];
  /** The newest segment with a record in it. */
  #newest: SegmentId | undefined;
  #part: OpenPart | undefined;
  #isOver = false;
  /** Given, and not being written yet. */
  readonly #queue: ReplicatedRecord[] = [];
  /** The writing of these. */
  #next: Promise<void> | undefined;
  /** Ends with what is being written; never rejects. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, fileSystem: FileSystem, chain: string[], newest: SegmentId | undefined) {
    this.path = path;
    this.#fileSystem = fileSystem;
    this.#chain = chain;
    this.#newest = newest;
  }

  /**
   * Reads what the folder, which exists, has of the log.
   * @throws {RunStoreError} RUN_DAMAGED when its segments do not form one chain; the system's error
   */
  static async open(path: string, { fileSystem = nodeFileSystem }: MirroredFolderOptions = {}): Promise<MirroredFolder> {
    const ids = await listSegments(fileSystem, path);
    const segments = await Promise.all(ids.map((id) => readSegment(fileSystem, path, id)));
    const { records, unconnected, notes } = joinSegments(segments);
    if (unconnected > 0) throw damaged(path, 'segments that form one chain', notes.join('; '));
    const newest = ids.findLast((_id, i) => startOfSegment(segments[i].bytes) !== undefined);
    const chain = records.map(({ hash }) => hash);
    return new MirroredFolder(path, fileSystem, chain, newest);
  }

  /** Records of the chain. */
  get length(): number {
    return this.#chain.length;
  }

  /**
   * Writes what the folder's chain does not have yet, in the order of the calls, which is that of the copy; durable when the promise resolves.
   * Calls need not wait for each other: what they give while others are written goes with one write and one sync. After a failure
   * this object writes nothing more: open the folder anew, and give the records again.
   * @throws {RunStoreError} RUN_DAMAGED when a record is not sound, goes on from nowhere, or is older than what the folder's own leader has
   * written; the system's error
   */
  append(records: readonly ReplicatedRecord[]): Promise<void> {
    this.#queue.push(...records);
    if (this.#next) return this.#next;
    const next = this.#writing.then(() => {
      this.#next = undefined;
      return this.#append(this.#queue.splice(0));
    });
    this.#next = next;
    this.#writing = next.catch(() => undefined); // who called is told
    return next;
  }

  /** Closes the file that is written, after what was given. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#end();
  }

  async #append(records: readonly ReplicatedRecord[]): Promise<void> {
    if (this.#isOver) throw damaged(this.path, 'a folder that was opened for mirroring', 'one that was closed, or has failed');
    try {
      const batch: Uint8Array[] = [];
      for (const record of records) {
        if (this.#chain[record.sequence] === record.hash) continue;
        this.#require(record);
        if (record.term !== this.#part?.id.term || record.sequence !== this.#chain.length) {
          await this.#write(batch.splice(0));
          await this.#beginPart(record.term);
        }
        batch.push(record.bytes);
        this.#chain.length = record.sequence;
        this.#chain.push(record.hash);
      }
      await this.#write(batch);
    } catch (error) {
      await this.#end().catch(() => undefined); // the first error says more
      throw error;
    }
  }

  async #end(): Promise<void> {
    this.#isOver = true;
    const part = this.#part;
    this.#part = undefined;
    await part?.file.close();
  }

  /** Checks a record before it becomes a part of the folder. */
  #require({ sequence, previous, term, hash, bytes }: ReplicatedRecord): void {
    const what = `record ${sequence} of the log's copy, for ${this.path}`;
    const behind = sequence === 0 ? LOG_START.previous : this.#chain.at(sequence - 1);
    if (previous !== behind) throw damaged(what, `one that goes on from ${behind ?? 'nowhere'}`, `one that goes on from ${previous}`);
    const { records, validBytes, torn } = decodeRecords(bytes, { sequence, previous });
    if (torn !== undefined || records.length !== 1 || validBytes !== bytes.length)
      throw damaged(what, 'one sound record', torn ?? `${records.length} records`);
    const [record] = records;
    if (record.hash !== hash || record.term !== term)
      throw damaged(what, `hash ${hash} of term ${term}`, `${record.hash} of term ${record.term}`);
    if (this.#newest !== undefined && this.#newest.term > term)
      throw damaged(this.path, `no records of a term after ${term}, which the copy goes on with`, segmentName(this.#newest));
  }

  async #write(batch: readonly Uint8Array[]): Promise<void> {
    if (this.#part === undefined || batch.length === 0) return;
    const { file, id, isNamed } = this.#part;
    await writeWhole(file, Buffer.concat(batch));
    await file.datasync();
    if (!isNamed) await this.#fileSystem.syncFolder(this.path);
    this.#part = { id, file, isNamed: true };
    this.#newest = id;
  }

  /** Creates the next free part of a term. */
  async #beginPart(term: number): Promise<void> {
    await this.#part?.file.close();
    this.#part = undefined;
    const ids = await listSegments(this.#fileSystem, this.path);
    await this.#tellLeaderBefore(ids, term);
    let part = (ids.findLast((id) => id.term === term)?.part ?? -1) + 1;
    for (;;) {
      const id = { term, part };
      try {
        const file = await this.#fileSystem.open(join(this.path, segmentName(id)), 'create');
        this.#part = { id, file, isNamed: false };
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
        part++;
      }
    }
  }

  /** A leader of this folder looks for the term after its own alone: it finds it even where the copy's next term is a later one. */
  async #tellLeaderBefore(ids: readonly SegmentId[], term: number): Promise<void> {
    const next = (ids.at(-1)?.term ?? term) + 1;
    if (next >= term) return;
    const path = join(this.path, segmentName({ term: next, part: 0 }));
    await (await this.#fileSystem.open(path, 'create')).close();
  }
}

function damaged(what: string, expected: string, got: string): RunStoreError {
  const hint = 'move the folder of the run away: it is made again from the copy';
  return new RunStoreError('RUN_DAMAGED', { what, expected, got, hint });
}
