/**
 * Digests that cost nothing noticeable (exactness.md 13): a chain over the updates, built from the CRC-32s of their canonical
 * chunks, and the digest that fences a round. Hex SHA-256 throughout; numbers enter as text or little-endian.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { ProtocolError } from './errors.ts';

/** Canonical chunk of an update: every CRC covers this many bytes, the last one the rest. */
export const CHUNK_BYTES: number = 256 * 1024;

const HEX_SHA256 = /^[0-9a-f]{64}$/;

/** The CRC-32 of every canonical chunk of the bytes, in order; none for no bytes. */
export function chunkCrcs(bytes: Uint8Array): Uint32Array {
  const crcs = new Uint32Array(Math.ceil(bytes.length / CHUNK_BYTES));
  for (let i = 0; i < crcs.length; i += 1) crcs[i] = crc32(bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
  return crcs;
}

/** The chain before the first update: a digest of the initial parameters and state. */
export function initialChain(parameters: Float32Array, state: Float32Array): string {
  const hash = createHash('sha256').update(`geodesic chain 1\n${parameters.length} ${state.length}\n`);
  return hash.update(bytesOf(parameters)).update(bytesOf(state)).digest('hex');
}

/**
 * The chain after update number `version` (1 for the first), whose bytes (delta, then state) have these chunk CRCs.
 * @throws {ProtocolError} when `previous` is not a chain or `version` not a positive integer
 */
export function nextChain(previous: string, version: number, crcs: Uint32Array): string {
  if (!HEX_SHA256.test(previous)) throw new ProtocolError('nextChain: previous', '64 hex digits', JSON.stringify(previous));
  if (!Number.isSafeInteger(version) || version < 1) throw new ProtocolError('nextChain: version', 'a positive integer', `${version}`);
  const content = createHash('sha256').update(bytesOf(crcs)).digest('hex');
  return createHash('sha256').update(`${previous}\n${version}\n${content}\n`).digest('hex');
}

/** The digest of a round's inputs: the chain fixes every update so far, the checksum what this process made of them. */
export function inputDigest(inputs: {
  readonly chain: string;
  readonly checksum: string;
  readonly step: number;
  readonly attempt: number;
  readonly phase: string;
}): string {
  const { chain, checksum, step, attempt, phase } = inputs;
  return createHash('sha256')
    .update(JSON.stringify([chain, checksum, step, attempt, phase]))
    .digest('hex');
}

function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
