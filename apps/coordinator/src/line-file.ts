/**
 * A file of JSON lines that goes on after a restart, and after a full disk. It begins as a copy that replaces the file which is there: a torn
 * end is gone, and a process that led the run before goes on writing to a file that nobody reads. After a failed write it is replaced again.
 */
import { open, readFile, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** Pause before a file that could not be written is tried again, ms. */
const RETRY_MS = 1000;

/** Options of {@link LineFile}. */
export interface LineFileOptions {
  readonly path: string;
  /** All lines, those to come included: the caller adds to it and says so. */
  readonly lines: readonly object[];
  /** Told of the first failure of several. */
  readonly onError: (error: Error) => void;
  /** Told when lines are in the file, or it has failed. */
  readonly onProgress?: () => void;
}

/** Writes lines behind, in order; numbers and events are for people, so nothing waits for it and nothing fails with it. */
export class LineFile {
  readonly #options: LineFileOptions;
  #handle: FileHandle | undefined;
  /** Lines that are in the file. */
  #written = 0;
  #work: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #hasFailed = false;

  /** Begins the file with the lines that there are. */
  constructor(options: LineFileOptions) {
    this.#options = options;
    this.added();
  }

  /** Lines that survive this process: those in the file, and all while it cannot be written. */
  get settled(): number {
    return this.#hasFailed ? this.#options.lines.length : this.#written;
  }

  /** Lines have been added. */
  added(): void {
    if (this.#retry === undefined) this.#work ??= this.#write();
  }

  /** Resolves when all lines are in the file, or cannot be. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    await this.#work;
    this.#work = undefined;
    if (this.#written < this.#options.lines.length) await this.#write();
    clearTimeout(this.#retry);
    await this.#handle?.close().catch(() => undefined);
    this.#handle = undefined;
  }

  async #write(): Promise<void> {
    const { lines, onError, onProgress } = this.#options;
    try {
      await Promise.resolve(); // lines of one tick go together
      this.#handle ??= await this.#replace();
      while (this.#written < lines.length) {
        const count = lines.length;
        await this.#handle.appendFile(textOf(lines.slice(this.#written, count)));
        this.#written = count;
      }
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) onError(error as Error);
      this.#hasFailed = true;
      await this.#handle?.close().catch(() => undefined);
      this.#handle = undefined;
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.added();
      }, RETRY_MS);
      this.#retry.unref();
    }
    this.#work = undefined;
    onProgress?.();
  }

  async #replace(): Promise<FileHandle> {
    const { path, lines } = this.#options;
    const copy = `${path}.new`;
    const count = lines.length;
    const handle = await open(copy, 'w');
    try {
      await handle.appendFile(textOf(lines.slice(0, count)));
      await rename(copy, path);
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw error;
    }
    this.#written = count;
    return handle;
  }
}

/** The lines of a file that are whole and pass `accept`, up to the first that does not; none where there is no file. */
export async function readLines<T>(path: string, accept: (line: string) => T | undefined): Promise<T[]> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const accepted: T[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const value = accept(line);
    if (value === undefined) break;
    accepted.push(value);
  }
  return accepted;
}

/** A line as a JSON object; undefined when it is none. */
export function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(values: readonly object[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('');
}
