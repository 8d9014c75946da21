/** What ends the wait for a round without a total, beside corrupt contributions. */
import type { CoordinatorAction, RoundFailure } from '@geodesic/cluster';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';

/** The result of the round is no longer wanted. */
export class RoundInterrupted extends Error {
  override readonly name = 'RoundInterrupted';
}

/** No worker can compute the round, since its program fails on any host alike. Another round may begin. */
export class ProgramFailed extends CoordinatorError {
  readonly failure: RoundFailure;

  constructor(failure: RoundFailure) {
    const hint = 'guard the operation (a division, logarithm or root of zero), or lower the learning rate';
    super('PROGRAM_FAILED', `${failure.reason} (met by ${failure.worker})`, { hint, exitCode: EXIT.data });
    this.failure = failure;
  }
}

/** The run ended before what a person asked for could hold. */
export class RunEnding extends Error {
  override readonly name = 'RunEnding';

  constructor() {
    super('control: expected a run in progress, got one that is ending');
  }
}

/** Too many workers gave a round that makes no sense. */
export function roundFailed(reason: string): CoordinatorError {
  const hint = 'the training has most likely diverged: try a smaller learning rate or more damping';
  return new CoordinatorError('ROUND_FAILED', reason, { hint, exitCode: EXIT.data });
}

/** Who met what in a round that no worker can compute. */
export function failureOf({ round, worker, reason }: Extract<CoordinatorAction, { type: 'abandon-round' }>): RoundFailure {
  const { step, attempt, phase } = round;
  return { step, attempt, phase, reason, worker };
}
