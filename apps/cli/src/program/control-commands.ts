/** The commands that ask something of a run that is under way: `pause`, `stop`, `scale`, `drain`. `geo resume` ends a pause. */
import { Argument, type Command } from 'commander';
import type { NatsFlags } from '../artery/nats-flags.ts';
import type { ControlCommandOptions } from '../commands/control.ts';
import {
  clusterOption,
  formatOption,
  integer,
  natsOption,
  runsOption,
  type AddCommand,
  type ProgramContext,
  type RunOptions,
} from './options.ts';

interface ControlOptions extends RunOptions, NatsFlags {
  readonly reason?: string;
}

/** `geo pause`. */
export const addPause: AddCommand = (program, context) =>
  withOptions(program.command('pause <run>'))
    .description('let a run wait after its present step; geo resume lets it go on')
    .action((run: string, options: ControlOptions) => control(context, options, { run, action: 'pause' }));

/** `geo stop`. */
export const addStop: AddCommand = (program, context) =>
  withOptions(program.command('stop <run>'))
    .description('end a run after its present step; geo resume can take it up again')
    .action((run: string, options: ControlOptions) => control(context, options, { run, action: 'stop' }));

/** `geo scale`. */
export const addScale: AddCommand = (program, context) =>
  withOptions(program.command('scale <run>'))
    .description('how many workers the run should have from now on; no bit depends on it')
    .addArgument(new Argument('<workers>', 'worker processes').argParser(integer({ minimum: 1, maximum: 10_000 })))
    .action((run: string, workers: number, options: ControlOptions) => control(context, options, { run, action: 'scale', workers }));

/** `geo drain`. */
export const addDrain: AddCommand = (program, context) =>
  withOptions(program.command('drain <run> <worker>'))
    .description('let one worker finish what it computes and leave')
    .action((run: string, worker: string, options: ControlOptions) => control(context, options, { run, action: 'drain', worker }));

function withOptions(command: Command): Command {
  return command
    .option('--reason <text>', 'kept in the commit log')
    .addOption(natsOption())
    .addOption(clusterOption())
    .addOption(runsOption())
    .addOption(formatOption(['text', 'json']));
}

async function control(
  { answer, io }: ProgramContext,
  { runs, format, reason = 'asked for by geo', nats, cluster }: ControlOptions,
  what: Omit<ControlCommandOptions, 'runsFolder' | 'reason'>,
): Promise<void> {
  const { controlCommand } = await import('../commands/control.ts');
  const flags = { ...(nats !== undefined && { nats }), ...(cluster !== undefined && { cluster }) };
  answer(await controlCommand({ ...what, ...flags, runsFolder: runs, reason }, io), format);
}
