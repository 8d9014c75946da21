/**
 * `geo resume`: lets a paused run go on, or takes up a run that nobody leads, on a local cluster, from the newest checkpoint and the
 * journal; shows it like `geo run`.
 */
import { dirname } from 'node:path';
import { isCompletionTold } from '@geodesic/coordinator';
import type { NatsOptions } from '@geodesic/events';
import { leaderInNats } from '../artery/leader-in-nats.ts';
import { natsOptionsOf } from '../artery/nats-flags.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import { ensureFreePort, ensureWritableFolder } from '../places.ts';
import { findRun, type FoundRun } from '../run-folders/find-run.ts';
import { controlAt, controlRun, isLedAt, leadershipOf, type Leadership } from '../run-folders/live-run.ts';
import { lastEventOf, readRun, type ReadRun } from '../run-folders/read-run.ts';
import { resumedRun } from '../run-folders/run-source.ts';
import { conductRun, type Conducted, type ConductOptions } from './conduct.ts';

/** Options of {@link resumeCommand}. */
export interface ResumeCommandOptions extends ConductOptions {
  /** As `findRun` takes it. */
  readonly run: string;
  readonly runsFolder: string;
  /** The step of the checkpoint from which it goes on; default the newest good one. */
  readonly from?: number;
  /** Default: as many as were asked for last, or the spec's. */
  readonly workers?: number;
  readonly port: number;
  /** Even from a coordinator that lives. */
  readonly takeover: boolean;
  /** Under another numeric fingerprint. */
  readonly rebase: boolean;
}

/** Resumes. @throws {CliError} RUN_UNKNOWN, RUN_ACTIVE, RUN_COMPLETED, RUN_DAMAGED, or as `geo run` */
export async function resumeCommand(options: ResumeCommandOptions, io: CommandIo): Promise<CommandResult> {
  const found = await findRun(options.run, options);
  const leadership = await leadershipOf(found);
  const isPaused = leadership.state === 'live' && leadership.status.state === 'paused';
  if (isPaused && !options.takeover) return letGoOn(found);
  const elsewhere =
    leadership.state === 'none' && !options.takeover ? await ledElsewhere(found, natsOptionsOf(options, io.env)) : undefined;
  if (elsewhere !== undefined) return letGoOn(found, elsewhere);
  if (leadership.state !== 'none' && !options.takeover) throw active(found, leadership);
  return conductRun(options, io, () => takenUp(found, options));
}

/** The address of a coordinator that leads the run with another folder: a standby that has taken it over. */
async function ledElsewhere({ runId }: FoundRun, nats: NatsOptions | undefined): Promise<string | undefined> {
  if (nats === undefined) return undefined;
  try {
    const { address } = await leaderInNats(runId, nats);
    return (await isLedAt(address, runId)) ? address : undefined;
  } catch (error) {
    if (error instanceof CliError && NOBODY.has(error.code)) return undefined;
    throw error;
  }
}

/** What says that nobody leads the run elsewhere, as far as can be seen. */
const NOBODY: ReadonlySet<string> = new Set(['RUN_UNKNOWN', 'RUN_NOT_LIVE', 'NATS_UNREACHABLE']);

async function letGoOn(found: FoundRun, elsewhere?: string): Promise<CommandResult> {
  const request = { action: 'resume', reason: 'asked for by geo' } as const;
  const asked = elsewhere === undefined ? controlRun(found, request) : controlAt(elsewhere, { run: found.runId, ...request });
  const { step } = await asked;
  return { data: { ...found, action: 'resume', step }, text: `${found.runId}: goes on with step ${step}\n`, exitCode: EXIT.ok };
}

async function takenUp(found: FoundRun, { from, workers, port, takeover, rebase }: ResumeCommandOptions): Promise<Conducted> {
  const { runId, directory } = found;
  const run = await readRun(found);
  const { view, spec } = run;
  const isOver = view.finished?.state === 'completed' && from === undefined;
  // One whose end nobody was told of is taken up to tell it.
  if (isOver && (await isCompletionTold(run.folder))) throw completed(found, run);
  const runsFolder = dirname(directory);
  await ensureWritableFolder(runsFolder);
  await ensureFreePort(port);
  return {
    source: resumedRun({
      resume: { run: runId, ...(from !== undefined && { from }), takeover, rebase },
      place: found,
      header: { name: spec.name, seed: spec.seed, steps: spec.steps ?? 0, batch: spec.batch.examples },
      fromSequence: (await lastEventOf(found)) + 1,
      endsPause: view.pausedFrom !== undefined,
    }),
    workers: workers ?? view.wantedWorkers ?? spec.cluster.workers,
    maxRestarts: spec.cluster.maxRestarts,
    runsFolder,
    port,
    name: spec.name,
    rerun: `npx geo run ${directory}/spec.json`,
  };
}

function active({ runId }: FoundRun, leadership: Exclude<Leadership, { state: 'none' }>): CliError {
  const { address, pid, host } = leadership.leader;
  const how =
    leadership.state === 'live' ? `, which is ${leadership.status.state} at step ${leadership.status.step}` : ', which does not answer';
  const message = `run ${runId}: expected a run that is paused or that nobody leads, got one led at ${address} (pid ${pid} on ${host})${how}`;
  const hint = 'wait for its end, stop it with geo stop, or take it over with --takeover';
  return new CliError({ code: 'RUN_ACTIVE', message, hint, exitCode: EXIT.failed });
}

function completed({ runId }: FoundRun, { view }: ReadRun): CliError {
  const message = `run ${runId}: expected a run with steps left, got one that completed step ${view.head.step}`;
  const hint = `geo fork ${runId} --set steps=N trains on from it; geo verify ${runId} --recompute makes steps of it again`;
  return new CliError({ code: 'RUN_COMPLETED', message, hint, exitCode: EXIT.failed });
}
