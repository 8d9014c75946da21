/**
 * `geo events`: the events of a run, from NATS or from its folder and the coordinator that leads it; with `-f` as they happen.
 */
import type { GeodesicEvent } from '@geodesic/events';
import { matcherOf } from '../artery/event-feed.ts';
import { clusterOf, natsOptionsOf, type NatsFlags } from '../artery/nats-flags.ts';
import { openFeed } from '../artery/open-feed.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult, OutputFormat } from '../output.ts';
import { eventLine } from '../view/event-line.ts';
import { wantsColour } from '../view/screen.ts';
import { paint } from '../view/styled-text.ts';
import { lookOn } from './look-on.ts';

/** Options of {@link eventsCommand}. */
export interface EventsCommandOptions extends NatsFlags {
  /** As `findRun` takes it; with NATS and `follow` it need not exist yet. Default: all runs of the cluster. */
  readonly run?: string;
  readonly all: boolean;
  readonly follow: boolean;
  /** The number of the first event; default 1. */
  readonly from?: number;
  /** `step.*`; default all that are not derived from others, in text. */
  readonly type?: string;
  readonly runsFolder: string;
  readonly format: OutputFormat;
}

/** Prints events until there are no more. @throws {CliError} RUN_UNKNOWN, RUN_AMBIGUOUS, EVENTS_CORRUPT, NATS_* */
export async function eventsCommand(options: EventsCommandOptions, io: CommandIo): Promise<CommandResult> {
  const { run, all, follow, from, type, runsFolder, format } = options;
  if (all === (run !== undefined)) throw runOrAll(run);
  const nats = natsOptionsOf(options, io.env);
  const cluster = nats?.cluster ?? clusterOf(options, io.env);
  const isWanted = matcherOf({ derived: format !== 'text', ...(from !== undefined && { from }), ...(type !== undefined && { type }) });
  const write = writerOf({ format, named: all, io });
  const onNotice = (text: string): void => void io.stderr.write(`geo: ${text}\n`);
  return lookOn(async (signal) => {
    const feed = await openFeed(run, { nats, cluster, runsFolder, follow, signal, onNotice });
    if (feed === undefined) return;
    try {
      for await (const event of feed.events({ follow, signal })) if (isWanted(event)) write(event);
    } finally {
      await feed.close();
    }
  });
}

function writerOf({ format, named, io }: { format: OutputFormat; named: boolean; io: CommandIo }): (event: GeodesicEvent) => void {
  if (format !== 'text') return (event) => void io.stdout.write(`${JSON.stringify(event)}\n`);
  const colour = wantsColour(io.stdout, io.env);
  return (event) => void io.stdout.write(`${paint(eventLine(event, { named }), { colour }).trimEnd()}\n`);
}

function runOrAll(run: string | undefined): CliError {
  const message = `run: expected one run, or --all for all runs of a cluster, got ${run === undefined ? 'neither' : 'both'}`;
  return new CliError({ code: 'USAGE', message, hint: 'such as geo events digits-ndm -f', exitCode: EXIT.usage });
}
