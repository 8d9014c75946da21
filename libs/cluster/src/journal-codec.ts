/**
 * Journal records as bytes, bit for bit. A file is {@link JOURNAL_MAGIC}, then frames, little-endian:
 * [u32 header length][u32 body length][u32 body CRC-32][u32 CRC-32 of these 12 bytes and the header][header][body]. The header is JSON,
 * the body the scalars in float64, then the sums in float32. So frames are found by their headers alone, and a body is checked when it
 * is read.
 */
import { crc32 } from 'node:zlib';
import type { Contribution } from './contribution.ts';
import { ProtocolError } from './errors.ts';
import type { JournalRecord } from './journal-record.ts';
import { identityOf } from './round.ts';

/** Version of the format, the last of the {@link JOURNAL_MAGIC}. */
export const JOURNAL_FORMAT = 1;

/** The first 8 bytes of a journal file. */
export const JOURNAL_MAGIC: Uint8Array = Uint8Array.of(...Buffer.from('GEOJRNL'), JOURNAL_FORMAT);

/** Bytes of a frame before its header. */
export const PREFIX_BYTES = 16;

/** A larger header is a torn or foreign file. */
const MAX_HEADER_BYTES = 16 * 1024 * 1024;

/** A record without its arrays, and their lengths. */
export type JournalHeader = Pick<JournalRecord, 'round'> &
  (
    | (Omit<Extract<JournalRecord, { total: Contribution }>, 'total' | 'round'> & {
        readonly total: Pick<Contribution, 'block' | 'count'> & { readonly scalars: number; readonly sums: number };
      })
    | Omit<Extract<JournalRecord, { failure: unknown }>, 'round'>
  );

/** Lengths of a frame's parts, bytes. */
export interface FramePrefix {
  readonly headerLength: number;
  readonly bodyLength: number;
}

/**
 * One frame. Copies the arrays.
 * @param memory takes the frame where it is large enough: fresh pages cost as much as the copy and the CRC together
 */
export function encodeJournalRecord(record: JournalRecord, memory?: ArrayBuffer): Uint8Array<ArrayBuffer> {
  const header = Buffer.from(JSON.stringify(headerOf(record)));
  const [scalars, sums] = 'total' in record ? [bytesOf(record.total.scalars), bytesOf(record.total.sums)] : [];
  const bodyLength = (scalars?.length ?? 0) + (sums?.length ?? 0);
  const length = PREFIX_BYTES + header.length + bodyLength;
  const frame = new Uint8Array(memory && memory.byteLength >= length ? memory : new ArrayBuffer(length), 0, length);
  const body = frame.subarray(PREFIX_BYTES + header.length);
  if (scalars && sums) {
    body.set(scalars);
    body.set(sums, scalars.length);
  }
  frame.set(header, PREFIX_BYTES);
  const prefix = new DataView(frame.buffer, 0, PREFIX_BYTES);
  prefix.setUint32(0, header.length, true);
  prefix.setUint32(4, bodyLength, true);
  prefix.setUint32(8, crc32(body), true);
  prefix.setUint32(12, headCrc(frame, header), true);
  return frame;
}

/**
 * The record of one frame; its arrays are new and the caller's.
 * @throws {ProtocolError} when the bytes are not exactly one sound frame
 */
export function decodeJournalRecord(bytes: Uint8Array): JournalRecord {
  const { headerLength, bodyLength } = readPrefix(bytes);
  const length = PREFIX_BYTES + headerLength + bodyLength;
  if (bytes.length !== length) throw new ProtocolError('journal: frame', `${length} bytes`, `${bytes.length}`);
  const header = readHeader(bytes);
  const body = bytes.subarray(PREFIX_BYTES + headerLength);
  const [expected, got] = [viewOf(bytes).getUint32(8, true), crc32(body)];
  if (got !== expected) throw new ProtocolError('journal: body', `CRC-32 ${expected}`, `${got}`);
  if ('failure' in header) return header;
  const { scalars, sums, ...counted } = header.total;
  const split = 8 * scalars;
  if (body.length !== split + 4 * sums) throw new ProtocolError('journal: body', `${split + 4 * sums} bytes`, `${body.length}`);
  const total: Contribution = {
    ...counted,
    scalars: new Float64Array(new Uint8Array(body.subarray(0, split)).buffer),
    sums: new Float32Array(new Uint8Array(body.subarray(split)).buffer),
  };
  return { ...header, total };
}

/** The lengths that a frame begins with. @throws {ProtocolError} when they are no frame's */
export function readPrefix(bytes: Uint8Array): FramePrefix {
  if (bytes.length < PREFIX_BYTES) throw new ProtocolError('journal: frame', `at least ${PREFIX_BYTES} bytes`, `${bytes.length}`);
  const prefix = viewOf(bytes);
  const headerLength = prefix.getUint32(0, true);
  if (headerLength > MAX_HEADER_BYTES)
    throw new ProtocolError('journal: frame', `a header of at most ${MAX_HEADER_BYTES} bytes`, `${headerLength}`);
  return { headerLength, bodyLength: prefix.getUint32(4, true) };
}

/** The header of a frame, from its prefix and header at least. @throws {ProtocolError} when it is not what was written */
export function readHeader(bytes: Uint8Array): JournalHeader {
  const { headerLength } = readPrefix(bytes);
  const header = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + headerLength);
  if (header.length < headerLength) throw new ProtocolError('journal: header', `${headerLength} bytes`, `${header.length}`);
  const [expected, got] = [viewOf(bytes).getUint32(12, true), headCrc(bytes, header)];
  if (got !== expected) throw new ProtocolError('journal: header', `CRC-32 ${expected}`, `${got}`);
  return JSON.parse(Buffer.from(header.buffer, header.byteOffset, header.length).toString('utf8')) as JournalHeader; // the CRC vouches for it
}

function headerOf(record: JournalRecord): JournalHeader {
  const round = identityOf(record.round);
  if ('failure' in record) return { ...record, round };
  const { scalars, sums, ...counted } = record.total;
  return { ...record, round, total: { ...counted, scalars: scalars.length, sums: sums.length } };
}

function headCrc(frame: Uint8Array, header: Uint8Array): number {
  return crc32(header, crc32(frame.subarray(0, 12)));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, PREFIX_BYTES);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Float64Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
