/** What nats-server has of a run's events, and whether that is the whole story. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectNats, NatsBus, readNatsOptions } from '@geodesic/events';
import type { GeodesicEvent } from '@geodesic/events';
import type { RunEvent } from '@geodesic/wire';
import { expect } from 'vitest';

/** All events of a run that are stored, in the order of their storing. */
export async function storedEvents(url: string, run: string): Promise<readonly GeodesicEvent[]> {
  const client = await connectNats(readNatsOptions({ url, env: {} })!, { name: 'test' });
  try {
    const events: GeodesicEvent[] = [];
    const { signal } = new AbortController();
    for await (const { event } of new NatsBus(client).follow({ run, untilNow: true, signal })) events.push(event);
    return events;
  } finally {
    await client.close();
  }
}

/** Fails unless the server has every event of the run's file once and in order, and derived ones once. @returns how many there are */
export async function expectStoredOnce(
  url: string,
  run: string,
  directory: string,
): Promise<{ readonly own: number; readonly derived: number }> {
  const stored = await storedEvents(url, run);
  const lines = (await readFile(join(directory, 'events.ndjson'), 'utf8')).trimEnd().split('\n');
  const told = lines.map((line) => JSON.parse(line) as RunEvent);
  const own = stored.flatMap(({ runsequence, type, time, data }) =>
    runsequence === undefined ? [] : [{ sequence: runsequence, type: type.replace(/^geodesic\./, ''), at: time, data }],
  );
  expect(own).toEqual(told);
  const ids = stored.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
  return { own: own.length, derived: stored.length - own.length };
}
