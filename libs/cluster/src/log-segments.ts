/**
 * A commit log in segments: one for every coordinator that led the run, and one more after every failed write. A segment's first record
 * names the one before it by its hash, so every segment stands on one chain of records in earlier ones; what the newest does not stand on
 * was never announced, and is superseded (exactness.md 11). A deposed leader may write on, whatever it likes: nobody stands on it.
 */
import { decodeRecords, LOG_START, startOf } from './commit-log.ts';
import type { DecodedLog } from './commit-log.ts';
import type { LogRecord } from './log-entries.ts';

/** A file of the log. */
export interface LogSegment {
  /** For people. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The one chain that the segments make. */
export interface JoinedLog extends DecodedLog {
  /** Sound records that are not in the chain, since a later segment does not stand on them. */
  readonly superseded: number;
  /** Segments with records that stand on none of the records before them: more than 0 means that something which was durable is lost. */
  readonly unconnected: number;
  /** What was skipped and why, a sentence each; for people. */
  readonly notes: readonly string[];
}

/** A segment that stands on earlier ones. */
interface Connected {
  readonly name: string;
  readonly log: DecodedLog;
  /** Undefined where it begins the log. */
  readonly standsOn: Place | undefined;
}

/** A record in a segment. */
interface Place {
  readonly segment: Connected;
  readonly index: number;
}

/**
 * Joins segments to the chain of the newest one. Torn tails and segments without a record are skipped; one that goes on from nowhere is
 * ignored. `validBytes` and `torn` are those of the newest segment that is in the chain. Never throws.
 * @param segments ascending by term, then part
 */
export function joinSegments(segments: readonly LogSegment[]): JoinedLog {
  const notes: string[] = [];
  const connected: Connected[] = [];
  const places = new Map<string, Place>();
  let unconnected = 0;
  for (const { name, bytes } of segments) {
    const from = startOf(bytes);
    if (from === undefined) {
      notes.push(`${name}: no sound record in ${bytes.length} bytes`);
      continue;
    }
    const standsOn = places.get(from.previous);
    if (standsOn === undefined && from.previous !== LOG_START.previous) {
      unconnected += 1;
      notes.push(`${name}: ignored, its first record ${from.sequence} goes on from none of the records before it`);
      continue;
    }
    const log = decodeRecords(bytes, from);
    const segment: Connected = { name, log, standsOn };
    for (const [index, { hash }] of log.records.entries()) places.set(hash, { segment, index });
    connected.push(segment);
    if (log.torn !== undefined) notes.push(`${name}: the tail is skipped, ${log.torn}`);
  }
  const newest = connected.at(-1);
  const { records, used } = chainOf(newest);
  for (const segment of connected) {
    const left = segment.log.records.length - (used.get(segment) ?? 0);
    if (left > 0) notes.push(`${segment.name}: ${left} ${left === 1 ? 'record is' : 'records are'} superseded`);
  }
  const superseded = connected.reduce((sum, { log }) => sum + log.records.length, 0) - records.length;
  const { validBytes, next, torn } = newest?.log ?? { validBytes: 0, next: LOG_START };
  return { records, validBytes, next, ...(torn !== undefined && { torn }), superseded, unconnected, notes };
}

/** The records up to the last one of a segment, and how many of each segment are among them. */
function chainOf(newest: Connected | undefined): { records: LogRecord[]; used: ReadonlyMap<Connected, number> } {
  const used = new Map<Connected, number>();
  const pieces: (readonly LogRecord[])[] = [];
  let place: Place | undefined = newest && { segment: newest, index: newest.log.records.length - 1 };
  while (place) {
    const { segment, index }: Place = place;
    pieces.push(segment.log.records.slice(0, index + 1));
    used.set(segment, index + 1);
    place = segment.standsOn;
  }
  return { records: pieces.reverse().flat(), used };
}
