/**
 * What `geo run`, `geo resume` and `geo fork` have in common: train on a local cluster, show it, and say where everything is.
 */
import { arteryOf, type ArteryFlags } from '../artery/coordinator-artery.ts';
import { natsOptionsOf } from '../artery/nats-flags.ts';
import type { LocalCluster } from '../cluster/local-cluster.ts';
import { clusterPrograms } from '../cluster/programs.ts';
import { EXIT } from '../exit-code.ts';
import { watchInterruption } from '../interruption.ts';
import type { CommandIo, CommandResult, OutputFormat } from '../output.ts';
import type { FinishedRun } from '../run-connection.ts';
import type { TrainLocallyOptions } from '../train-locally.ts';
import { createRunReporter, type RunReporter } from '../view/run-reporter.ts';
import { nextSteps, runSummary } from '../view/run-summary.ts';
import { wantsColour } from '../view/screen.ts';
import { paint } from '../view/styled-text.ts';

/** What is to be trained, and how it is named afterwards. */
export type Conducted = Pick<TrainLocallyOptions, 'source' | 'workers' | 'maxRestarts' | 'runsFolder' | 'port'> & {
  readonly name: string;
  /** The command that makes the same bits again. */
  readonly rerun: string;
};

/** How a training is shown, and what its coordinator is told of NATS. */
export interface ConductOptions extends ArteryFlags {
  readonly format: OutputFormat;
}

/**
 * Trains to the end under Ctrl-C.
 * @param conduct makes what is to be trained; nothing has been started before it returns
 * @throws {CliError} everything but a run that completed
 */
export async function conductRun(options: ConductOptions, io: CommandIo, conduct: () => Promise<Conducted>): Promise<CommandResult> {
  natsOptionsOf(options, io.env); // what is wrong with them is said at once
  const reporter = createRunReporter(options.format, io);
  const { name, rerun, run } = await underInterruption(reporter, async (guards) => {
    const { name, rerun, ...what } = await conduct();
    const artery = await arteryOf(options, { env: io.env, onNotice: (text) => reporter.notice(text) });
    const { trainLocally } = await import('../train-locally.ts'); // loads gRPC, which a mistaken spec does without
    const how = { ...guards, ...(artery && { artery }), programs: clusterPrograms(), reporter };
    return { name, rerun, run: await trainLocally({ ...what, ...how }) };
  });
  return completed({ name, rerun, run }, io);
}

/** What a training needs to end at once when it is told to. */
export type Guards = Pick<TrainLocallyOptions, 'interruption' | 'onCluster'>;

/** Watches for Ctrl-C while `body` trains; a second one kills its processes at once. */
export async function underInterruption<T>(reporter: Pick<RunReporter, 'close'>, body: (guards: Guards) => Promise<T>): Promise<T> {
  let cluster: LocalCluster | undefined;
  const interruption = watchInterruption(() => {
    cluster?.killNow();
    reporter.close();
    process.exit(EXIT.interrupted);
  });
  try {
    return await body({ interruption, onCluster: (started) => void (cluster = started) });
  } finally {
    reporter.close();
    interruption.close();
  }
}

function completed({ name, rerun, run }: { name: string; rerun: string; run: FinishedRun }, io: CommandIo): CommandResult {
  const lines = [...runSummary(name, run.data), ...nextSteps({ directory: run.directory, data: run.data, rerun })];
  const colour = wantsColour(io.stdout, io.env);
  return { data: run.data, text: `${lines.map((line) => paint(line, { colour })).join('\n')}\n`, exitCode: EXIT.ok };
}
