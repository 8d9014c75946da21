/**
 * A copy of the commit log elsewhere, kept as the log is written. Records of steps are copied behind; a record that only one leader may write
 * is in the copy before it is in the log (exactness.md 14).
 */
import type { LogEntry } from '@geodesic/cluster';
import type { RunStoreError } from './errors.ts';

/** A record on its way to the copy. */
export interface ReplicatedRecord {
  readonly sequence: number;
  readonly hash: string;
  readonly previous: string;
  readonly term: number;
  /** As they stand in the log's file. */
  readonly bytes: Uint8Array;
}

/** The copy, as the log's writer sees it. */
export interface LogReplica {
  /** Takes records that are durable here, in order; waits for nothing and fails never. */
  offer(records: readonly ReplicatedRecord[]): void;
  /**
   * Resolves when the record is in the copy, behind all that were offered before. Waits as long as the copy cannot be reached.
   * @throws {RunStoreError} LOG_DEPOSED when the copy has a record of another leader
   */
  admit(record: ReplicatedRecord): Promise<void>;
  /**
   * Resolves when the copy can be reached and has all that was offered, so that a record would be admitted at once.
   * @throws {RunStoreError} LOG_DEPOSED
   */
  ready(): Promise<void>;
  /** LOG_DEPOSED once the copy is known to have a record of another leader; what is offered then goes nowhere. */
  readonly deposed?: RunStoreError | undefined;
}

/**
 * Whether only one leader may write an entry. Two leaders of an exact run write equal steps and, for a run that completes, equal ends: these
 * need no permission. Every commit of a relaxed run does.
 */
export function needsAdmission(entry: LogEntry, isRelaxed: boolean): boolean {
  switch (entry.type) {
    case 'run':
    case 'term':
    case 'control':
      return true;
    case 'fingerprint':
      return entry.rebased === true;
    case 'finished':
      return isRelaxed || entry.state !== 'completed';
    case 'step':
    case 'rejected':
      return isRelaxed;
  }
}
