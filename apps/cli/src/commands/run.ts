/**
 * `geo run`: trains a spec on a local cluster of real processes, shows it live, and says where everything is.
 */
import { resolve } from 'node:path';
import { loadSpec } from '../load-spec.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import { ensureFreePort, ensureWritableFolder } from '../places.ts';
import { newRun } from '../run-folders/run-source.ts';
import { conductRun, type ConductOptions } from './conduct.ts';

/** Options of {@link runCommand}. */
export interface RunCommandOptions extends ConductOptions {
  readonly specPath: string;
  readonly overrides: readonly string[];
  /** Overrides `cluster.workers`. */
  readonly workers?: number;
  readonly runsFolder: string;
  readonly port: number;
}

/** Trains to the end. @throws {CliError} for everything else */
export async function runCommand(options: RunCommandOptions, io: CommandIo): Promise<CommandResult> {
  const { specPath, port, overrides } = options;
  return conductRun(options, io, async () => {
    const runsFolder = resolve(options.runsFolder);
    const workers = options.workers === undefined ? [] : [`cluster.workers=${options.workers}`];
    const spec = await loadSpec(specPath, { overrides: [...overrides, ...workers] });
    await ensureWritableFolder(runsFolder);
    await ensureFreePort(port);
    const rerun = `npx geo run ${[specPath, ...overrides.flatMap((override) => ['--set', override])].join(' ')}`;
    const { cluster, name } = spec;
    return {
      source: newRun({ spec, specPath }),
      workers: cluster.workers,
      maxRestarts: cluster.maxRestarts,
      runsFolder,
      port,
      name,
      rerun,
    };
  });
}
