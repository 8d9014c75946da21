/** The commands that train: `run`, `resume`, `fork`. Each shows its run until the end. */
import { Option, type Command } from 'commander';
import type { ArteryFlags } from '../artery/coordinator-artery.ts';
import {
  clusterOption,
  formatOption,
  fromOption,
  natsOption,
  overrideOption,
  portOption,
  runsOption,
  workersOption,
  type AddCommand,
  type RunOptions,
} from './options.ts';

interface TrainingOptions extends RunOptions, ArteryFlags {
  readonly workers?: number;
  readonly port: number;
}

/** What the coordinator is told of NATS. */
function withArtery(command: Command): Command {
  const broadcast = new Option('--broadcast <what>', 'files of a checkpoint that go to everybody unasked (default: parameters)');
  return command
    .addOption(natsOption())
    .addOption(clusterOption())
    .addOption(broadcast.choices(['parameters', 'all', 'none']));
}

/** `geo run`. */
export const addRun: AddCommand = (program, { io, answer }) =>
  withArtery(program.command('run <spec>'))
    .option('--standby', 'a second coordinator takes over when the first is lost; needs --nats')
    .description('train a run spec on a local cluster: a coordinator and worker processes on this host')
    .addOption(overrideOption())
    .addOption(workersOption())
    .option('--runs <dir>', 'folder that receives a folder for this run', 'runs')
    .addOption(portOption())
    .addOption(formatOption())
    .action(async (specPath: string, { set, runs, ...options }: TrainingOptions & { readonly set: readonly string[] }) => {
      const { runCommand } = await import('../commands/run.ts');
      answer(await runCommand({ specPath, overrides: set, runsFolder: runs, ...options }, io), options.format);
    });

/** `geo resume`. */
export const addResume: AddCommand = (program, { io, answer }) => {
  interface Options extends TrainingOptions {
    readonly from?: number;
    readonly takeover?: true;
    readonly rebase?: true;
  }
  return withArtery(program.command('resume <run>'))
    .description('let a paused run go on, or take up one that nobody leads: stopped, failed, or every process was killed')
    .addOption(fromOption('make what follows this checkpoint again, compared with the log (default: the newest good checkpoint)'))
    .addOption(workersOption())
    .option('--takeover', 'even from a coordinator that still seems to live; it is deposed')
    .option('--rebase', 'with another numeric fingerprint (another machine or version); the log says so')
    .addOption(runsOption())
    .addOption(portOption())
    .addOption(formatOption())
    .action(async (run: string, { runs, takeover, rebase, ...options }: Options) => {
      const { resumeCommand } = await import('../commands/resume.ts');
      const how = { takeover: takeover === true, rebase: rebase === true };
      answer(await resumeCommand({ run, runsFolder: runs, ...how, ...options }, io), options.format);
    });
};

/** `geo fork`. */
export const addFork: AddCommand = (program, { io, answer }) => {
  interface Options extends TrainingOptions {
    readonly set: readonly string[];
    readonly from?: number;
    readonly freshOptimizer?: true;
    readonly folder?: string;
  }
  return withArtery(program.command('fork <run>'))
    .description("train another run from a checkpoint of this one, with some of the spec's values changed")
    .addOption(overrideOption())
    .addOption(fromOption('the checkpoint to start from (default: the newest good one)'))
    .option('--fresh-optimizer', "take the checkpoint's parameters only: step 1 of a new run, with another method for example")
    .option('--folder <dir>', "where relative paths of the run's spec start (default: the working folder)")
    .addOption(workersOption())
    .addOption(runsOption())
    .addOption(portOption())
    .addOption(formatOption())
    .action(async (run: string, { runs, set, freshOptimizer, ...options }: Options) => {
      const { forkCommand } = await import('../commands/fork.ts');
      const fresh = freshOptimizer === true;
      answer(await forkCommand({ run, runsFolder: runs, overrides: set, freshOptimizer: fresh, ...options }, io), options.format);
    });
};
