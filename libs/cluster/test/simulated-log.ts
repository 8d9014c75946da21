/** A commit log under the hands of many: leaders that crash, tear their tails, write again, are deposed and write on. */
import { ok } from 'node:assert/strict';
import { encodeRecord, joinSegments } from '../src/index.ts';
import type { LogEntry, LogPosition } from '../src/index.ts';
import { rejectedEntry, runEntry, stepEntry } from './log-fixtures.ts';

/** What happens to a log: whoever acts writes some records, announces the first of them, and loses bytes of the others. */
export interface Act {
  /** A successor, the leader in a new part of its segment, or one that was deposed, on its segment or a new part. */
  readonly kind: 'take-over' | 'part' | 'zombie' | 'zombie-part';
  readonly writes: number;
  readonly announces: number;
  /** Share of the bytes beyond what is announced that reach the disk. */
  readonly kept: number;
  /** Which of the deposed. */
  readonly who: number;
}

interface Leader {
  readonly term: number;
  parts: Uint8Array[];
  /** Where its next part begins. */
  confirmed: LogPosition;
  /** What it wrote after that. */
  unconfirmed: LogEntry[];
  end: LogPosition;
  isTorn: boolean;
}

/** A disk on which leaders follow each other. What it says was announced is checked against the records that are there. */
export class SimulatedLog {
  readonly leaders: Leader[] = [];
  readonly announced: string[] = [];
  #step = 0;

  joined(): ReturnType<typeof joinSegments> {
    return joinSegments(this.leaders.flatMap(({ term: by, parts }) => parts.map((bytes, part) => ({ name: `${by}-${part}`, bytes }))));
  }

  act({ kind, writes, announces, kept, who }: Act): void {
    const deposed = this.leaders.slice(0, -1);
    const leader = kind.startsWith('zombie') ? deposed.at(who % Math.max(1, deposed.length)) : this.leaders.at(-1);
    if (leader === undefined && kind.startsWith('zombie')) return;
    if (kind === 'take-over' || leader === undefined) this.#takeOver(writes, announces, kept);
    else if (kind.endsWith('part')) this.#newPart(leader, writes, kind === 'part' ? announces : 0, kept);
    else if (!leader.isTorn && leader.parts.length > 0) this.#write(leader, this.#entries(writes), kind === 'zombie' ? 0 : announces, kept);
  }

  /** Claims a term, which makes a file, and reads what there is then. */
  #takeOver(writes: number, announces: number, kept: number): void {
    const { next, records } = this.joined();
    const leader: Leader = {
      term: this.leaders.length + 1,
      parts: [new Uint8Array(0)],
      confirmed: next,
      unconfirmed: [],
      end: next,
      isTorn: false,
    };
    this.leaders.push(leader);
    const begin = records.length === 0 ? runEntry() : ({ type: 'term', leader: `${leader.term}`, step: this.#step } as const);
    this.#write(leader, [begin, ...this.#entries(writes)], announces, kept);
  }

  #newPart(leader: Leader, writes: number, announces: number, kept: number): void {
    const again = leader.unconfirmed;
    leader.parts.push(new Uint8Array(0));
    leader.end = leader.confirmed;
    leader.unconfirmed = [];
    leader.isTorn = false;
    this.#write(leader, [...again, ...this.#entries(writes)], announces, kept);
  }

  #write(leader: Leader, entries: readonly LogEntry[], announces: number, kept: number): void {
    let at = leader.end;
    let sure = 0;
    const parts: Uint8Array[] = [];
    for (const [i, entry] of entries.entries()) {
      const record = encodeRecord(entry, { ...at, term: leader.term });
      parts.push(record.bytes);
      at = record.next;
      leader.unconfirmed.push(entry);
      if (i >= announces) continue;
      sure += record.bytes.length;
      leader.confirmed = record.next;
      leader.unconfirmed = [];
    }
    const bytes = Buffer.concat(parts);
    const length = sure + Math.floor(kept * (bytes.length - sure));
    leader.parts.push(Buffer.concat([leader.parts.pop()!, bytes.subarray(0, length)]));
    leader.isTorn = length < bytes.length;
    leader.end = at;
    if (announces === 0 || entries.length === 0) return;
    const { records } = this.joined();
    const last = records.findIndex(({ hash }) => hash === leader.confirmed.previous);
    ok(last >= this.announced.length - 1, 'what was announced is not in the log');
    this.announced.splice(0, Infinity, ...records.slice(0, last + 1).map(({ hash }) => hash));
  }

  #entries(count: number): LogEntry[] {
    return Array.from({ length: count }, () => {
      this.#step += 1;
      return this.#step % 5 === 0 ? rejectedEntry(this.#step, 0) : stepEntry(this.#step);
    });
  }
}
