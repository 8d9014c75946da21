/**
 * The commit log on disk, as its leader writes it: entries are appended in the order of the calls; a promise resolves when its entry is durable
 * and this process was still the leader after that, so what it vouches for is never lost and may be announced. Entries that wait
 * for each other go to the disk in one write and one sync. A disk that fails is waited for (storage-guard.ts).
 */
import { randomUUID } from 'node:crypto';
import { encodeRecord, LOG_START } from '@geodesic/cluster';
import type { EncodedRecord, JoinedLog, LogEntry, LogPosition } from '@geodesic/cluster';
import { claimTerm } from './claim-term.ts';
import { deposition, RunStoreError } from './errors.ts';
import { processFailPoint } from './fail-point.ts';
import type { FailPoint } from './fail-point.ts';
import { nodeFileSystem } from './file-system.ts';
import type { FileSystem } from './file-system.ts';
import type { RunFolder } from './run-folder.ts';
import { SegmentWriter } from './segment-writer.ts';
import { StorageGuard } from './storage-guard.ts';

/** No more than this is written with one sync, bytes; a larger record goes alone. */
const BATCH_BYTES = 1024 * 1024;

/** Options of {@link CommitLog}. */
export interface CommitLogOptions {
  /** Waits for the disk and tells people; default one that tells nobody. */
  readonly guard?: StorageGuard;
  /** Default the machine's. */
  readonly fileSystem?: FileSystem;
  /** Default the one that the environment chose; counts commits (records `step` and `rejected`). */
  readonly failPoint?: FailPoint;
}

/** Options of {@link CommitLog.takeOver}. */
export interface TakeOverOptions extends CommitLogOptions {
  /** Who takes over, for the record `term`; fresh for every process. Default a random UUID. */
  readonly leader?: string;
}

/** A run taken over. */
export interface TakenOver {
  readonly log: CommitLog;
  /** What the leaders before have left; the record `term` is not in it. */
  readonly found: JoinedLog;
  readonly term: number;
}

interface Waiting {
  readonly entry: LogEntry;
  readonly bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (error: RunStoreError) => void;
}

/** A log that this process leads. Limitations: one machine's file system; network file systems do not keep what exclusive creation promises. */
export class CommitLog {
  readonly #segment: SegmentWriter;
  readonly #guard: StorageGuard;
  readonly #failPoint: FailPoint;
  /** Not confirmed yet, in order: what a new part has to begin with. */
  readonly #queue: Waiting[] = [];
  #position: LogPosition;
  #draining: Promise<void> | undefined;
  #ended: RunStoreError | undefined;

  private constructor(segment: SegmentWriter, position: LogPosition, options: CommitLogOptions) {
    this.#segment = segment;
    this.#position = position;
    this.#guard = options.guard ?? new StorageGuard();
    this.#failPoint = options.failPoint ?? processFailPoint;
  }

  /** Makes the log of a new run: term 1. @throws {RunStoreError} RUN_ACTIVE when there is one; LOG_WRITE when the disk refuses */
  static async create(folder: RunFolder, options: CommitLogOptions = {}): Promise<CommitLog> {
    try {
      const segment = await SegmentWriter.create(options.fileSystem ?? nodeFileSystem, folder.path, 1);
      return new CommitLog(segment, LOG_START, options);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw unwritten(`commit log of ${folder.path}`, cause);
      const hint = 'resume the run instead';
      throw new RunStoreError('RUN_ACTIVE', { what: folder.path, expected: 'no commit log yet', got: 'one that exists', hint, cause });
    }
  }

  /**
   * Takes a run over: claims the next term, reads what there is, and appends the record `term`, which is durable when the promise resolves.
   * @throws {RunStoreError} RUN_DAMAGED, RUN_ACTIVE or LOG_DEPOSED (another process has taken it over at the same time), LOG_WRITE or STORAGE
   */
  static async takeOver(folder: RunFolder, options: TakeOverOptions = {}): Promise<TakenOver> {
    const { fileSystem = nodeFileSystem, failPoint = processFailPoint, guard = new StorageGuard(), leader = randomUUID() } = options;
    const { segment, found, view } = await claimTerm(folder, { fileSystem, failPoint, guard }).catch((cause: unknown) => {
      throw cause instanceof RunStoreError ? cause : unwritten(`commit log of ${folder.path}`, cause);
    });
    const log = new CommitLog(segment, found.next, { ...options, guard });
    try {
      await log.append({ type: 'term', leader, step: view.head.step });
    } catch (error) {
      await log.close();
      throw error;
    }
    return { log, found, term: log.term };
  }

  /** The leadership number: 1 for who created the run, one more for each that took it over. */
  get term(): number {
    return this.#segment.term;
  }

  /**
   * Appends an entry; waits as long as the disk fails and nobody calls {@link abandon}. The promise may be dropped: its rejection never counts as unhandled.
   * @throws {RunStoreError} LOG_DEPOSED or LOG_WRITE, from this call and every later one
   * @throws {ProtocolError} when the entry is not plain JSON data
   */
  append(entry: LogEntry): Promise<void> {
    const appended = this.#append(entry);
    appended.catch(() => undefined); // the caller's own promise reports it
    return appended;
  }

  /**
   * Looks whether this process still leads the run: one that has nothing to append does not find out otherwise.
   * @throws {RunStoreError} LOG_DEPOSED; the system's error when it cannot look
   */
  async confirm(): Promise<void> {
    if (await this.#segment.isSucceeded()) throw deposition(this.#segment);
  }

  /** Waits for the disk no more: what waits rejects with LOG_WRITE, and so does everything after the next failure. */
  abandon(): void {
    this.#guard.abandon();
  }

  /** Closes the file after what has been appended. While the disk fails that waits; {@link abandon} ends the wait. */
  async close(): Promise<void> {
    while (this.#draining) await this.#draining;
    const closed = {
      what: this.#segment.path,
      expected: 'to append',
      got: 'a log that was closed',
      hint: 'open it again by taking the run over',
    };
    this.#ended ??= new RunStoreError('LOG_WRITE', closed);
    await this.#segment.close();
  }

  async #append(entry: LogEntry): Promise<void> {
    if (this.#ended) throw this.#ended;
    const record: EncodedRecord = encodeRecord(entry, { ...this.#position, term: this.term });
    this.#position = record.next;
    const written = new Promise<void>((resolve, reject) => this.#queue.push({ entry, bytes: record.bytes, resolve, reject }));
    this.#draining ??= this.#drain();
    return written;
  }

  /** Never rejects. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      try {
        await this.#guard.run('commit log', () => this.#write(batch));
      } catch (cause) {
        this.#end(cause instanceof RunStoreError && cause.code === 'LOG_DEPOSED' ? cause : unwritten(this.#segment.path, cause));
        break;
      }
      this.#queue.splice(0, batch.length);
      for (const { resolve } of batch) resolve();
    }
    this.#draining = undefined;
  }

  #nextBatch(): readonly Waiting[] {
    let size = 0;
    const fitting = this.#queue.findIndex(({ bytes }) => (size += bytes.length) > BATCH_BYTES);
    return this.#queue.slice(0, fitting === -1 ? undefined : Math.max(fitting, 1));
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.concat(batch.map((waiting) => waiting.bytes));
    const commits = batch.filter(({ entry }) => entry.type === 'step' || entry.type === 'rejected');
    for (const _commit of commits) this.#failPoint.reach('before-append');
    for (const _commit of commits) if (this.#failPoint.isDue('torn-append')) await this.#tear(bytes);
    const standing = await this.#segment.append(bytes);
    if (standing === 'deposed') throw deposition(this.#segment);
    for (const _commit of commits) this.#failPoint.reach('after-append');
  }

  async #tear(bytes: Uint8Array): Promise<void> {
    await this.#segment.tear(bytes.subarray(0, bytes.length >> 1));
    this.#failPoint.crash();
  }

  #end(error: RunStoreError): void {
    this.#ended = error;
    for (const { reject } of this.#queue.splice(0)) reject(error);
  }
}

function unwritten(path: string, cause: unknown): RunStoreError {
  const got = cause instanceof Error ? cause.message : String(cause);
  return new RunStoreError('LOG_WRITE', { what: path, expected: 'to append', got, hint: 'check the free space of the disk', cause });
}
