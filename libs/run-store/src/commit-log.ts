/**
 * The commit log on disk, as its leader writes it: entries are appended in the order of the calls; a promise resolves when its entry is durable
 * and this process was still the leader after that, so what it vouches for is never lost and may be announced. Entries that wait
 * for each other go to the disk in one write and one sync. A disk that fails is waited for (storage-guard.ts). With a replica, an entry that
 * only one leader may write is in the copy before it is on the disk, and all others follow there behind (log-replica.ts).
 */
import { randomUUID } from 'node:crypto';
import { encodeRecord, LOG_START } from '@geodesic/cluster';
import type { JoinedLog, LogEntry, LogPosition } from '@geodesic/cluster';
import { claimTerm } from './claim-term.ts';
import { deposition, RunStoreError } from './errors.ts';
import { processFailPoint } from './fail-point.ts';
import type { FailPoint } from './fail-point.ts';
import { nodeFileSystem } from './file-system.ts';
import type { FileSystem } from './file-system.ts';
import type { RunFolder } from './run-folder.ts';
import { needsAdmission } from './log-replica.ts';
import type { LogReplica, ReplicatedRecord } from './log-replica.ts';
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
  /** The log's copy elsewhere; default none. */
  readonly replica?: LogReplica;
  /** Whether the run is relaxed, so that every commit needs admission; default what record 0 says. */
  readonly isRelaxed?: boolean;
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
  readonly record: ReplicatedRecord;
  readonly needsAdmission: boolean;
  readonly resolve: () => void;
  readonly reject: (error: RunStoreError) => void;
}

/** A log that this process leads. Limitations: one machine's file system; network file systems do not keep what exclusive creation promises. */
export class CommitLog {
  readonly #segment: SegmentWriter;
  readonly #guard: StorageGuard;
  readonly #failPoint: FailPoint;
  readonly #replica: LogReplica | undefined;
  #isRelaxed: boolean;
  /** Not confirmed yet, in order: what a new part has to begin with. */
  readonly #queue: Waiting[] = [];
  #position: LogPosition;
  #draining: Promise<void> | undefined;
  #ended: RunStoreError | undefined;
  #isAbandoned = false;
  /** Ends the wait for an admission. */
  #giveUp: () => void = () => undefined;

  private constructor(segment: SegmentWriter, position: LogPosition, options: CommitLogOptions) {
    this.#segment = segment;
    this.#position = position;
    this.#guard = options.guard ?? new StorageGuard();
    this.#failPoint = options.failPoint ?? processFailPoint;
    this.#replica = options.replica;
    this.#isRelaxed = options.isRelaxed ?? false;
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
   * Where the copy refuses that record the claimed segment stays behind, empty: the next one to take over passes it by.
   * @throws {RunStoreError} RUN_DAMAGED, RUN_ACTIVE or LOG_DEPOSED (another process has taken it over at the same time), LOG_WRITE or STORAGE
   */
  static async takeOver(folder: RunFolder, options: TakeOverOptions = {}): Promise<TakenOver> {
    const { fileSystem = nodeFileSystem, failPoint = processFailPoint, guard = new StorageGuard(), leader = randomUUID() } = options;
    const { segment, found, view } = await claimTerm(folder, { fileSystem, failPoint, guard }).catch((cause: unknown) => {
      throw cause instanceof RunStoreError ? cause : unwritten(`commit log of ${folder.path}`, cause);
    });
    const isRelaxed = options.isRelaxed ?? view.run.exactness === 'relaxed';
    const log = new CommitLog(segment, found.next, { ...options, guard, isRelaxed });
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
   * Appends an entry; waits as long as the disk fails, or the copy that has to admit it cannot be reached, and nobody calls {@link abandon}.
   * The promise may be dropped: its rejection never counts as unhandled.
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
    if (this.#replica?.deposed) throw this.#replica.deposed;
    if (await this.#segment.isSucceeded()) throw deposition(this.#segment);
  }

  /**
   * Waits for the disk and for the copy no more: what waits rejects with LOG_WRITE, and so does everything after the next failure. An entry
   * that waited for its admission may still get into the copy; whoever takes the run over finds it there.
   */
  abandon(): void {
    this.#guard.abandon();
    this.#isAbandoned = true;
    this.#giveUp();
  }

  /** Closes the file after what has been appended. While the disk fails or the copy is away that waits; {@link abandon} ends the wait. */
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
    const { sequence, previous } = this.#position;
    const { bytes, hash, next } = encodeRecord(entry, { sequence, previous, term: this.term });
    this.#position = next;
    if (entry.type === 'run' && entry.exactness === 'relaxed') this.#isRelaxed = true;
    const isExclusive = this.#replica !== undefined && needsAdmission(entry, this.#isRelaxed);
    const record = { sequence, hash, previous, term: this.term, bytes };
    const written = new Promise<void>((resolve, reject) =>
      this.#queue.push({ entry, record, needsAdmission: isExclusive, resolve, reject }),
    );
    this.#draining ??= this.#drain();
    return written;
  }

  /** Never rejects. */
  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      try {
        if (this.#replica) await this.#admit(this.#replica, batch[0]);
        await this.#guard.run('commit log', () => this.#write(batch));
      } catch (cause) {
        const isFinal = cause instanceof RunStoreError && (cause.code === 'LOG_DEPOSED' || cause.code === 'LOG_WRITE');
        this.#end(isFinal ? cause : unwritten(this.#segment.path, cause));
        break;
      }
      this.#replica?.offer(batch.filter((waiting) => !waiting.needsAdmission).map(({ record }) => record));
      this.#queue.splice(0, batch.length);
      for (const { resolve } of batch) resolve();
    }
    this.#draining = undefined;
  }

  /** Only the first of a batch may need admission: those behind wait until it has it. */
  #nextBatch(): readonly Waiting[] {
    let size = 0;
    const end = this.#queue.findIndex(
      ({ record, needsAdmission: isExclusive }, i) => (size += record.bytes.length) > BATCH_BYTES || (isExclusive && i > 0),
    );
    return this.#queue.slice(0, end === -1 ? undefined : Math.max(end, 1));
  }

  /** Waits until the copy has admitted an entry that needs it; refuses every entry when the copy is another leader's. */
  async #admit(replica: LogReplica, { record, needsAdmission: isExclusive }: Waiting): Promise<void> {
    if (replica.deposed) throw replica.deposed;
    if (!isExclusive) return;
    if (this.#isAbandoned) throw unadmitted(this.#segment.path, record);
    await new Promise<void>((resolve, reject) => {
      this.#giveUp = () => reject(unadmitted(this.#segment.path, record));
      replica.admit(record).then(resolve, reject);
    });
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    const bytes = Buffer.concat(batch.map(({ record }) => record.bytes));
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

function unadmitted(path: string, { sequence }: ReplicatedRecord): RunStoreError {
  const got = `no answer from the log's copy until the log was given up`;
  const hint = 'see that NATS can be reached; whoever takes the run over finds the record where it got through';
  return new RunStoreError('LOG_WRITE', { what: path, expected: `record ${sequence} to be admitted`, got, hint });
}
