/**
 * A payload as a sequence of chunks: 256 KiB of bytes each (the last may be shorter) with offset and CRC-32; the first
 * carries the header and the payload's length, and its check is repeated in the others. Chunks are encoded once to the bytes
 * that gRPC sends, so that one encoded update serves every follower. Receiving copies each chunk once, into memory aligned
 * for Float32Array.
 */
import { crc32 } from 'node:zlib';
import { CHUNK_BYTES } from './channel.ts';
import { WireError } from './errors.ts';
import { decodeHeader, encodeHeader, promisedBytes } from './payload-header.ts';
import type { PayloadHeader } from './payload-header.ts';
import { geodesic, toCount } from './protobuf.ts';
import { checkOf, decodePlain, decodeSealed, encodeSealed } from './sealed.ts';

const { Chunk } = geodesic.v1;

/** A payload that arrived whole and intact. */
export interface Payload {
  readonly header: PayloadHeader;
  /** Owned by the receiver, byte offset 0. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** CRC-32 of each chunk, in order; none for an empty payload. */
  readonly crcs: Uint32Array;
}

/**
 * The encoded chunks of a payload, one at a time; the payload must not change before the last.
 * @param crcs CRC-32 of each chunk, where they are known; the receiver finds out when they are wrong
 */
export function* encodeChunks(header: PayloadHeader, payload: Uint8Array, crcs?: Uint32Array): Generator<Buffer> {
  const crcOf = (data: Uint8Array, offset: number): number => crcs?.[offset / CHUNK_BYTES] ?? crc32(data);
  const start = payload.subarray(0, CHUNK_BYTES);
  const first = encodeSealed(Chunk, { ...encodeHeader(header), payloadBytes: payload.length, crc32: crcOf(start, 0), data: start });
  const headerCheck = checkOf(first);
  yield first;
  for (let offset = CHUNK_BYTES; offset < payload.length; offset += CHUNK_BYTES) {
    const data = payload.subarray(offset, offset + CHUNK_BYTES);
    yield Chunk.encode({ offset, crc32: crcOf(data, offset), data, headerCheck }).finish() as Buffer;
  }
}

/** A chunk from the bytes of one gRPC message; its data shares their memory. @throws {WireError} CORRUPT when they are none */
export function decodeChunk(bytes: Uint8Array): geodesic.v1.Chunk {
  const chunk = decodePlain(Chunk, bytes, 'chunk');
  return chunk.header === undefined ? chunk : decodeSealed(Chunk, bytes, 'chunk');
}

/** Puts the chunks of consecutive payloads together. One per stream. */
export class ChunkAssembler {
  readonly #maximumBytes: number;
  #header: PayloadHeader | undefined;
  #headerCheck = 0;
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #crcs: Uint32Array = new Uint32Array(0);
  #received = 0;
  #chunks = 0;

  /** @param maximumBytes the largest payload that memory is given to. */
  constructor(options: { maximumBytes: number }) {
    this.#maximumBytes = options.maximumBytes;
  }

  /** The header of the payload under way; undefined between payloads. */
  get header(): PayloadHeader | undefined {
    return this.#header;
  }

  /**
   * Takes the next chunk and returns the payload that it completes, if it does.
   * @throws {WireError} CORRUPT when CRC, offset, length or order disagree; nothing of the payload is handed out then
   */
  push(chunk: geodesic.v1.Chunk): Payload | undefined {
    const { data } = chunk;
    if (this.#header === undefined) this.#begin(chunk);
    else if (chunk.headerCheck >>> 0 !== this.#headerCheck)
      throw corrupt('headerCheck', hex(this.#headerCheck), hex(chunk.headerCheck >>> 0));
    const offset = toCount(chunk.offset, 'chunk.offset');
    if (offset !== this.#received || offset + data.length > this.#bytes.length) {
      throw corrupt('offset', `${this.#received} of ${this.#bytes.length} bytes`, `${offset} with ${data.length} bytes`);
    }
    const actual = crc32(data);
    if (actual !== chunk.crc32 >>> 0) throw corrupt('crc32', hex(chunk.crc32 >>> 0), hex(actual));
    this.#bytes.set(data, offset);
    this.#crcs[this.#chunks++] = actual;
    this.#received += data.length;
    if (this.#received < this.#bytes.length && data.length !== CHUNK_BYTES) throw corrupt('length', `${CHUNK_BYTES}`, `${data.length}`);
    return this.#received === this.#bytes.length ? this.#finish() : undefined;
  }

  /** @throws {WireError} CORRUPT when a payload is incomplete; call at the end of the stream. */
  end(): void {
    if (this.#header !== undefined) throw corrupt('payload', `${this.#bytes.length} bytes`, `${this.#received} at the end of the stream`);
  }

  #begin(chunk: geodesic.v1.Chunk): void {
    const header = decodeHeader(chunk);
    if (header === undefined) throw corrupt('header', 'a header in the first chunk', 'none');
    const size = toCount(chunk.payloadBytes, 'chunk.payloadBytes');
    const promised = promisedBytes(header);
    if (promised !== undefined && size !== promised) throw corrupt('payloadBytes', `${promised} (from the header's lengths)`, `${size}`);
    if (size > this.#maximumBytes) throw corrupt('payloadBytes', `at most ${this.#maximumBytes}`, `${size}`);
    this.#header = header;
    this.#headerCheck = chunk.check >>> 0;
    this.#bytes = new Uint8Array(size);
    this.#crcs = new Uint32Array(Math.ceil(size / CHUNK_BYTES));
    this.#received = 0;
    this.#chunks = 0;
  }

  #finish(): Payload {
    const payload = { header: this.#header!, bytes: this.#bytes, crcs: this.#crcs };
    this.#header = undefined;
    this.#bytes = new Uint8Array(0);
    return payload;
  }
}

function corrupt(field: string, expected: string, got: string): WireError {
  return new WireError('CORRUPT', `chunk.${field}: expected ${expected}, got ${got}`, 'the sender should send the payload again');
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
