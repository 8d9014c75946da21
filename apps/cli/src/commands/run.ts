/**
 * `geo run`: trains a spec on a local cluster of real processes, shows it live, and says where everything is.
 */
import { resolve } from 'node:path';
import { clusterPrograms } from '../cluster/programs.ts';
import type { LocalCluster } from '../cluster/local-cluster.ts';
import { EXIT } from '../exit-code.ts';
import { watchInterruption } from '../interruption.ts';
import { loadSpec } from '../load-spec.ts';
import type { CommandIo, CommandResult, OutputFormat } from '../output.ts';
import { ensureFreePort, ensureWritableFolder } from '../places.ts';
import { createRunReporter } from '../view/run-reporter.ts';
import { wantsColour } from '../view/screen.ts';
import { nextSteps, runSummary } from '../view/run-summary.ts';
import { paint } from '../view/styled-text.ts';

/** Options of {@link runCommand}. */
export interface RunCommandOptions {
  readonly specPath: string;
  readonly overrides: readonly string[];
  /** Overrides `cluster.workers`. */
  readonly workers?: number;
  readonly runsFolder: string;
  readonly port: number;
  readonly format: OutputFormat;
}

/** Trains to the end. @throws {CliError} for everything else */
export async function runCommand(options: RunCommandOptions, io: CommandIo): Promise<CommandResult> {
  let cluster: Pick<LocalCluster, 'killNow'> | undefined;
  const reporter = createRunReporter(options.format, io);
  const interruption = watchInterruption(() => {
    cluster?.killNow();
    reporter.close();
    process.exit(EXIT.interrupted);
  });
  try {
    const { specPath, port } = options;
    const runsFolder = resolve(options.runsFolder);
    const workers = options.workers === undefined ? [] : [`cluster.workers=${options.workers}`];
    const spec = await loadSpec(specPath, { overrides: [...options.overrides, ...workers] });
    await ensureWritableFolder(runsFolder);
    await ensureFreePort(port);
    const { trainLocally } = await import('../train-locally.ts');
    const onCluster = (started: Pick<LocalCluster, 'killNow'>): void => void (cluster = started);
    const run = await trainLocally({ spec, specPath, runsFolder, port, programs: clusterPrograms(), reporter, interruption, onCluster });
    reporter.close();
    const rerun = `npx geo run ${[specPath, ...options.overrides.flatMap((override) => ['--set', override])].join(' ')}`;
    const lines = [...runSummary(spec.name, run.data), ...nextSteps({ directory: run.directory, data: run.data, rerun })];
    const colour = wantsColour(io.stdout, io.env);
    return { data: run.data, text: `${lines.map((line) => paint(line, { colour })).join('\n')}\n`, exitCode: EXIT.ok };
  } finally {
    reporter.close();
    interruption.close();
  }
}
