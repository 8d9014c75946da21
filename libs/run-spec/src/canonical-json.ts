/**
 * Canonical JSON and the digest of a run's settings: keys sorted by code unit, no spaces, numbers as ECMAScript prints them (RFC 8785).
 * The `cluster` section and the path of an initial checkpoint are left out of the digest: where a run is computed and where its first
 * parameters are read from never changes what it computes.
 */
import { createHash } from 'node:crypto';
import type { RunSpec } from './types.ts';

/**
 * Serialises plain data; members that are undefined are left out.
 * @throws {TypeError} when a number is not finite, since JSON cannot hold it
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`canonicalJson: expected a finite number, got ${value}`);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    // oxlint-disable-next-line unicorn/no-nested-ternary -- code-unit order, independent of any locale
    members.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `{${members.map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** `sha256:<hex>` over the canonical JSON of everything but `cluster` and `init.checkpoint`, whose content `init.digest` stands for. */
export function digestRunSpec(spec: RunSpec): string {
  const { cluster: _cluster, init, ...rest } = spec;
  const meaning = init ? { ...rest, init: { ...init, checkpoint: undefined } } : rest;
  return `sha256:${createHash('sha256').update(canonicalJson(meaning)).digest('hex')}`;
}
