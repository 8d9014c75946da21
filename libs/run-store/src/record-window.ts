/**
 * The records that a log's copy still lacks: as many of the next ones as may be in memory, and the rest, or what was written before this
 * process, read from the log again when it is their turn. One record may wait for its admission: it is in no log yet, so it is always kept.
 */
import type { ReplicatedRecord } from './log-replica.ts';

/** All records of the local log from a sequence on, in order. */
export type Reread = (fromSequence: number) => Promise<readonly ReplicatedRecord[]>;

/** See the file's comment. Sequences that are asked for never go beyond the newest one. */
export class RecordWindow {
  readonly #reread: Reread;
  readonly #memoryBytes: number;
  /** Without gaps; what follows on it, if it is not the newest, is in the log. */
  #kept: ReplicatedRecord[] = [];
  #keptBytes = 0;
  /** Of records that follow on those kept. */
  #otherBytes = 0;
  #newest: ReplicatedRecord | undefined;
  #waiting: ReplicatedRecord | undefined;

  constructor(reread: Reread, memoryBytes: number) {
    this.#reread = reread;
    this.#memoryBytes = memoryBytes;
  }

  /** The last one that was given. */
  get newest(): ReplicatedRecord | undefined {
    return this.#newest;
  }

  /** Whether a record waits for its admission. */
  get isAdmitting(): boolean {
    return this.#waiting !== undefined;
  }

  /** Bytes that the copy lacks; those of records that were written before this process only once they were read. */
  get bytes(): number {
    return this.#keptBytes + this.#otherBytes + (this.#waiting?.bytes.length ?? 0);
  }

  /** Takes a record that is in the log. */
  push(record: ReplicatedRecord): void {
    this.#newest = record;
    const behind = this.#kept.at(-1);
    const isBehind = behind === undefined || behind.sequence === record.sequence - 1;
    if (isBehind && this.#keptBytes + record.bytes.length <= this.#memoryBytes) this.#keep(record);
    else this.#otherBytes += record.bytes.length;
  }

  /** Takes a record that gets into the log only after it was in the copy. */
  wait(record: ReplicatedRecord): void {
    this.#newest = record;
    this.#waiting = record;
  }

  /** Forgets the records up to this one: they are in the copy. */
  drop(through: number): void {
    if (this.#waiting !== undefined && this.#waiting.sequence <= through) this.#waiting = undefined;
    const left = this.#kept.findIndex(({ sequence }) => sequence > through);
    for (const { bytes } of this.#kept.splice(0, left === -1 ? this.#kept.length : left)) this.#keptBytes -= bytes.length;
    if (this.#newest !== undefined && this.#newest.sequence <= through) this.#otherBytes = 0;
  }

  /** A record. @throws {Error} when the log does not have it, and what reading the log throws */
  async at(sequence: number): Promise<ReplicatedRecord> {
    const known = this.#find(sequence);
    if (known) return known;
    await this.#refill(sequence);
    const found = this.#find(sequence);
    if (found) return found;
    throw new Error(`log: expected record ${sequence} in it, got a log without`);
  }

  /** The hash of a record of this log. @throws as {@link at} */
  async hashAt(sequence: number): Promise<string> {
    return this.#find(sequence + 1)?.previous ?? (await this.at(sequence)).hash;
  }

  #find(sequence: number): ReplicatedRecord | undefined {
    if (this.#newest?.sequence === sequence) return this.#newest; // that is the one that waits, too
    const first = this.#kept.at(0);
    return first && this.#kept.at(sequence < first.sequence ? this.#kept.length : sequence - first.sequence);
  }

  async #refill(from: number): Promise<void> {
    const read = await this.#reread(from);
    this.#kept = [];
    this.#keptBytes = 0;
    this.#otherBytes = 0;
    const end = this.#waiting?.sequence ?? (this.#newest?.sequence ?? -1) + 1;
    let isFull = false;
    for (const record of read) {
      if (record.sequence >= end) break;
      isFull ||= this.#kept.length > 0 && this.#keptBytes + record.bytes.length > this.#memoryBytes;
      if (isFull) this.#otherBytes += record.bytes.length;
      else this.#keep(record);
    }
  }

  #keep(record: ReplicatedRecord): void {
    this.#kept.push(record);
    this.#keptBytes += record.bytes.length;
  }
}
