/** What followers of a run find in NATS, for tests with a real server. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectNats, NatsBus, NatsObjects, readNatsOptions } from '@geodesic/events';
import type { GeodesicEvent, NatsClient, NumberedEvent } from '@geodesic/events';
import { expect } from 'vitest';

/** Connects as a follower. */
export function follower(url: string): Promise<NatsClient> {
  return connectNats(readNatsOptions({ url, env: {} })!, { name: 'test' });
}

/** All events of a run that are stored, in the order of their storing. */
export async function storedEvents(client: NatsClient, run: string): Promise<readonly GeodesicEvent[]> {
  const events: GeodesicEvent[] = [];
  const { signal } = new AbortController();
  for await (const { event } of new NatsBus(client).follow({ run, untilNow: true, signal })) events.push(event);
  return events;
}

/** The objects of a run. */
export function objectsOf(client: NatsClient, run: string): NatsObjects {
  return new NatsObjects(client, run);
}

/** The events in a run's folder. */
export async function eventsInFile(directory: string): Promise<readonly NumberedEvent[]> {
  const text = await readFile(join(directory, 'events.ndjson'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as NumberedEvent);
}

/** Fails unless NATS has every event of the file, once and in order, and derived ones once. @returns how many are stored */
export async function expectWholeStory(client: NatsClient, run: string, directory: string): Promise<number> {
  const stored = await storedEvents(client, run);
  const file = await eventsInFile(directory);
  const own = stored.filter(({ runsequence }) => runsequence !== undefined);
  expect(own.map(({ runsequence }) => runsequence)).toEqual(file.map(({ sequence }) => sequence));
  expect(own.map(({ type, time, data }) => ({ type, time, data }))).toEqual(
    file.map(({ type, at, data }) => ({ type: `geodesic.${type}`, time: at, data })),
  );
  const ids = stored.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
  return stored.length;
}
