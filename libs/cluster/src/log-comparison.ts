/**
 * Whether a step that was made again is the one that the log has. Who computed it, and numbers for people, may differ; everything that
 * decides a bit may not.
 */
import { canonicalJson } from './canonical-json.ts';
import type { RejectedEntry, RoundRecord, StepEntry } from './log-entries.ts';

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

/**
 * Compares what was made with what is logged. Logs of version 1 have no rounds to compare.
 * @throws {LogMismatchError} naming the first field that differs
 */
export function compareCommit(logged: StepEntry | RejectedEntry, made: StepEntry | RejectedEntry): void {
  if (logged.rounds && made.rounds) compareRounds(logged.step, logged.rounds, made.rounds);
  const [before, after] = [logged, made].map((entry): Readonly<Record<string, unknown>> => ({ ...entry }));
  for (const field of FIELDS[logged.type]) {
    const sides = { logged: show(before[field]), got: show(after[field]) };
    if (sides.logged !== sides.got) throw new LogMismatchError(logged.step, field, sides);
  }
}

/** The first round that comes out otherwise says more than what it led to. */
function compareRounds(step: number, logged: readonly RoundRecord[], made: readonly RoundRecord[]): void {
  for (let i = 0; i < Math.max(logged.length, made.length); i += 1) {
    const sides = { logged: show(identifying(logged.at(i))), got: show(identifying(made.at(i))) };
    if (sides.logged !== sides.got) throw new LogMismatchError(step, `rounds[${i}]`, sides);
  }
}

/** Of a failed round not why: another worker says it otherwise. */
function identifying(record: RoundRecord | undefined): object | undefined {
  if (record === undefined) return undefined;
  const { attempt, phase, inputDigest, examples, dropped, failed } = record;
  return { attempt, phase, inputDigest, examples, dropped, failed: failed !== undefined };
}

function show(value: unknown): string {
  return value === undefined ? 'none' : canonicalJson(value);
}
