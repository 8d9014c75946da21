/** The command that evaluates checkpoints on held-out data: `evaluate`. */
import { Option } from 'commander';
import type { EvaluateCommandOptions } from '../commands/evaluate.ts';
import { clusterOption, formatOption, fromOption, natsOption, runsOption, type AddCommand, type RunOptions } from './options.ts';

interface Options extends RunOptions, Pick<EvaluateCommandOptions, 'nats' | 'cluster' | 'from' | 'split'> {
  readonly follow?: true;
  readonly latest?: true;
}

/** `geo evaluate`. */
export const addEvaluate: AddCommand = (program, { io, answer }) =>
  program
    .command('evaluate <run>')
    .description(
      'evaluate the newest checkpoint of a run on held-out data, by the code of a worker; results go to NATS where it is configured',
    )
    .option('-f, --follow', 'every checkpoint as it becomes available, until the run is over')
    .option('--latest', 'with --follow: only the newest of those that wait')
    .addOption(new Option('--split <name>', 'default: validation where the run has it, else test').choices(['validation', 'test']))
    .addOption(fromOption('this checkpoint; with --follow this one and what comes after it'))
    .addOption(natsOption())
    .addOption(clusterOption())
    .addOption(runsOption())
    .addOption(formatOption())
    .action(async (run: string, { follow, latest, runs, ...options }: Options) => {
      const { evaluateCommand } = await import('../commands/evaluate.ts');
      const how = { follow: follow === true, latest: latest === true };
      answer(await evaluateCommand({ run, runsFolder: runs, ...how, ...options }, io), options.format);
    });
