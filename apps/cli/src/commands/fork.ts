/**
 * `geo fork`: another run from a checkpoint of this one, under its spec with some values changed; trained and shown like `geo run`. The
 * optimiser's state goes on, or with --fresh-optimizer only the parameters are taken, as the first values of a new run.
 */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CheckpointError, CheckpointStore } from '@geodesic/checkpoint';
import { isUserModel, type RunSpec } from '@geodesic/run-spec';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { loadSpec } from '../load-spec.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import { ensureFreePort, ensureWritableFolder } from '../places.ts';
import { withoutCheckpoint } from '../run-folders/checkpoint-failure.ts';
import { findRun, type FoundRun } from '../run-folders/find-run.ts';
import { newRun } from '../run-folders/run-source.ts';
import { sourceOf } from '../user-model.ts';
import { conductRun, type ConductOptions } from './conduct.ts';

/** Options of {@link forkCommand}. */
export interface ForkCommandOptions extends ConductOptions {
  /** As `findRun` takes it. */
  readonly run: string;
  readonly runsFolder: string;
  /** Values of the spec that change. */
  readonly overrides: readonly string[];
  /** The step of the checkpoint; default the newest good one. */
  readonly from?: number;
  readonly freshOptimizer: boolean;
  /** Where relative paths of the spec start; default the working folder. */
  readonly folder?: string;
  readonly workers?: number;
  readonly port: number;
}

/** Forks and trains to the end. @throws {CliError} RUN_UNKNOWN, CHECKPOINT_MISSING, CHECKPOINT_UNFIT, or as `geo run` */
export async function forkCommand(options: ForkCommandOptions, io: CommandIo): Promise<CommandResult> {
  return conductRun(options, io, async () => {
    const { overrides, freshOptimizer, port, folder = '.' } = options;
    const found = await findRun(options.run, options);
    const { step, path } = await checkpointOf(found, options.from);
    const runsFolder = dirname(found.directory);
    const specPath = resolve(found.directory, 'spec.json');
    const first = freshOptimizer ? [`init=${JSON.stringify({ checkpoint: path })}`] : [];
    const workers = options.workers === undefined ? [] : [`cluster.workers=${options.workers}`];
    const spec = await loadSpec(specPath, { overrides: [...first, ...overrides, ...workers] });
    requireModel(spec, folder);
    await ensureWritableFolder(runsFolder);
    await ensureFreePort(port);
    const parent = { fork: { run: found.runId, step } };
    const sets = overrides.flatMap((override) => ['--set', override]);
    const rerun = ['npx geo fork', found.runId, `--from step:${step}`, ...(freshOptimizer ? ['--fresh-optimizer'] : []), ...sets].join(' ');
    return {
      source: newRun({ spec, specPath, folder: resolve(folder), ...(!freshOptimizer && parent) }),
      workers: spec.cluster.workers,
      maxRestarts: spec.cluster.maxRestarts,
      runsFolder,
      port,
      name: spec.name,
      rerun,
    };
  });
}

/** A model that a user brings lies where the spec says: the run folder does not know which folder that was. */
function requireModel({ model }: RunSpec, folder: string): void {
  if (!isUserModel(model)) return;
  const { path } = sourceOf(model, folder);
  if (existsSync(path)) return;
  const message = `model: expected the files that the run was started with, got none at ${path}`;
  throw new CliError({
    code: 'SPEC_INVALID',
    message,
    hint: 'name the folder of the original spec with --folder DIR',
    exitCode: EXIT.usage,
  });
}

/** The checkpoint to start from, which can be read. */
async function checkpointOf({ runId, directory }: FoundRun, from: number | undefined): Promise<{ step: number; path: string }> {
  const store = new CheckpointStore(resolve(directory, 'checkpoints'));
  try {
    const step = from ?? (await store.newestGood()).step;
    if (from !== undefined) await store.read(from);
    return { step, path: store.path(step) };
  } catch (cause) {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw await withoutCheckpoint(runId, store, cause);
  }
}
