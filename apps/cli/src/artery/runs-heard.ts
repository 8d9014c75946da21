/**
 * The runs of a cluster by what NATS last heard of them, for a list.
 */
import { connectNats, NatsBus, type GeodesicEvent, type NatsOptions } from '@geodesic/events';
import { readNumber, readObject, readText } from '../view/event-fields.ts';
import { typeOf } from './event-feed.ts';
import { asNatsFailure } from './nats-failure.ts';

/** A run that NATS has events of. */
export interface HeardRun {
  readonly runId: string;
  /** How it ended, or `heard` for one that may be under way. */
  readonly state: string;
  /** The last step that the last event names; 0 when it names none. */
  readonly step: number;
  /** Of the whole run; 0 when the last event does not say. */
  readonly steps: number;
}

/** Reads the last event of every run, oldest first. @throws {CliError} NATS_* */
export async function runsHeard(options: NatsOptions): Promise<readonly HeardRun[]> {
  try {
    const client = await connectNats(options, { name: 'geo' });
    try {
      const bus = new NatsBus(client);
      const heard: HeardRun[] = [];
      for (const run of await bus.runs()) heard.push(heardOf(run, await bus.lastOf(run)));
      return heard;
    } finally {
      await client.close();
    }
  } catch (error) {
    throw asNatsFailure(error);
  }
}

function heardOf(runId: string, last: GeodesicEvent | undefined): HeardRun {
  const data = last?.data ?? {};
  const isOver = last !== undefined && typeOf(last) === 'run.finished';
  const result = readObject(data, 'result');
  const state = isOver ? readText(data, 'state') : 'heard';
  const step = isOver ? readNumber(result, 'steps') : readNumber(data, 'step');
  return { runId, state, step, steps: readNumber(data, 'steps') || (state === 'completed' ? step : 0) };
}
