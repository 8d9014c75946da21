/**
 * Applies an update and, in the same pass over memory, computes a 64-bit checksum of the result. Per element i with bits b:
 * t = mix(b xor i * step), a bijection; then two running sums as in Fletcher's checksum: a += t, c += a (mod 2^32). Any single
 * changed element changes `a`; moved elements change `t`. It detects errors, not tampering.
 */
import { ProtocolError } from './errors.ts';

/** Odd, so that positions and products run through all 32-bit values (2^32 / golden ratio; a MurmurHash3 constant). */
const POSITION_STEP = 0x9e3779b1 | 0;
const MULTIPLIER = 0x85ebca6b | 0;

/**
 * theta[i] = fround(theta[i] + delta[i]) in place; returns the checksum of the new parameters, 16 hex digits. O(n), allocates nothing.
 * @throws {ProtocolError} when the lengths differ
 */
export function applyUpdate(parameters: Float32Array, delta: Float32Array): string {
  if (delta.length !== parameters.length) {
    throw new ProtocolError('applyUpdate: delta', `${parameters.length} elements`, `${delta.length}`);
  }
  const bits = new Int32Array(parameters.buffer, parameters.byteOffset, parameters.length);
  let a = 0;
  let c = 0;
  for (let i = 0; i < bits.length; i += 1) {
    parameters[i] += delta[i];
    a = (a + mix(bits[i] ^ Math.imul(i, POSITION_STEP))) | 0;
    c = (c + a) | 0;
  }
  return finish(a, c, bits.length);
}

/** The checksum that {@link applyUpdate} would return for parameters in this state, 16 hex digits. */
export function parametersChecksum(parameters: Float32Array): string {
  const bits = new Int32Array(parameters.buffer, parameters.byteOffset, parameters.length);
  let a = 0;
  let c = 0;
  for (let i = 0; i < bits.length; i += 1) {
    a = (a + mix(bits[i] ^ Math.imul(i, POSITION_STEP))) | 0;
    c = (c + a) | 0;
  }
  return finish(a, c, bits.length);
}

/** A bijection of 32 bits that lets every input bit reach low and high output bits. */
function mix(value: number): number {
  const t = Math.imul(value ^ (value >>> 16), MULTIPLIER);
  return t ^ (t >>> 15);
}

/** Both sums as hex; the length enters so that appended zeros count. */
function finish(a: number, c: number, length: number): string {
  return hex32(c ^ Math.imul(length, POSITION_STEP)) + hex32(a);
}

function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}
