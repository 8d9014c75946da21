/**
 * `geo verify`: is this run folder what a run of these rules leaves, and do its steps come out again? Exit code 1 when a fault is found.
 */
import { CheckpointError, CheckpointStore } from '@geodesic/checkpoint';
import type { FingerprintEntry, LogRecord } from '@geodesic/cluster';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import type { Recomputed } from '../recompute/recompute-steps.ts';
import { withoutCheckpoint } from '../run-folders/checkpoint-failure.ts';
import { findRun, type FoundRun } from '../run-folders/find-run.ts';
import { verifyRun, type RunReport } from '../verify/verify-run.ts';
import { wantsColour } from '../view/screen.ts';
import { paint } from '../view/styled-text.ts';
import { verifyLines, type RecomputedSteps } from '../view/verify-lines.ts';

/** Options of {@link verifyCommand}. */
export interface VerifyCommandOptions {
  /** As `findRun` takes it. */
  readonly run: string;
  readonly runsFolder: string;
  /** Steps that are made again. */
  readonly recompute?: { readonly first: number; readonly last: number };
  /** On a machine with another numeric fingerprint, too. */
  readonly rebase: boolean;
}

/** Verifies. @throws {CliError} RUN_UNKNOWN, RUN_DAMAGED, STEPS_UNKNOWN, FINGERPRINT_MISMATCH */
export async function verifyCommand({ run, runsFolder, recompute, rebase }: VerifyCommandOptions, io: CommandIo): Promise<CommandResult> {
  const found = await findRun(run, { runsFolder });
  const report = await verifyRun(found);
  const recomputed = recompute && { ...recompute, ...(await recomputeRange(found, report, { ...recompute, rebase })) };
  const faults = [...report.faults, ...(recomputed?.fault === undefined ? [] : [`recomputed: ${recomputed.fault}`])];
  const { log, checkpoints, notes } = report;
  const { faults: _listed, ...counts } = log;
  const colour = wantsColour(io.stdout, io.env);
  const lines = verifyLines(found.runId, { ...report, faults, ...(recomputed && { recomputed }) });
  return {
    data: {
      ...found,
      sound: faults.length === 0,
      faults,
      notes,
      log: counts,
      checkpoints: checkpoints.map(({ step, paramsDigest }) => ({ step, paramsDigest })),
      ...(recomputed && { recomputed }),
    },
    text: `${lines.map((line) => paint(line, { colour })).join('\n')}\n`,
    exitCode: faults.length === 0 ? EXIT.ok : EXIT.failed,
  };
}

async function recomputeRange(
  { runId, directory }: FoundRun,
  { run, log }: RunReport,
  { first, last, rebase }: RecomputedSteps & Pick<VerifyCommandOptions, 'rebase'>,
): Promise<Recomputed> {
  if (last > log.head.step) {
    const message = `--recompute: expected steps of the log, which ends at step ${log.head.step}, got ${first}..${last}`;
    throw new CliError({ code: 'STEPS_UNKNOWN', message, hint: `name steps from 1 to ${log.head.step}`, exitCode: EXIT.usage });
  }
  const store = new CheckpointStore(run.folder.checkpoints);
  const { recomputeSteps, FingerprintMismatch } = await import('../recompute/recompute-steps.ts'); // loads the executors
  try {
    const start = await store.newestGood({ atMost: first - 1 });
    const logged = fingerprintOf(run.log.records, first);
    const fingerprint = rebase || logged === undefined ? {} : { fingerprint: logged };
    return await recomputeSteps({ run: runId, bundle: run.bytes, view: run.view, start, last, ...fingerprint });
  } catch (error) {
    if (error instanceof CheckpointError) throw await withoutCheckpoint(runId, store, error);
    if (!(error instanceof FingerprintMismatch)) throw error;
    const hint = `recompute on a machine like the one that made ${directory}, or compare all the same with --rebase`;
    throw new CliError({ code: 'FINGERPRINT_MISMATCH', message: error.message, hint, exitCode: EXIT.failed, cause: error });
  }
}

/** The fingerprint under which a step was made. */
function fingerprintOf(records: readonly LogRecord[], step: number): FingerprintEntry | undefined {
  const until = records.findIndex((record) => record.type === 'step' && record.step >= step);
  return records.slice(0, until + 1).findLast((record) => record.type === 'fingerprint');
}
