/**
 * What to do when a process of the cluster ends: the exit codes of coordinator and worker are a contract, and this is the reader's side of it.
 * 0 run over or drained, 1 retryable, 64 usage, 65 data, 70 internal, 78 configuration.
 */
import type { ProcessExit } from './managed-process.ts';

/** The answer: start it again, let it be, or count it as lost for good. */
export type ExitDecision = 'restart' | 'done' | 'lost';

/** What the decision depends on. */
export interface ExitCircumstances {
  readonly exit: ProcessExit;
  /** The run is over or being stopped: nothing is started again. */
  readonly isStopping: boolean;
  /** Processes of its kind, workers or coordinators, that were already started again. */
  readonly restarts: number;
  /** `cluster.maxRestarts` of the spec. */
  readonly maxRestarts: number;
}

/** Decides about one ended process. Only a signal or exit code 1 can go better the next time. */
export function decideAfterExit({ exit, isStopping, restarts, maxRestarts }: ExitCircumstances): ExitDecision {
  if (isStopping || exit.code === 0) return 'done';
  const isRetryable = exit.signal !== null || exit.code === 1;
  return isRetryable && restarts < maxRestarts ? 'restart' : 'lost';
}
