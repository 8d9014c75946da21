/**
 * Whether a step that was made again is the one that the log has. Who computed it, and numbers for people, may differ; everything that
 * decides a bit may not.
 */
import { canonicalJson } from './canonical-json.ts';
import type { RejectedEntry, StepEntry } from './log-entries.ts';

/** A step came out otherwise than the log says: other data, another machine, or a defect. */
export class LogMismatchError extends Error {
  override readonly name = 'LogMismatchError';
  readonly step: number;
  readonly field: string;

  constructor(step: number, field: string, sides: { readonly logged: string; readonly got: string }) {
    super(`step ${step}: expected ${field} ${sides.logged} as in the commit log, got ${sides.got}`);
    this.step = step;
    this.field = field;
  }
}

const FIELDS = {
  step: ['type', 'step', 'attempt', 'phase', 'version', 'inputDigest', 'examples', 'chain', 'checksum', 'record'],
  rejected: ['type', 'step', 'attempt', 'phase', 'reason', 'damping', 'position'],
} as const;

/** @throws {LogMismatchError} naming the first field that differs */
export function compareCommit(logged: StepEntry | RejectedEntry, made: StepEntry | RejectedEntry): void {
  const [before, after] = [logged, made].map((entry): Readonly<Record<string, unknown>> => ({ ...entry }));
  for (const field of FIELDS[logged.type]) {
    const sides = { logged: show(before[field]), got: show(after[field]) };
    if (sides.logged !== sides.got) throw new LogMismatchError(logged.step, field, sides);
  }
}

function show(value: unknown): string {
  return value === undefined ? 'none' : canonicalJson(value);
}
