/**
 * Every message ends with field 15, `check`: the CRC-32 of all bytes before it (proto/geodesic/v1/session.proto). Payloads have checksums
 * of their own, but a flipped bit in a block's index or in an assignment would be as wrong as one in the sums, and TCP's 16 bits do not
 * protect from what happens on a host between two sockets.
 */
import { crc32 } from 'node:zlib';
import { WireError } from './errors.ts';

/** Field 15, fixed32. */
const CHECK_TAG = (15 << 3) | 5;

/** Bytes of tag and value. */
const TRAILER_BYTES = 5;

/** Written first, since protobuf leaves zeros out. */
const PLACEHOLDER = 0xffff_ffff;

/** A generated message class that encodes. */
interface Encoder<F> {
  encode(fields: F): { finish(): Uint8Array };
}

/** A generated message class that decodes. */
interface Decoder<M> {
  decode(bytes: Uint8Array): M;
}

/** The bytes of a message, with its check. */
export function encodeSealed<F extends object>(type: Encoder<F & { check?: number | null }>, fields: F): Buffer {
  const bytes = type.encode({ ...fields, check: PLACEHOLDER }).finish() as Buffer;
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -TRAILER_BYTES)), bytes.length - 4);
  return bytes;
}

/** Whether the bytes end with a check, right or wrong. */
export function hasCheck(bytes: Uint8Array): boolean {
  return bytes.length >= TRAILER_BYTES && bytes[bytes.length - TRAILER_BYTES] === CHECK_TAG;
}

/** Whether the bytes end with their check. */
function isSealed(bytes: Uint8Array): boolean {
  return hasCheck(bytes) && checkOf(bytes) === crc32(bytes.subarray(0, -TRAILER_BYTES));
}

/** The check that the bytes of a sealed message end with. */
export function checkOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(bytes.length - 4, true);
}

/** The message in the bytes. @param what for people @throws {WireError} CORRUPT when its check disagrees, or it is none */
export function decodeSealed<M>(type: Decoder<M>, bytes: Uint8Array, what: string): M {
  if (isSealed(bytes)) return decodePlain(type, bytes, what);
  const hint = 'send it again; if it persists, the two ends run different versions';
  throw new WireError(
    'CORRUPT',
    `${what}: expected a message that ends with the CRC-32 of what it says, got ${bytes.length} bytes that do not`,
    hint,
  );
}

/** The message in bytes whose check has another place. @throws {WireError} CORRUPT when they are none */
export function decodePlain<M>(type: Decoder<M>, bytes: Uint8Array, what: string): M {
  try {
    return type.decode(bytes);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new WireError('CORRUPT', `${what}: expected a protobuf message, got ${got}`, 'the sender should send it again', { cause });
  }
}
