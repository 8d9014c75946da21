/** What ends the wait for a round without a total, beside corrupt contributions. */
import type { RoundFailure } from '@geodesic/cluster';
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
