/**
 * Canonical JSON and the digest of a run's settings: keys sorted by code unit, no spaces, numbers as ECMAScript prints them (RFC 8785).
 * The `cluster` section, `checkpoint.keep` and the paths of an initial checkpoint and of data files are left out of the digest: where a
 * run is computed, which of its checkpoints stay and where its first parameters and its examples are read from never changes what it computes.
 */
import { createHash } from 'node:crypto';
import type { DataSpec } from './data-types.ts';
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

/**
 * `sha256:<hex>` over the canonical JSON of everything but `cluster`, `checkpoint.keep`, `init.checkpoint`, whose content `init.digest` stands for, and the
 * paths of data files, where `data.digest` stands for their content.
 */
export function digestRunSpec(spec: RunSpec): string {
  const { cluster: _cluster, checkpoint, init, data, ...rest } = spec;
  const { keep: _keep, ...cadence } = checkpoint;
  const meaning = { ...rest, checkpoint: cadence, data: withoutPaths(data), ...(init && { init: { ...init, checkpoint: undefined } }) };
  return `sha256:${createHash('sha256').update(canonicalJson(meaning)).digest('hex')}`;
}

function withoutPaths(data: DataSpec): object {
  if (data.source !== 'idx' || data.digest === undefined) return data;
  return { ...data, images: undefined, labels: undefined, testImages: undefined, testLabels: undefined };
}
