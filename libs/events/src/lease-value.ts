/** What stands in the lease: who holds it, or that nobody does. */
import type { LeaseHolder } from './lease.ts';

/** As bytes; undefined: it was let go of. */
export function encodeHolder(holder: LeaseHolder | undefined): Uint8Array {
  return Buffer.from(JSON.stringify(holder ?? { released: true }));
}

/** A value that was read. One that cannot be understood is somebody's, whose time is taken to be `leaseMs`. */
export function decodeHolder(value: Uint8Array, { leaseMs }: Pick<LeaseHolder, 'leaseMs'>): LeaseHolder | undefined {
  const unknown: LeaseHolder = { leader: 'unknown', address: 'unknown', folder: 'unknown', leaseMs };
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value).toString('utf8'));
    if (typeof parsed !== 'object' || parsed === null) return unknown;
    if ('released' in parsed && parsed.released === true) return undefined;
    return isHolder(parsed) ? parsed : unknown;
  } catch {
    return unknown;
  }
}

function isHolder(value: object): value is LeaseHolder {
  const { leader, address, folder, leaseMs } = value as Partial<Record<string, unknown>>;
  const isTime = typeof leaseMs === 'number' && leaseMs > 0 && leaseMs <= 3_600_000;
  return isTime && [leader, address, folder].every((text) => typeof text === 'string');
}
