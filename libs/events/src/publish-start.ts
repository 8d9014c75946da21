/**
 * Where publishing goes on. Events are published in order, so behind the last one that is stored, as long as it is the one that the run's
 * file has under its number. Where it is not, the file was written anew (its end was lost, or another host leads the run): then whatever the
 * file says and the bus has not is published, from the beginning.
 *
 * What the bus has is asked of the bus itself: ids are known to a server for 2 minutes only, and it may be away for longer.
 */
import type { EventBus } from './event-bus.ts';
import type { GeodesicEvent, NumberedEvent } from './event.ts';
import { bareType, projectEvent } from './projection.ts';
import type { EventPlace } from './projection.ts';

/** What the search asks. */
export interface PublishSource extends EventPlace {
  readonly bus: EventBus;
  /** The events of the run's file from a number on; see {@link EventPublisher}. */
  readonly watch: (fromSequence: number, signal: AbortSignal) => AsyncIterable<NumberedEvent>;
  /** The number of the last event in the file; without it the file is taken to be as long as what is stored. */
  readonly end?: () => number;
}

/** From where to watch, and the ids that are stored from there on. */
export interface PublishStart {
  readonly from: number;
  readonly stored: ReadonlySet<string>;
}

/** Asks the bus. @throws {EventsError} as the bus does */
export async function findPublishStart(source: PublishSource, signal: AbortSignal): Promise<PublishStart> {
  const { bus, run, end = () => Infinity } = source;
  const last = await bus.lastOf(run);
  if (last?.runsequence === undefined) return { from: 1, stored: new Set() };
  const projected = last.runsequence > end() ? [] : await projectionAt(source, last.runsequence, signal);
  if (projected[0]?.id !== last.id) return { from: 1, stored: await idsOf(bus.follow({ run, untilNow: true, signal })) };
  const stored = new Set([last.id]);
  for (const type of new Set(projected.slice(1).map((event) => bareType(event.type))))
    for (const id of await idsOf(bus.follow({ run, type, untilNow: true, signal }))) stored.add(id);
  return { from: last.runsequence, stored };
}

/** What is published of one event of the file; nothing where the file ends before it. */
async function projectionAt(source: PublishSource, sequence: number, signal: AbortSignal): Promise<readonly GeodesicEvent[]> {
  for await (const event of source.watch(sequence, signal)) return projectEvent(event, source);
  return [];
}

async function idsOf(events: ReturnType<EventBus['follow']>): Promise<Set<string>> {
  const ids = new Set<string>();
  for await (const { event } of events) ids.add(event.id);
  return ids;
}
