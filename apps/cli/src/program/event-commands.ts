/** The command that shows what happens in a run: `events`. */
import type { EventsCommandOptions } from '../commands/events.ts';
import { clusterOption, formatOption, integer, natsOption, runsOption, type AddCommand, type RunOptions } from './options.ts';

interface Options extends RunOptions, Pick<EventsCommandOptions, 'nats' | 'cluster' | 'from' | 'type'> {
  readonly follow?: true;
  readonly all?: true;
}

/** `geo events`. */
export const addEvents: AddCommand = (program, { io, answer }) =>
  program
    .command('events [run]')
    .description('what happened in a run, one line an event: from NATS, or from its folder and whoever leads it')
    .option('-f, --follow', 'go on until the run is over; with NATS it need not have begun')
    .option('--from <n>', 'leave out events before this number', integer({ minimum: 1 }))
    .option('--type <pattern>', "only these types, such as 'step.*'")
    .option('--all', 'every run of the cluster; only with NATS')
    .addOption(natsOption())
    .addOption(clusterOption())
    .addOption(runsOption())
    .addOption(formatOption(['text', 'jsonl']))
    .action(async (run: string | undefined, { follow, all, runs, ...options }: Options) => {
      const { eventsCommand } = await import('../commands/events.ts');
      const which = { follow: follow === true, all: all === true, ...(run !== undefined && { run }) };
      answer(await eventsCommand({ ...which, runsFolder: runs, ...options }, io), 'text');
    });
