/**
 * The commit log's records: [u32 length][u32 CRC-32][payload], little-endian, the payload being canonical JSON. Records form a chain:
 * hash = SHA-256(previous hash, payload without the term), so two leaders of one run write equal chains (exactness.md 11). This file
 * turns records into bytes and back; appending and syncing are the caller's, and how files follow each other is log-segments.ts.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { canonicalJson } from './canonical-json.ts';
import { ProtocolError } from './errors.ts';
import type { LogEntry, LogRecord } from './log-entries.ts';

/** The hash that the first record names as its previous one. */
export const GENESIS_HASH: string = '0'.repeat(64);

/** A larger record is a torn or foreign file, not a record. */
const MAX_PAYLOAD_BYTES = 16 * 1024 * 1024;
const HEADER_BYTES = 8;

/** Where a record goes: after the record `sequence - 1` with the hash `previous`. */
export interface LogPosition {
  /** 0 for the first record. */
  readonly sequence: number;
  readonly previous: string;
}

/** The position of the first record. */
export const LOG_START: LogPosition = { sequence: 0, previous: GENESIS_HASH };

/** A record's bytes, and the position of the record after it. */
export interface EncodedRecord {
  readonly bytes: Uint8Array;
  readonly hash: string;
  readonly next: LogPosition;
}

/** What a log holds. */
export interface DecodedLog {
  readonly records: readonly LogRecord[];
  /** Length of the valid prefix. */
  readonly validBytes: number;
  /** Where the next record goes. */
  readonly next: LogPosition;
  /** Why the rest, if any, is not valid; for people. */
  readonly torn?: string;
}

/**
 * Frames an entry for a position. `term` is the leader's fencing token and stays out of the hash.
 * @throws {ProtocolError} when the entry is not plain JSON data or is too large
 */
export function encodeRecord(entry: LogEntry, options: LogPosition & { readonly term: number }): EncodedRecord {
  const { sequence, previous, term } = options;
  const payload = Buffer.from(canonicalJson({ ...entry, sequence, previous, term }, 'record'));
  if (payload.length > MAX_PAYLOAD_BYTES)
    throw new ProtocolError('encodeRecord', `at most ${MAX_PAYLOAD_BYTES} bytes`, `${payload.length}`);
  const bytes = new Uint8Array(HEADER_BYTES + payload.length);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, payload.length, true);
  header.setUint32(4, crc32(payload), true);
  bytes.set(payload, HEADER_BYTES);
  const hash = hashRecord({ ...entry, sequence, previous });
  return { bytes, hash, next: { sequence: sequence + 1, previous: hash } };
}

/**
 * Reads as many valid records as the bytes hold. Never throws: what is wrong is reported as `torn`.
 * @param from where the first record of the bytes stands; default the beginning of the log
 */
export function decodeRecords(bytes: Uint8Array, from: LogPosition = LOG_START): DecodedLog {
  const records: LogRecord[] = [];
  let validBytes = 0;
  let next = from;
  while (validBytes < bytes.length) {
    const frame = readFrame(bytes, validBytes);
    const torn = 'torn' in frame ? frame.torn : misplaced(frame.record, next);
    if (torn !== undefined || 'torn' in frame)
      return { records, validBytes, next, torn: `record ${next.sequence} at byte ${validBytes}: ${torn}` };
    records.push(frame.record);
    validBytes = frame.end;
    next = { sequence: next.sequence + 1, previous: frame.record.hash };
  }
  return { records, validBytes, next };
}

/** Where the first record of the bytes says that it stands; undefined where they begin with none that is valid. */
export function startOf(bytes: Uint8Array): LogPosition | undefined {
  const frame = readFrame(bytes, 0);
  if ('torn' in frame) return undefined;
  const { sequence, previous } = frame.record;
  return { sequence, previous };
}

function readFrame(bytes: Uint8Array, start: number): { record: LogRecord; end: number } | { torn: string } {
  const available = bytes.length - start - HEADER_BYTES;
  if (available < 0) return { torn: `expected a header of ${HEADER_BYTES} bytes, got ${bytes.length - start}` };
  const header = new DataView(bytes.buffer, bytes.byteOffset + start, HEADER_BYTES);
  const length = header.getUint32(0, true);
  if (length > MAX_PAYLOAD_BYTES) return { torn: `expected a length of at most ${MAX_PAYLOAD_BYTES}, got ${length}` };
  if (length > available) return { torn: `expected ${length} bytes, got ${available}` };
  const end = start + HEADER_BYTES + length;
  const payload = bytes.subarray(start + HEADER_BYTES, end);
  const crc = crc32(payload);
  if (crc !== header.getUint32(4, true)) return { torn: `expected CRC-32 ${header.getUint32(4, true)}, got ${crc}` };
  const parsed = parsePayload(payload);
  if (!isStored(parsed)) return { torn: 'expected a JSON object with type, sequence, previous and term' };
  const { term: _term, ...hashed } = parsed;
  return { record: { ...parsed, hash: hashRecord(hashed) }, end };
}

function misplaced({ sequence, previous }: LogPosition, at: LogPosition): string | undefined {
  if (sequence !== at.sequence) return `expected sequence ${at.sequence}, got ${sequence}`;
  if (previous !== at.previous) return `expected previous hash ${at.previous}, got ${previous}`;
  return undefined;
}

function parsePayload(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** A payload as stored: the CRC vouches for the fields of an entry, so only those of the framing are checked. */
function isStored(value: unknown): value is Omit<LogRecord, 'hash'> & LogEntry {
  if (typeof value !== 'object' || value === null) return false;
  const { type, sequence, previous, term } = value as Partial<Record<string, unknown>>;
  return typeof type === 'string' && typeof sequence === 'number' && typeof previous === 'string' && typeof term === 'number';
}

function hashRecord(hashed: LogEntry & LogPosition): string {
  return createHash('sha256').update(`${hashed.previous}\n`).update(canonicalJson(hashed, 'record')).digest('hex');
}
