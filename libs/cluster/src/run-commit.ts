/** What the end of an attempt is to the log, and to people: a committed step, or an attempt that was given up. */
import { announcementOf } from './announcement.ts';
import type { Announcement } from './announcement.ts';
import type { RejectedEntry, RoundRecord, StepEntry } from './log-entries.ts';
import type { Position, RoundPlan } from './round.ts';
import type { Absorbed, RoundFailure } from './training-interfaces.ts';

/** A round that the trainer has answered: its total has been absorbed, or its failure. */
export interface FinishedRound {
  readonly round: RoundPlan;
  readonly record: RoundRecord;
  readonly absorbed: Absorbed;
  readonly failure?: RoundFailure;
}

/** An entry of the log, and what is said when it is durable. */
export interface RunCommit {
  readonly entry: StepEntry | RejectedEntry;
  readonly announcement: Announcement;
}

/** Where a commit leads, and the rounds behind it. */
interface Behind {
  readonly position: Position;
  readonly rounds: readonly RoundRecord[];
}

/** The commit that a round led to; undefined where the attempt goes on, and for an evaluation. */
export function commitOf(finished: FinishedRound, behind: () => Behind): RunCommit | undefined {
  const { update, rejected } = finished.absorbed;
  if (rejected) {
    const entry = rejectedAttempt(finished, rejected, behind());
    const { failure } = finished;
    return {
      entry,
      announcement: { ...announcementOf(entry), ...(failure && { failure: { worker: failure.worker, reason: failure.reason } }) },
    };
  }
  if (update === undefined) return undefined;
  const entry = committedStep(finished, behind());
  return { entry, announcement: announcementOf(entry) };
}

function committedStep({ round, record: last, absorbed }: FinishedRound, { position, rounds }: Behind): StepEntry {
  const { step, attempt, phase, inputDigest } = round;
  const { record, measurements } = absorbed;
  const learned = { ...(record && { record }), ...(measurements && { measurements }) };
  return { type: 'step', step, attempt, phase, ...position, inputDigest, examples: last.examples, rounds, ...learned };
}

function rejectedAttempt(
  { round, absorbed }: FinishedRound,
  { reason, damping }: NonNullable<Absorbed['rejected']>,
  { position, rounds }: Behind,
): RejectedEntry {
  const { step, attempt, phase } = round;
  const takenBack = absorbed.update !== undefined;
  return { type: 'rejected', step, attempt, phase, reason, damping, ...(takenBack && { position }), rounds };
}
