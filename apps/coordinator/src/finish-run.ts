/**
 * The end of a run: its last checkpoint, the record `finished`, result.json and run.svg. A run that cannot vouch for its state (it is not back
 * at the head of its log, or the log failed) leaves the folder as it is: a resume goes on from an older checkpoint and the log.
 */
import { paramsDigest, writeDurably } from '@geodesic/checkpoint';
import { LogMismatchError } from '@geodesic/cluster';
import type { FinishedEntry } from '@geodesic/cluster';
import { clearLeader, RunStoreError } from '@geodesic/run-store';
import { CoordinatorError, reportError } from './errors.ts';
import type { ErrorReport } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { RunParts } from './run-parts.ts';
import type { FinishedData, RunResult, RunState } from './run-result.ts';
import { isDeposition } from './standing-watch.ts';

/** How a run came to its end. */
export interface RunEnd {
  readonly state: RunState;
  /** The last step that was made. */
  readonly step: number;
  /** Commits of the log that were not made again. */
  readonly ahead: number;
  /** What made it fail. */
  readonly cause: unknown;
  readonly error?: ErrorReport;
  readonly stopReason?: string;
  /** How it ended the time before. */
  readonly before?: FinishedEntry;
}

/** Completes the folder and gives the leadership back. Never rejects. */
export async function finishRun(parts: RunParts, end: RunEnd): Promise<FinishedData> {
  const { folder, log, reporter, trainer, meta, logger, committed, journal, checkpoints, leader } = parts;
  const digest = paramsDigest(meta.parametersLayout, committed.parameters);
  const { state, error } = compared(end, digest);
  const measurements = state === 'completed' ? (trainer.result?.() ?? {}) : {};
  const result: RunResult = reporter.result({ state, steps: end.step, paramsDigest: digest, measurements });
  const isLeader = !(end.cause instanceof RunStoreError);
  try {
    await checkpoints.idle();
    if (isLeader && end.ahead === 0 && !(end.cause instanceof LogMismatchError))
      await sayFinished(parts, { ...end, state }, { digest, error });
    if (isLeader) {
      await writeDurably(folder.file('result.json'), `${JSON.stringify({ ...result, ...(error && { error }) }, undefined, 2)}\n`);
      await writeDurably(folder.file('run.svg'), await reporter.picture(result));
    }
    await Promise.all([log.close(), reporter.close(), journal?.close()]);
    await clearLeader(folder, leader);
  } catch (cause) {
    logger.error('the run folder is incomplete', { run: folder.runId, error: cause });
    return {
      state: 'failed',
      result: { ...result, state: 'failed' },
      error: isDeposition(cause) ? reportError(cause) : (error ?? reportError(cause)),
    };
  }
  return { state, result, ...(error && { error }) };
}

async function sayFinished(
  { log, committed, checkpoints }: RunParts,
  { state, step, stopReason }: RunEnd,
  { digest, error }: { readonly digest: string; readonly error: ErrorReport | undefined },
): Promise<void> {
  if (checkpoints.lastStep !== step) await checkpoints.write(checkpoints.capture(step));
  const reason = error?.message ?? stopReason;
  const { version, chain } = committed.position;
  await log.append({ type: 'finished', state, step, version, chain, paramsDigest: digest, ...(reason !== undefined && { reason }) });
}

/** A run that was computed again must end where it ended before. */
function compared({ state, error, before }: RunEnd, digest: string): { state: RunState; error: ErrorReport | undefined } {
  if (state !== 'completed' || before?.state !== 'completed' || before.paramsDigest === digest) return { state, error };
  const message = `the end of the run: expected parameters of ${before.paramsDigest} as in the commit log, got ${digest}`;
  const hint = 'run geo verify: the log, a checkpoint or the data were altered';
  return { state: 'failed', error: reportError(new CoordinatorError('LOG_MISMATCH', message, { hint, exitCode: EXIT.data })) };
}
