/** What the end of an attempt is to the log, and to people: a committed step, or an attempt that was given up. */
import type { RejectedEntry, RoundRecord, StepEntry } from './log-entries.ts';
import type { Position, RoundPlan } from './round.ts';
import type { RunMachineAction } from './run-messages.ts';
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
  readonly announcement: Extract<RunMachineAction, { type: 'committed' | 'rejected' }>;
}

/** Where a commit leads, and the rounds behind it. */
interface Behind {
  readonly position: Position;
  readonly rounds: readonly RoundRecord[];
}

/** The commit that a round led to; undefined where the attempt goes on, and for an evaluation. */
export function commitOf(finished: FinishedRound, behind: () => Behind): RunCommit | undefined {
  const { update, rejected } = finished.absorbed;
  if (rejected) return rejectedAttempt(finished, rejected, behind());
  return update && committedStep(finished, behind());
}

function committedStep({ round, record: last, absorbed }: FinishedRound, { position, rounds }: Behind): RunCommit {
  const { step, attempt, phase, inputDigest } = round;
  const { examples, coverage } = last;
  const { record, measurements } = absorbed;
  const learned = { ...(record && { record }), ...(measurements && { measurements }) };
  const workers = new Set(coverage.map(({ worker }) => worker)).size;
  return {
    entry: { type: 'step', step, attempt, phase, ...position, inputDigest, examples, rounds, ...learned },
    announcement: { type: 'committed', step, phase, examples, measurements: measurements ?? {}, workers },
  };
}

function rejectedAttempt(
  { round, absorbed, failure }: FinishedRound,
  { reason, damping }: NonNullable<Absorbed['rejected']>,
  { position, rounds }: Behind,
): RunCommit {
  const { step, attempt, phase } = round;
  const takenBack = absorbed.update !== undefined;
  const rejection = { step, attempt, phase, reason, damping };
  const met = failure && { failure: { worker: failure.worker, reason: failure.reason } };
  return {
    entry: { type: 'rejected', ...rejection, ...(takenBack && { position }), rounds },
    announcement: { type: 'rejected', ...rejection, takenBack, ...met },
  };
}
