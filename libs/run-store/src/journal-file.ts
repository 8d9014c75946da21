/** One file of the journal: written once, by one process, without syncs; read frame by frame, so that its size never matters. */
import { decodeJournalRecord, JOURNAL_MAGIC, sameRound, scanJournal } from '@geodesic/cluster';
import type { JournalIndexEntry, JournalRecord, RoundIdentity } from '@geodesic/cluster';
import { readRange, writeWhole } from './file-system.ts';
import type { FileSystem, StoredFile } from './file-system.ts';

/** Where a round is: the frame's place in a file. */
export interface JournalPlace extends JournalIndexEntry {
  readonly path: string;
}

/** The rounds in a file, up to where it is torn. @throws the system's error */
export async function indexJournalFile(fileSystem: FileSystem, path: string): Promise<readonly JournalPlace[]> {
  return reading(fileSystem, path, async (file) => {
    const { entries } = await scanJournal((offset, length) => readRange(file, offset, length), await file.size());
    return entries.map((entry) => ({ ...entry, path }));
  });
}

/** Reads one round. @throws {ProtocolError} when its frame is damaged; the system's error */
export async function readJournalRecord(fileSystem: FileSystem, place: JournalPlace): Promise<JournalRecord | undefined> {
  const bytes = await reading(fileSystem, place.path, (file) => readRange(file, place.offset, place.length));
  const record = decodeJournalRecord(bytes);
  return sameRound(record.round, place.round) ? record : undefined;
}

/** A file that is being written; it is created with its first round. */
export class JournalFileWriter {
  readonly #fileSystem: FileSystem;
  readonly #pathOf: (part: number) => string;
  #file: { readonly handle: StoredFile; readonly path: string } | undefined;
  #length = 0;

  /** @param pathOf the name, with a number for when it is taken: what another process writes is left alone */
  constructor(fileSystem: FileSystem, pathOf: (part: number) => string) {
    this.#fileSystem = fileSystem;
    this.#pathOf = pathOf;
  }

  /** Writes an encoded round after those before it. @throws the system's error; nothing more may be written then */
  async write(round: RoundIdentity, frame: Uint8Array): Promise<JournalPlace> {
    this.#file ??= await this.#create();
    const { handle, path } = this.#file;
    if (this.#length === 0) await this.#append(handle, JOURNAL_MAGIC);
    const offset = this.#length;
    await this.#append(handle, frame);
    return { round, path, offset, length: frame.length };
  }

  async close(): Promise<void> {
    await this.#file?.handle.close();
  }

  async #append(handle: StoredFile, bytes: Uint8Array): Promise<void> {
    await writeWhole(handle, bytes);
    this.#length += bytes.length;
  }

  async #create(): Promise<{ handle: StoredFile; path: string }> {
    for (let part = 0; ; part++) {
      const path = this.#pathOf(part);
      try {
        return { handle: await this.#fileSystem.open(path, 'create'), path };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }
}

async function reading<T>(fileSystem: FileSystem, path: string, use: (file: StoredFile) => Promise<T>): Promise<T> {
  const file = await fileSystem.open(path, 'read');
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
