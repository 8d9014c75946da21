/**
 * The commit log of one simulated coordinator, as libs/run-store does it on a real disk: a term is claimed by exclusive creation and only
 * then are older segments read; an entry is confirmed when it is synced and nobody has claimed a higher term since; after a failed sync the
 * same term goes on in a new part with what was not confirmed.
 */
import { encodeRecord, joinSegments, LOG_START, viewLog } from '@geodesic/cluster';
import type { EncodedRecord, JoinedLog, LogEntry, LogPosition, LogRecord, LogSegment, LogView } from '@geodesic/cluster';
import type { Draw } from '../seeded-draw.ts';
import type { CutPoint } from './cut-point.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

/** What a log needs of its process. */
export interface LogHost {
  readonly disk: SimulatedDisk;
  /** Calls back after a while, as long as the process lives. */
  readonly later: (what: 'early' | 'sync' | 'retry', callback: () => void) => void;
  readonly draw: Draw;
  /** A place where the process may die. */
  readonly cut: (place: CutPoint) => void;
  /** Whether it dies with half of the bytes written. */
  readonly tears: () => boolean;
  /** @throws {ProcessDied} */
  readonly die: (place: CutPoint) => never;
  readonly note: (what: string, detail: string) => void;
  /** Another coordinator has taken the run over. */
  readonly deposed: () => void;
  /** Defects: whether to say of an entry that it is durable before it is, and whether to look for higher terms. */
  readonly defects: { readonly confirmsEarly?: boolean; readonly ignoresTerms?: (entry: LogEntry) => boolean };
}

interface Waiting {
  readonly entry: LogEntry;
  readonly bytes: Uint8Array;
  readonly confirmed: (place: DurablePlace) => void;
}

/** Where an entry's bytes end. */
export interface DurablePlace {
  readonly file: string;
  readonly end: number;
}

const PREFIX = 'log/commit';

function segmentName(term: number, part: number): string {
  return `${PREFIX}-${String(term).padStart(6, '0')}-${String(part).padStart(2, '0')}`;
}

/** All segments that a disk has, joined. */
export function readSegments(disk: SimulatedDisk, below: number = Number.POSITIVE_INFINITY): JoinedLog {
  const names = disk.list(PREFIX).filter((name) => termOf(name) < below);
  return joinSegments(names.map((name) => ({ name, bytes: disk.read(name) })));
}

function termOf(name: string): number {
  return Number(name.slice(PREFIX.length + 1, PREFIX.length + 7));
}

/** What a leader finds when it takes a run over. */
export interface FoundLog {
  readonly view: LogView;
  readonly records: readonly LogRecord[];
  readonly next: LogPosition;
}

/** The log as its leader writes it. */
export class SimulatedLog {
  readonly term: number;
  readonly #host: LogHost;
  readonly #queue: Waiting[] = [];
  #position: LogPosition;
  #part = 0;
  #isSyncing = false;
  #isOver = false;

  constructor(host: LogHost, term: number, position: LogPosition) {
    this.#host = host;
    this.term = term;
    this.#position = position;
  }

  /** The log of a new run, whose record 0 is durable. */
  static create(host: LogHost, entry: LogEntry): SimulatedLog {
    const file = segmentName(1, 0);
    const { bytes, next } = encodeRecord(entry, { ...LOG_START, term: 1 });
    host.disk.append(file, bytes);
    host.disk.sync(file);
    return new SimulatedLog(host, 1, next);
  }

  /** Claims the next term; undefined when another process was faster. */
  static claim(disk: SimulatedDisk): number | undefined {
    const term = Math.max(...disk.list(PREFIX).map(termOf)) + 1;
    return disk.create(segmentName(term, 0)) ? term : undefined;
  }

  /** Reads what the terms before have left. @throws {Error} when something that was durable is lost */
  static read(disk: SimulatedDisk, term: number): FoundLog {
    const { records, next, unconnected, notes } = readSegments(disk, term);
    if (unconnected > 0) throw new Error(`the log is damaged: ${notes.join('; ')}`);
    for (const name of disk.list(PREFIX)) if (termOf(name) < term) disk.sync(name);
    return { view: viewLog(records), records, next };
  }

  /**
   * Copies the newest segment with a record in it to a new file of the same name. What its leader did not confirm may be in the system's cache
   * alone, and after a sync that failed no other one saves it: so nothing is built on it before this. False when a sync failed.
   */
  static secure(disk: SimulatedDisk, term: number): boolean {
    const name = disk.list(PREFIX).findLast((one) => termOf(one) < term && hasRecord({ name: one, bytes: disk.read(one) }));
    if (name === undefined) return true;
    const copy = `tmp/${name}-${term}`;
    disk.remove(copy);
    disk.append(copy, Uint8Array.from(disk.read(name)));
    if (!disk.sync(copy)) return false;
    disk.rename(copy, name);
    disk.syncFolder();
    return true;
  }

  /** Appends; `confirmed` is called once the entry is durable and this process leads. */
  append(entry: LogEntry, confirmed: Waiting['confirmed']): void {
    const record: EncodedRecord = encodeRecord(entry, { ...this.#position, term: this.term });
    this.#position = record.next;
    this.#queue.push({ entry, bytes: record.bytes, confirmed });
    this.#drain();
  }

  /** A leader without workers appends nothing, and would never learn that it is none: it looks now and then. */
  check(): void {
    if (!this.#isOver && this.#isSucceeded()) this.#depose();
  }

  #isSucceeded(): boolean {
    return this.#host.disk.exists(segmentName(this.term + 1, 0));
  }

  #drain(): void {
    if (this.#isSyncing || this.#isOver || this.#queue.length === 0) return;
    const { disk, cut, die, later } = this.#host;
    const batch = [...this.#queue];
    const file = segmentName(this.term, this.#part);
    const bytes = Buffer.concat(batch.map((waiting) => waiting.bytes));
    if (this.#host.tears()) {
      disk.append(file, bytes.subarray(0, Math.floor(bytes.length * this.#host.draw())));
      die('torn append');
    }
    const end = disk.append(file, bytes);
    cut('after write, before sync');
    this.#isSyncing = true;
    if (this.#host.defects.confirmsEarly === true) later('early', () => this.#confirm(batch, { file, end }));
    later('sync', () => this.#synced(batch, { file, end }));
  }

  #synced(batch: readonly Waiting[], place: DurablePlace): void {
    const { disk, later, defects } = this.#host;
    this.#isSyncing = false;
    if (!disk.sync(place.file)) {
      this.#host.note('sync failed', place.file);
      this.#part += 1;
      this.#isSyncing = true;
      later('retry', () => this.#retry());
      return;
    }
    if (defects.confirmsEarly === true) {
      this.#drain();
      return;
    }
    const isDeposed = this.#isSucceeded();
    const confirmed = isDeposed ? batch.filter(({ entry }) => defects.ignoresTerms?.(entry) === true) : batch;
    this.#confirm(confirmed, place);
    if (isDeposed) this.#depose();
    else this.#drain();
  }

  #retry(): void {
    const { disk } = this.#host;
    this.#isSyncing = false;
    if (this.#isSucceeded()) {
      this.#depose();
      return;
    }
    disk.create(segmentName(this.term, this.#part));
    this.#drain();
  }

  #depose(): void {
    this.#isOver = true;
    this.#host.deposed();
  }

  #confirm(batch: readonly Waiting[], place: DurablePlace): void {
    this.#queue.splice(0, batch.length);
    this.#host.cut('after sync, before announce');
    for (const { confirmed } of batch) confirmed(place);
  }
}

function hasRecord(segment: LogSegment): boolean {
  const { records, unconnected } = joinSegments([segment]);
  return records.length + unconnected > 0;
}
