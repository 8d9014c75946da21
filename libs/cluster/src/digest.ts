/**
 * Digests that cost nothing noticeable (exactness.md 13): a chain over the updates, built from the CRC-32s of their canonical
 * chunks, and the digest that fences a round. Hex SHA-256 throughout; numbers enter as text or little-endian.
 */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { CombinationReference } from './combination.ts';
import { ProtocolError } from './errors.ts';
import type { RoundInputs } from './round-inputs.ts';

/** Canonical chunk of an update: every CRC covers this many bytes, the last one the rest. */
export const CHUNK_BYTES: number = 256 * 1024;

const HEX_SHA256 = /^[0-9a-f]{64}$/;

/** The CRC-32 of every canonical chunk of the bytes, in order; none for no bytes. */
export function chunkCrcs(bytes: Uint8Array): Uint32Array {
  const crcs = new Uint32Array(Math.ceil(bytes.length / CHUNK_BYTES));
  for (let i = 0; i < crcs.length; i += 1) crcs[i] = crc32(bytes.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES));
  return crcs;
}

/** The CRC-32 of every canonical chunk of an update, which is its delta and then its state; copies nothing. */
export function updateCrcs(delta: Float32Array, state: Float32Array): Uint32Array {
  const crcs = new Uint32Array(Math.ceil((delta.byteLength + state.byteLength) / CHUNK_BYTES));
  let at = 0;
  for (const part of [bytesOf(delta), bytesOf(state)]) {
    for (let from = 0; from < part.length;) {
      const chunk = Math.floor(at / CHUNK_BYTES);
      const length = Math.min(part.length - from, (chunk + 1) * CHUNK_BYTES - at);
      crcs[chunk] = crc32(part.subarray(from, from + length), crcs[chunk]);
      from += length;
      at += length;
    }
  }
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
  return linkChain(previous, version, createHash('sha256').update(bytesOf(crcs)).digest('hex'));
}

/**
 * The chain after update number `version` that combines vectors which everyone holds: over the direction's address, the scalars and the
 * state. The change itself is formed after the chain has been checked; the checksum of the parameters vouches for it.
 * @throws {ProtocolError} as {@link nextChain}
 */
export function nextCombinationChain(previous: string, version: number, update: CombinedUpdate): string {
  const { combination, state } = update;
  const { digest, length, alpha, mu } = combination;
  const content = createHash('sha256')
    .update(`combination\n${JSON.stringify([digest, length, alpha, mu])}\n`)
    .update(bytesOf(state));
  return linkChain(previous, version, content.digest('hex'));
}

/** What the chain covers of an update by combination. */
interface CombinedUpdate {
  readonly combination: CombinationReference;
  readonly state: Float32Array;
}

function linkChain(previous: string, version: number, content: string): string {
  if (!HEX_SHA256.test(previous)) throw new ProtocolError('nextChain: previous', '64 hex digits', JSON.stringify(previous));
  if (!Number.isSafeInteger(version) || version < 1) throw new ProtocolError('nextChain: version', 'a positive integer', `${version}`);
  return createHash('sha256').update(`${previous}\n${version}\n${content}\n`).digest('hex');
}

/**
 * The digest of a round's inputs: the chain fixes every update so far, the checksum what this process made of them, the rest what was
 * broadcast for the round.
 */
export function inputDigest(inputs: {
  readonly chain: string;
  readonly checksum: string;
  readonly step: number;
  readonly attempt: number;
  readonly phase: string;
  readonly inputs?: RoundInputs;
}): string {
  const { chain, checksum, step, attempt, phase } = inputs;
  const broadcast = inputs.inputs ? [broadcastOf(inputs.inputs)] : [];
  return createHash('sha256')
    .update(JSON.stringify([chain, checksum, step, attempt, phase, ...broadcast]))
    .digest('hex');
}

function broadcastOf({ vectors, move }: RoundInputs): unknown[] {
  const named = vectors.map(({ name, digest, length }) => [name, digest, length]);
  return move ? [named, [move.digest, move.length, move.alpha, move.mu]] : [named];
}

function bytesOf(array: Float32Array | Uint32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}
