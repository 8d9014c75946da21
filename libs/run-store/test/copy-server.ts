/** A log's copy in memory, with compare-and-set, and connections to it that fail as a plan says; and chains of records to copy. */
import { encodeRecord, LOG_START } from '@geodesic/cluster';
import type { LogEntry, LogPosition } from '@geodesic/cluster';
import type { CopyPort, ReplicatedRecord } from '../src/index.ts';

/** `refused`: not stored, no answer; `lost`: stored, no answer; `late`: no answer, and it arrives with the next call of anybody. */
export type CopyFault = 'refused' | 'lost' | 'late';

const unreachable = (): Error => Object.assign(new Error('no answer'), { code: 'UNREACHABLE' });
const fenced = (): Error => Object.assign(new Error('another record is the last'), { code: 'FENCED' });

/** The copy that all connections see. */
export class CopyServer {
  readonly stored: ReplicatedRecord[] = [];
  #late: (() => void)[] = [];

  /** A leader's connection. @param plan asked at every call */
  port(plan: () => CopyFault | undefined = () => undefined): CopyPort {
    let seen = 0;
    return {
      append: async (record) => {
        const expected = seen;
        const store = (): boolean => {
          if (this.stored.length !== expected) return false;
          this.stored.push(record);
          return true;
        };
        const fault = plan();
        if (fault === 'refused') throw unreachable();
        if (fault === 'late') {
          this.#late.push(store);
          throw unreachable();
        }
        this.#arrive();
        const isStored = store();
        if (fault === 'lost') throw unreachable();
        if (!isStored) throw fenced();
        seen = this.stored.length;
      },
      last: async () => {
        this.#arrive();
        if (plan() !== undefined) throw unreachable();
        seen = this.stored.length;
        return this.stored.at(-1);
      },
    };
  }

  #arrive(): void {
    for (const store of this.#late.splice(0)) store();
  }
}

/** Makes records one behind the other. */
export class Chain {
  readonly records: ReplicatedRecord[] = [];
  #position: LogPosition = LOG_START;

  /** A chain that goes on from the first records of this one. */
  fork(length: number): Chain {
    const fork = new Chain();
    fork.records.push(...this.records.slice(0, length));
    const last = fork.records.at(-1);
    if (last) fork.#position = { sequence: last.sequence + 1, previous: last.hash };
    return fork;
  }

  add(term: number, ...entries: readonly LogEntry[]): readonly ReplicatedRecord[] {
    return entries.map((entry) => {
      const { sequence, previous } = this.#position;
      const { bytes, hash, next } = encodeRecord(entry, { ...this.#position, term });
      this.#position = next;
      const record = { sequence, hash, previous, term, bytes };
      this.records.push(record);
      return record;
    });
  }
}
