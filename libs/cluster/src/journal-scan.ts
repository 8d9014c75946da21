/**
 * Finds the rounds of a journal file without reading their sums: a file of 1 GiB is indexed by its headers. The first frame that is torn
 * or whose header is damaged ends the scan, since nothing says where the next one is; what is lost is computed again.
 */
import { JOURNAL_MAGIC, PREFIX_BYTES, readHeader, readPrefix } from './journal-codec.ts';
import { ProtocolError } from './errors.ts';
import type { RoundIdentity } from './round.ts';

/** Where a round's frame is. */
export interface JournalIndexEntry {
  readonly round: RoundIdentity;
  /** Of the frame in the file, bytes. */
  readonly offset: number;
  readonly length: number;
}

/** What a file holds. */
export interface JournalScan {
  /** In the order of the file. */
  readonly entries: readonly JournalIndexEntry[];
  /** Length of what is sound, as far as headers tell. */
  readonly validBytes: number;
  /** Why the rest, if any, is not; for people. */
  readonly torn?: string;
}

/** Reads bytes of a file; fewer than asked for only at its end. */
export type JournalRead = (offset: number, length: number) => Uint8Array | Promise<Uint8Array>;

/** Headers are small: so much is read at once, bytes. */
const WINDOW_BYTES = 64 * 1024;

/** Indexes a file of `size` bytes. Never rejects but for what `read` does. */
export async function scanJournal(read: JournalRead, size: number): Promise<JournalScan> {
  const window = new ReadWindow(read);
  const magic = await window.at(0, JOURNAL_MAGIC.length);
  if (Buffer.compare(magic, JOURNAL_MAGIC) !== 0) return { entries: [], validBytes: 0, torn: notJournal(magic) };
  const entries: JournalIndexEntry[] = [];
  let offset = JOURNAL_MAGIC.length;
  while (offset < size) {
    try {
      const { headerLength, bodyLength } = readPrefix(await window.at(offset, PREFIX_BYTES));
      const length = PREFIX_BYTES + headerLength + bodyLength;
      if (offset + length > size) throw new ProtocolError('journal: frame', `${length} bytes`, `${size - offset}`);
      const { round } = readHeader(await window.at(offset, PREFIX_BYTES + headerLength));
      entries.push({ round, offset, length });
      offset += length;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return { entries, validBytes: offset, torn: `at byte ${offset}: ${error.message}` };
    }
  }
  return { entries, validBytes: offset };
}

function notJournal(magic: Uint8Array): string {
  const isOther = magic.length === JOURNAL_MAGIC.length && Buffer.compare(magic.subarray(0, -1), JOURNAL_MAGIC.subarray(0, -1)) === 0;
  if (isOther) return `expected a journal of format ${JOURNAL_MAGIC.at(-1)}, got format ${magic.at(-1)}`;
  return 'expected a journal, got a file that begins otherwise';
}

/** The part of a file that was read last. */
class ReadWindow {
  readonly #read: JournalRead;
  #offset = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(read: JournalRead) {
    this.#read = read;
  }

  async at(offset: number, length: number): Promise<Uint8Array> {
    const end = this.#offset + this.#bytes.length;
    if (offset < this.#offset || offset + length > end) {
      this.#bytes = await this.#read(offset, Math.max(length, WINDOW_BYTES));
      this.#offset = offset;
    }
    const start = offset - this.#offset;
    return this.#bytes.subarray(start, start + length);
  }
}
