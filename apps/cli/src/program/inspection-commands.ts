/** The commands that read a run folder, whether its run is over or under way: `list`, `verify`, `curvature`, `export`. */
import type { NatsFlags } from '../artery/nats-flags.ts';
import {
  clusterOption,
  formatOption,
  integer,
  natsOption,
  overrideOption,
  runsOption,
  stepRange,
  type AddCommand,
  type RunOptions,
  type SharedOptions,
} from './options.ts';

/** `geo list`. */
export const addList: AddCommand = (program, { io, answer }) =>
  program
    .command('list')
    .description('the runs in a folder: what each is doing or how it ended, and how far it came; with NATS, of the cluster, too')
    .addOption(natsOption())
    .addOption(clusterOption())
    .addOption(runsOption())
    .addOption(formatOption(['text', 'json']))
    .action(async ({ runs, format, ...nats }: RunOptions & NatsFlags) => {
      const { listCommand } = await import('../commands/list.ts');
      answer(await listCommand({ runsFolder: runs, ...nats }, io), format);
    });

/** `geo verify`. */
export const addVerify: AddCommand = (program, { io, answer }) => {
  interface Options extends RunOptions {
    readonly recompute?: { readonly first: number; readonly last: number };
    readonly rebase?: true;
  }
  return program
    .command('verify <run>')
    .description('check a run folder: hash chain and coverage of the commit log, digests of every checkpoint')
    .option('--recompute <a..b>', 'make these steps again in this process and compare their bits with the log', stepRange)
    .option('--rebase', 'recompute although this machine has another numeric fingerprint')
    .addOption(runsOption())
    .addOption(formatOption(['text', 'json']))
    .action(async (run: string, { runs, format, recompute, rebase }: Options) => {
      const { verifyCommand } = await import('../commands/verify.ts');
      const steps = recompute === undefined ? {} : { recompute };
      answer(await verifyCommand({ run, runsFolder: runs, rebase: rebase === true, ...steps }, io), format);
    });
};

/** `geo curvature`. */
export const addCurvature: AddCommand = (program, { io, answer }) => {
  interface Options extends RunOptions {
    readonly step?: number;
    readonly history?: string;
  }
  return program
    .command('curvature <run>')
    .description("how the curvature of a run's layers is, the worst first; a run is an id, the beginning of one, or a run folder")
    .option('--step <n>', 'the state after this step (default: the latest)', integer({ minimum: 0 }))
    .option('--history <layer>', 'every report of one layer instead')
    .addOption(runsOption())
    .addOption(formatOption(['text', 'json']))
    .action(async (run: string, { runs, format, ...which }: Options) => {
      const { curvatureCommand } = await import('../commands/curvature.ts');
      answer(await curvatureCommand({ run, runsFolder: runs, ...which }, io), format);
    });
};

/** `geo export`. */
export const addExport: AddCommand = (program, { answer }) => {
  interface Options extends SharedOptions {
    readonly set: readonly string[];
    readonly to: string;
  }
  return program
    .command('export <spec> <checkpoint>')
    .description('write the weights of a checkpoint back into the tf.LayersModel of a run spec')
    .requiredOption('--to <dir>', 'folder that receives model.json and weights.bin')
    .addOption(overrideOption())
    .addOption(formatOption())
    .action(async (specPath: string, checkpoint: string, { set, to, format }: Options) => {
      const { exportCommand } = await import('../commands/export.ts');
      answer(await exportCommand({ specPath, overrides: set, checkpoint, to }), format);
    });
};
