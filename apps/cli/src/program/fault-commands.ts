/** The commands that break things on purpose and look whether a bit changes: `simulate` without processes, `chaos` with them. */
import type { ChaosCommandOptions } from '../commands/chaos.ts';
import { duration, formatOption, integer, overrideOption, type AddCommand, type RunOptions, type SharedOptions } from './options.ts';

/** `geo simulate`. */
export const addSimulate: AddCommand = (program, { io, answer }) => {
  interface Options extends SharedOptions {
    readonly seed: number;
    readonly schedules: number;
    readonly plant?: string;
  }
  return program
    .command('simulate')
    .description("drive the cluster's state machines through seeded faults in virtual time; every schedule must end with the same bits")
    .option('--seed <n>', 'of the first schedule; the next ones count on', integer({ minimum: 0 }), 1)
    .option('--schedules <n>', 'how many', integer({ minimum: 1 }), 200)
    .option('--plant <bug>', 'plant this bug, to see that it is found')
    .addOption(formatOption(['text', 'json']))
    .action(async ({ format, ...options }: Options) => {
      const { simulateCommand } = await import('../commands/simulate.ts');
      answer(await simulateCommand(options, io), format);
    });
};

/** `geo chaos`. */
export const addChaos: AddCommand = (program, { io, answer }) => {
  type Options = Omit<ChaosCommandOptions, 'specPath' | 'overrides' | 'runsFolder'> & RunOptions & { readonly set: readonly string[] };
  return program
    .command('chaos <spec>')
    .description('train once undisturbed and once under kills, hangs and cut connections, and compare every bit')
    .addOption(overrideOption())
    .option('--seed <n>', 'of the faults', integer({ minimum: 0 }), 1)
    .option('--mtbf <time>', 'mean time between faults', duration, 5_000)
    .option('--duration <time>', 'about how long the disturbed run is to take: sets its steps', duration)
    .option('--steps <n>', "steps of both runs (default: the spec's)", integer({ minimum: 1 }))
    .option('--workers <n>', "worker processes (default: the spec's cluster.workers)", integer({ minimum: 1 }))
    .option('--coordinator-kills <n>', 'how often the coordinator is killed', integer({ minimum: 0 }), 1)
    .option('--no-proxy', 'kill and stop processes only; cut no connections')
    .option('--reference <digest>', 'the paramsDigest of the undisturbed run, instead of making it')
    .option('--runs <dir>', 'folder that receives the folders of both runs', 'runs')
    .addOption(formatOption())
    .action(async (specPath: string, { set, runs, ...options }: Options) => {
      const { chaosCommand } = await import('../commands/chaos.ts');
      answer(await chaosCommand({ specPath, overrides: set, runsFolder: runs, ...options }, io), options.format);
    });
};
