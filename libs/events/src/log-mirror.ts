/**
 * The copy of a commit log that several coordinators share: records are appended one after the other by compare-and-set, so of two leaders
 * only one gets its record in. The bytes are the log's own; nothing here looks into them.
 */

/** A record of a commit log, ready to be copied. */
export interface MirroredRecord {
  readonly sequence: number;
  /** Of the record, and of the one before it: the chain. */
  readonly hash: string;
  readonly previous: string;
  readonly term: number;
  /** As they stand in the log's file. */
  readonly bytes: Uint8Array;
}

/** A record and its place in the copy of all runs. */
export interface StoredRecord extends MirroredRecord {
  readonly run: string;
  readonly position: number;
}

/** The copy of one run's log, as its leader writes it. One call at a time. */
export interface LogMirror {
  /**
   * Appends after the record that was last when this object looked; resolves when it is stored. What is stored already counts as appended.
   * @throws {EventsError} FENCED when another record came between (its term in the message), UNREACHABLE when no answer comes: call again
   */
  append(record: MirroredRecord): Promise<void>;
  /** The last record, read anew; undefined when there is none. @throws {EventsError} UNREACHABLE, PERMISSION */
  last(): Promise<StoredRecord | undefined>;
}

/** The copies of all runs of a cluster, as a standby reads them. */
export interface LogMirrorReader {
  /** Records in the order in which they were stored; waits for a connection that is broken. @throws {EventsError} PERMISSION, STREAM */
  follow(options: { readonly after?: number; readonly untilNow?: boolean; readonly signal: AbortSignal }): AsyncIterable<StoredRecord>;
}
