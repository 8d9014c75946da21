/** The coordinator's own part of the numeric fingerprint: a run goes on with the arithmetic that it began with (exactness.md 6). */
import type { Fingerprint } from '@geodesic/cluster';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** The first field in which two fingerprints differ, in code-unit order; undefined when they are equal. */
export function differingField(a: Fingerprint, b: Fingerprint): string | undefined {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].toSorted().find((name) => a[name] !== b[name]);
}

/** @throws {CoordinatorError} FINGERPRINT_MISMATCH naming the field, both values, and what to do */
export function requireFingerprint(logged: Fingerprint | undefined, own: Fingerprint | undefined): void {
  if (logged === undefined || own === undefined) return;
  const field = differingField(logged, own);
  if (field === undefined) return;
  const sides = `expected ${JSON.stringify(logged[field]) ?? 'none'}, got ${JSON.stringify(own[field]) ?? 'none'}`;
  const hint = 'resume where the run began, or with --rebase: the bits after that are not comparable with those before';
  throw new CoordinatorError('FINGERPRINT_MISMATCH', `--resume: fingerprint.${field}: ${sides}`, { hint, exitCode: EXIT.configuration });
}
