/**
 * Taking a run up again: everything that could refuse it comes first and changes nothing; then the next term is claimed, and what the log has
 * beyond the checkpoint is made again from the journal, or by workers.
 */
import { contentDigest } from '@geodesic/checkpoint';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { commitsAfter, ProtocolError, viewLog } from '@geodesic/cluster';
import type { ControlEntry, LogView } from '@geodesic/cluster';
import { CommitLog, readLog, refuseLiveLeader, RunFolder, RunStoreError } from '@geodesic/run-store';
import { startOf } from './checkpoint-position.ts';
import { CoordinatorError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import { HostedRun } from './hosted-run.ts';
import { openResumePoint } from './resume-point.ts';
import type { TrainerFactory } from './run-meta.ts';
import { newLeader, openParts, openStore } from './run-parts.ts';
import type { RunSurroundings } from './run-parts.ts';
import { RunStorage } from './run-storage.ts';
import { requireFingerprint } from './solve-fingerprint.ts';
import { isCompletionTold } from './told-end.ts';

/** What is to be taken up again. */
export interface ResumeRequest {
  /** The run's name. */
  readonly run: string;
  /** Computes again from the newest checkpoint up to this step, without the journal; default: from the newest one, with it. */
  readonly from?: number;
  /** Takes the run from a coordinator that is alive; default false. */
  readonly takeover?: boolean;
  /** Allows another numeric fingerprint from here on; default false. */
  readonly rebase?: boolean;
}

/**
 * Takes a run over.
 * @throws {RunStoreError} RUN_MISSING, RUN_ACTIVE, RUN_DAMAGED, LOG_DEPOSED; {CoordinatorError} RUN_COMPLETED, FINGERPRINT_MISMATCH, BUNDLE,
 * CHECKPOINT_UNFIT; {CheckpointError} when no checkpoint can be read
 */
export async function resumeRun(
  options: RunSurroundings & { readonly createTrainer: TrainerFactory },
  { run, from, takeover = false, rebase = false }: ResumeRequest,
): Promise<HostedRun> {
  const { runs, createTrainer, logger } = options;
  const folder = await RunFolder.open(run === basename(run) ? join(runs, run) : run);
  if (!takeover) await refuseLiveLeader(folder);
  const before = await soundLog(folder);
  // A process that died right after the last record has not told of the end: it is told now, and no step is made.
  if (before.finished?.state === 'completed' && from === undefined && (await isCompletionTold(folder))) throw completed(run);
  const bundle = await readFile(folder.file('bundle.bin'));
  if (contentDigest(bundle) !== before.run.bundleDigest)
    throw damaged(folder, `bundle.bin of ${before.run.bundleDigest}`, contentDigest(bundle));
  const store = openStore(folder);
  const point = await openResumePoint({ store, view: before, bundle, createTrainer, ...(from !== undefined && { atMost: from }) });
  const { learning, facts, checkpoint, skipped } = point;
  if (!rebase) requireFingerprint(before.fingerprint?.solve, learning.trainer.fingerprint);

  const storage = new RunStorage(folder.runId, logger);
  const leader = newLeader();
  const runArtery = options.artery?.openRun({ folder, store, bundle });
  const { replica } = runArtery ?? {};
  const takingOver = CommitLog.takeOver(folder, { guard: storage.guard, leader, ...(replica && { replica }) });
  const { log, found, term } = await takingOver.catch(async (error: unknown) => {
    await runArtery?.close(0);
    throw error;
  });
  const view = viewLog(found.records);
  const { pausedFrom, fingerprint, wantedWorkers, finished } = view;
  const ahead = commitsAfter(view, facts);
  await store.collect();
  const lost = new Set(skipped.map(({ step }) => step));
  const start = {
    step: facts.step,
    position: startOf(checkpoint, facts, learning.meta.usesPrevious === true),
    ahead,
    checkpoints: (await store.list()).filter((step) => !lost.has(step)),
    usesJournal: from === undefined,
    ...(pausedFrom !== undefined && { pausedFrom }),
  };
  const pause = found.records.findLast((record) => record.type === 'control' && record.action === 'pause') as ControlEntry | undefined;
  const past = {
    mayRebase: rebase,
    ...(fingerprint && { fingerprint }),
    ...(wantedWorkers !== undefined && { wantedWorkers }),
    ...(finished && { finished }),
    ...(pause && { pauseReason: pause.reason }),
    ...(!finished && { workers: workersOf(view.commits.at(-1)) }), // at an end they were sent home
  };
  const rest = { folder, log, leader, storage, store, start, past, ...(runArtery && { runArtery }) };
  const parts = await openParts({ ...options, ...learning, bundle, ...rest });
  const { events, reporter } = parts;
  reporter.recount(view);
  for (const damage of skipped) {
    logger.warn('a checkpoint cannot be used; the one before it is', { run, ...damage });
    events.emit('checkpoint.damaged', { ...damage });
  }
  events.emit('run.resumed', { term, step: facts.step, ahead: ahead.length });
  runArtery?.begin(events);
  return new HostedRun(parts);
}

/** Who computed the last round of a commit. */
function workersOf(commit: LogView['commits'][number] | undefined): readonly string[] {
  return [...new Set(commit?.rounds?.at(-1)?.coverage.map(({ worker }) => worker))];
}

async function soundLog(folder: RunFolder): Promise<LogView> {
  const { records, notes } = await readLog(folder);
  try {
    return viewLog(records);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    // Its coordinator died before it had accepted the run: nobody was told that there is one.
    const hint = records.length === 0 ? 'it may never have been accepted: submit it again' : undefined;
    throw damaged(folder, 'the log of a run', [error.message, ...notes].join('; '), hint);
  }
}

function completed(run: string): CoordinatorError {
  const hint = 'name a step with --from to compute its end again and compare, or fork it';
  return new CoordinatorError('RUN_COMPLETED', `--resume: expected a run that has not reached its end, got ${run}`, {
    hint,
    exitCode: EXIT.usage,
  });
}

function damaged({ path: what }: RunFolder, expected: string, got: string, hint = 'restore the folder from a copy'): RunStoreError {
  return new RunStoreError('RUN_DAMAGED', { what, expected, got, hint });
}
