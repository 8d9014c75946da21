/**
 * One text for one value: members sorted by code unit, no spaces, numbers as ECMAScript prints them (RFC 8785). Hashes of
 * records are taken over this text.
 */
import { ProtocolError } from './errors.ts';

/**
 * Serialises plain data; members that are undefined are left out.
 * @throws {ProtocolError} naming the member that JSON cannot hold (a number that is not finite, a function, ...)
 */
export function canonicalJson(value: unknown, path = 'value'): string {
  if (Array.isArray(value)) return `[${value.map((item, index) => canonicalJson(item, `${path}[${index}]`)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member, `${path}.${key}`)}`).join(',')}}`;
  }
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)) return JSON.stringify(value);
  throw new ProtocolError(`canonicalJson: ${path}`, 'plain JSON data', typeof value === 'number' ? `${value}` : typeof value);
}
