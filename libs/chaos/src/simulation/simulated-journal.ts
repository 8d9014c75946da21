/** The journal of a simulated coordinator: never synced, so that any part of its end may be missing, and any bit of it may be damaged. */
import { decodeJournalRecord, encodeJournalRecord, JOURNAL_MAGIC, sameRound } from '@geodesic/cluster';
import type { JournalRecord, RoundIdentity } from '@geodesic/cluster';
import type { SimulatedDisk } from './simulated-disk.ts';

const PREFIX = 'journal/step';

/** Rounds since a checkpoint. */
export class SimulatedJournal {
  readonly #disk: SimulatedDisk;
  readonly #term: number;
  readonly #found: readonly JournalRecord[];
  #file: string;

  /** Reads what earlier coordinators have left, and goes on in a file of its own. */
  constructor(disk: SimulatedDisk, { step, term }: { step: number; term: number }) {
    this.#disk = disk;
    this.#term = term;
    this.#found = disk.list(PREFIX).flatMap((name) => scan(disk.read(name)));
    this.#file = fileName(step, term);
  }

  /** How this very round ended before. */
  take(round: RoundIdentity): JournalRecord | undefined {
    return this.#found.find((record) => sameRound(record.round, round));
  }

  append(record: JournalRecord): void {
    if (this.#disk.create(this.#file)) this.#disk.append(this.#file, JOURNAL_MAGIC);
    this.#disk.append(this.#file, encodeJournalRecord(record));
  }

  /** What comes now is after the checkpoint of this step. */
  rotate(step: number): void {
    this.#file = fileName(step, this.#term);
  }

  /** A checkpoint of this step is durable: what is older is not needed. */
  retire(step: number): void {
    for (const name of this.#disk.list(PREFIX)) if (name < fileName(step, 0)) this.#disk.remove(name);
  }
}

/** The files that a disk has, for those that damage them. */
export function journalFiles(disk: SimulatedDisk): string[] {
  return disk.list(PREFIX);
}

function fileName(step: number, term: number): string {
  return `${PREFIX}-${String(step).padStart(6, '0')}-${String(term).padStart(6, '0')}`;
}

/** The sound frames of a file, up to the first that is not. */
function scan(bytes: Uint8Array): JournalRecord[] {
  const records: JournalRecord[] = [];
  let offset = JOURNAL_MAGIC.length;
  while (offset + 8 <= bytes.length) {
    const prefix = new DataView(bytes.buffer, bytes.byteOffset + offset);
    const length = 16 + prefix.getUint32(0, true) + prefix.getUint32(4, true);
    if (offset + length > bytes.length) break;
    try {
      records.push(decodeJournalRecord(bytes.subarray(offset, offset + length)));
    } catch {
      break;
    }
    offset += length;
  }
  return records;
}
