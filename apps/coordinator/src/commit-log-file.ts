/**
 * The commit log on disk: entries are appended in the order of the calls and are durable (fdatasync) when the promise resolves. After
 * a failed write nothing more is written: what the disk holds then is unknown.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { encodeRecord, LOG_START } from '@geodesic/cluster';
import type { LogEntry, LogPosition } from '@geodesic/cluster';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** Without leader election there is one term. */
const TERM = 1;

/** A log that one process writes. */
export class CommitLogFile {
  readonly #file: FileHandle;
  readonly #path: string;
  #position: LogPosition = LOG_START;
  #last: Promise<void> = Promise.resolve();

  private constructor(file: FileHandle, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** Makes a new log. @throws when it exists: two coordinators never write one log */
  static async create(path: string): Promise<CommitLogFile> {
    return new CommitLogFile(await open(path, 'ax'), path);
  }

  /** Appends an entry. @throws {CoordinatorError} LOG_WRITE, from this call and every later one */
  append(entry: LogEntry): Promise<void> {
    const record = encodeRecord(entry, { ...this.#position, term: TERM });
    this.#position = record.next;
    const appended = this.#appendAfter(this.#last, record.bytes);
    this.#last = appended;
    appended.catch(() => undefined); // the caller's own promise reports it
    return appended;
  }

  /** Closes the file after what has been appended. */
  async close(): Promise<void> {
    await this.#last.catch(() => undefined);
    await this.#file.close();
  }

  async #appendAfter(previous: Promise<void>, bytes: Uint8Array): Promise<void> {
    await previous;
    try {
      await this.#file.appendFile(bytes);
      await this.#file.datasync();
    } catch (cause) {
      const message = `commit log: expected to append to ${this.#path}, got ${(cause as Error).message}`;
      throw new CoordinatorError('LOG_WRITE', message, { hint: 'check the free space of the disk', exitCode: EXIT.retryable, cause });
    }
  }
}
