/**
 * The edge to the generated protobuf code: the message classes and the checked reading of 64-bit integers, which
 * protobufjs hands out as Long objects where the `long` package is installed.
 */
import { WireError } from './errors.ts';

export { geodesic } from '../generated/geodesic.js';

/**
 * A received unsigned integer as a number.
 * @throws {WireError} CORRUPT above 2^53 - 1
 */
export function toCount(value: unknown, field: string): number {
  const count = Number(value ?? 0);
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new WireError('CORRUPT', `${field}: expected an integer in 0..2^53-1, got ${String(value)}`);
  }
  return count;
}
