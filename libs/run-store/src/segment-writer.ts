/**
 * Writing one term's segments. A segment is created exclusively, so a term has one writer; after anything has failed its descriptor is
 * never used again: what the disk holds is unknown then, and the next write goes to a new part. Whoever takes a run over creates the next term's
 * segment BEFORE reading, and the writer looks for that segment AFTER its data is durable: so either the successor reads the
 * records, or the writer learns that it is deposed (exactness.md 11, 14).
 */
import { join } from 'node:path';
import type { FileSystem, StoredFile } from './file-system.ts';
import { writeWhole } from './file-system.ts';
import { segmentName } from './segment-files.ts';

/** Whether the writer may still speak for the run. */
export type Standing = 'leader' | 'deposed';

/** The segments of one term. One operation at a time. */
export class SegmentWriter {
  readonly term: number;
  readonly #fileSystem: FileSystem;
  readonly #folder: string;
  /** Undefined after a failure and after {@link close}. */
  #file: StoredFile | undefined;
  #part = 0;
  #isClosed = false;

  private constructor(fileSystem: FileSystem, folder: string, term: number, file: StoredFile) {
    this.#fileSystem = fileSystem;
    this.#folder = folder;
    this.term = term;
    this.#file = file;
  }

  /** Claims a term: its first segment is there, empty, and its name durable. @throws the system's error; EEXIST when the term is another's */
  static async create(fileSystem: FileSystem, folder: string, term: number): Promise<SegmentWriter> {
    const file = await fileSystem.open(join(folder, segmentName({ term, part: 0 })), 'create');
    const writer = new SegmentWriter(fileSystem, folder, term, file);
    await writer.#guarded(() => fileSystem.syncFolder(folder));
    return writer;
  }

  /** The path of the segment that is written now. */
  get path(): string {
    return join(this.#folder, segmentName({ term: this.term, part: this.#part }));
  }

  /**
   * Appends bytes; they are durable when the promise resolves. After a failure the same bytes are given again, from the first record
   * that was not confirmed: they begin a new part.
   * @throws the system's error
   */
  async append(bytes: Uint8Array): Promise<Standing> {
    if (this.#isClosed) throw new Error(`segment ${this.path}: expected a segment that is open, got one that is closed`);
    if (this.#file === undefined && (await this.isSucceeded())) return 'deposed';
    return this.#guarded(async () => {
      if (this.#file === undefined) await this.#beginPart(bytes);
      else await writeDurable(this.#file, bytes);
      return (await this.isSucceeded()) ? 'deposed' : 'leader';
    });
  }

  /** Writes bytes that nobody confirms: for crashing in the middle of a record. */
  async tear(bytes: Uint8Array): Promise<void> {
    if (this.#file) await writeWhole(this.#file, bytes);
  }

  /** Closes the file. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Whether somebody has claimed a later term; terms are claimed one by one, so looking for the next one suffices. @throws the system's error */
  isSucceeded(): Promise<boolean> {
    return this.#fileSystem.exists(join(this.#folder, segmentName({ term: this.term + 1, part: 0 })));
  }

  /**
   * A part gets its name when its first bytes are durable. So a disk that stays full leaves no heap of parts, and a part holds all that the
   * failed one may hold after its last confirmed record: superseding takes nothing away that a successor may have read.
   */
  async #beginPart(bytes: Uint8Array): Promise<void> {
    const staging = join(this.#folder, `.part-of-${segmentName({ term: this.term, part: 0 })}`);
    this.#file = await this.#fileSystem.open(staging, 'replace');
    await writeDurable(this.#file, bytes);
    this.#part++;
    await this.#fileSystem.rename(staging, this.path);
    await this.#fileSystem.syncFolder(this.#folder);
  }

  /** Runs an operation on the open file; a failure ends that file. */
  async #guarded<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      const broken = this.#file;
      this.#file = undefined;
      await broken?.close().catch(() => undefined); // a file that failed may fail to close, too; its descriptor is gone either way
      throw error;
    }
  }
}

async function writeDurable(file: StoredFile, bytes: Uint8Array): Promise<void> {
  await writeWhole(file, bytes);
  await file.datasync();
}
