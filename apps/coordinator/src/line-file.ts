/**
 * A file of JSON lines that goes on after a restart, and after a full disk. It begins as a copy that replaces the file which is there: a torn
 * end is gone, and a process that led the run before goes on writing to a file that nobody reads. What is in the file is not kept in memory.
 */
import { open as openFile, rename, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { openExisting, scanHandle } from './scan-lines.ts';

/** Pause before a file that could not be written is tried again, ms. */
const RETRY_MS = 1000;
/** The index has the offset of every line with a number that this divides. */
const INDEX_EVERY = 512;
/** Most lines that are written at once. */
const BATCH_LINES = 4096;
const COPY_BYTES = 256 * 1024;

/** Options of {@link LineFile}. */
export interface LineFileOptions {
  readonly path: string;
  /** Told every line that is there, in order; the first that is not accepted is dropped with all after it. */
  readonly accept: (line: string) => boolean;
  /** Told of the first failure of several. */
  readonly onError: (error: Error) => void;
  /** Told when lines are in the file, or it has failed. */
  readonly onProgress?: () => void;
  /** Opens files to write; default that of node. */
  readonly open?: (path: string, flags: string) => Promise<FileHandle>;
}

/** Writes lines behind, in order; numbers and events are for people, so nothing waits for it and nothing fails with it. */
export class LineFile {
  readonly #options: LineFileOptions;
  /** What was there before; read until the copy has taken its place. */
  #source: FileHandle | undefined;
  #handle: FileHandle | undefined;
  /** Lines that are in the file. */
  #written = 0;
  /** Their bytes. */
  #bytes = 0;
  /** Offsets of lines 0, 512, 1024, ... of the file. */
  readonly #index: number[] = [];
  /** Lines that are not in the file. */
  #pending: string[] = [];
  #work: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #hasFailed = false;
  #isClosed = false;

  private constructor(options: LineFileOptions) {
    this.#options = options;
  }

  /** Begins with the accepted lines of the file that is there, if there is one. */
  static async open(options: LineFileOptions): Promise<LineFile> {
    const file = new LineFile(options);
    const source = await openExisting(options.path);
    if (source) {
      file.#source = source;
      file.#bytes = await scanHandle(source, (line, offset) => {
        if (!options.accept(line)) return false;
        file.#placed(offset);
        return true;
      });
    }
    file.#begin();
    return file;
  }

  /** Lines in all. */
  get length(): number {
    return this.#written + this.#pending.length;
  }

  /** Lines that are in the file. */
  get written(): number {
    return this.#written;
  }

  /** Lines that survive this process: those in the file, and all while it cannot be written. */
  get settled(): number {
    return this.#hasFailed ? this.length : this.#written;
  }

  /** Bytes of the file behind so many lines, to a part of the index's step. */
  bytesAfter(lines: number): number {
    if (lines >= this.#written) return 0;
    const group = Math.floor(lines / INDEX_EVERY);
    const start = this.#index[group];
    const end = this.#index.at(group + 1) ?? this.#bytes;
    const inGroup = Math.min(INDEX_EVERY, this.#written - group * INDEX_EVERY);
    return this.#bytes - start - Math.round(((end - start) * (lines - group * INDEX_EVERY)) / inGroup);
  }

  /** Adds a line; a closed file takes none. */
  add(value: object): void {
    if (this.#isClosed) return;
    this.#pending.push(JSON.stringify(value));
    this.#begin();
  }

  /**
   * Lines from one on, those included that are not in the file yet.
   * @param from number of the first line, from 0
   * @throws {Error} of the file system when the file cannot be read
   */
  async read(from: number, count: number): Promise<string[]> {
    const written = this.#written;
    const waiting = this.#pending.slice(Math.max(0, from - written), Math.max(0, from + count - written));
    const inFile = Math.min(from + count, written) - from;
    if (inFile <= 0) return waiting;
    const group = Math.floor(from / INDEX_EVERY);
    const start = this.#index[group];
    const end = this.#index.at(Math.ceil((from + inFile) / INDEX_EVERY)) ?? this.#bytes;
    const lines = (await this.#readBytes(start, end)).toString('utf8').split('\n');
    const skipped = from - group * INDEX_EVERY;
    return [...lines.slice(skipped, skipped + inFile), ...waiting];
  }

  /** Resolves when all lines are in the file, or cannot be. What is there can be read afterwards. */
  async close(): Promise<void> {
    clearTimeout(this.#retry);
    this.#retry = undefined;
    await this.#work;
    this.#isClosed = true;
    if (this.#pending.length > 0) await this.#write();
    clearTimeout(this.#retry);
    const handles = [this.#handle, this.#source];
    this.#handle = undefined;
    this.#source = undefined;
    for (const handle of handles) await handle?.close().catch(() => undefined);
  }

  #begin(): void {
    if (this.#retry === undefined) this.#work ??= this.#write();
  }

  async #write(): Promise<void> {
    const { onError, onProgress } = this.#options;
    try {
      await Promise.resolve(); // lines of one tick go together
      this.#handle ??= await this.#replace();
      // What a failed write has left behind goes: the path may be another process's by now, this handle is not.
      if (this.#hasFailed) await this.#handle.truncate(this.#bytes);
      while (this.#pending.length > 0) {
        await this.#append(this.#handle);
        this.#hasFailed = false;
        onProgress?.();
      }
      this.#hasFailed = false;
    } catch (error) {
      if (!this.#hasFailed) onError(error as Error);
      this.#hasFailed = true;
      this.#retry = setTimeout(() => {
        this.#retry = undefined;
        this.#begin();
      }, RETRY_MS);
      this.#retry.unref();
    }
    this.#work = undefined;
    onProgress?.();
  }

  async #append(handle: FileHandle): Promise<void> {
    const lines = this.#pending.slice(0, BATCH_LINES).map((line) => Buffer.from(`${line}\n`));
    await writeAll(handle, Buffer.concat(lines), this.#bytes);
    for (const { length } of lines) {
      this.#placed(this.#bytes);
      this.#bytes += length;
    }
    this.#pending = this.#pending.slice(lines.length);
  }

  /** The next line is in the file, at this offset. */
  #placed(offset: number): void {
    if (this.#written % INDEX_EVERY === 0) this.#index.push(offset);
    this.#written += 1;
  }

  async #replace(): Promise<FileHandle> {
    const { path, open = openFile } = this.#options;
    const copy = `${path}.new`;
    await this.#requireSource();
    const handle = await open(copy, 'w+');
    try {
      for (let at = 0; at < this.#bytes; at += COPY_BYTES)
        await writeAll(handle, await this.#readBytes(at, Math.min(at + COPY_BYTES, this.#bytes)), at);
      await this.#requireSource();
      await rename(copy, path);
    } catch (error) {
      await handle.close().catch(() => undefined);
      throw error;
    }
    const source = this.#source;
    this.#handle = handle;
    this.#source = undefined;
    await source?.close().catch(() => undefined);
    return handle;
  }

  /** A later leader may have put its own file there while this one waited for the disk. */
  async #requireSource(): Promise<void> {
    const { path } = this.#options;
    const found = await stat(path).catch(() => undefined);
    if (!found) return;
    const own = await this.#source?.stat();
    if (found.ino === own?.ino && found.dev === own.dev) return;
    throw new Error(`${path}: expected the file that this process has read, got another one; another coordinator leads the run`);
  }

  async #readBytes(from: number, to: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(to - from);
    for (let length = 0; length < bytes.length;) {
      const bytesRead = await this.#readSome(bytes, length, from + length);
      if (bytesRead === 0) throw new Error(`${this.#options.path}: expected ${to} bytes, got ${from + length}; the file was cut`);
      length += bytesRead;
    }
    return bytes;
  }

  /** The copy may take the place of what was there between two of these, and the file may be closed: the bytes are the same. */
  async #readSome(bytes: Buffer, offset: number, position: number): Promise<number> {
    const length = bytes.length - offset;
    const open = this.#handle ?? this.#source;
    if (open) return (await open.read(bytes, offset, length, position)).bytesRead;
    const handle = await openFile(this.#options.path, 'r');
    try {
      return (await handle.read(bytes, offset, length, position)).bytesRead;
    } finally {
      await handle.close();
    }
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let length = 0; length < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, length, bytes.length - length, position + length);
    length += bytesWritten;
  }
}
