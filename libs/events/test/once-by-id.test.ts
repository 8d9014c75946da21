import { describe, expect, it } from 'vitest';
import { onceById } from '../src/index.ts';
import type { GeodesicEvent, StoredEvent } from '../src/index.ts';
import { own, paused } from './sample-events.ts';

async function* listed<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

const events = (...sequences: number[]): GeodesicEvent[] => sequences.map((sequence) => own(paused(sequence)));

describe('onceById', () => {
  it('passes each event once, in order', async () => {
    expect(await collect(onceById(listed(events(1, 2, 1, 3, 3, 2))))).toEqual(events(1, 2, 3));
  });

  it('takes events with their places, and passes the first place', async () => {
    const stored: StoredEvent[] = events(1, 2, 1).map((event, index) => ({ event, position: index + 1 }));
    expect((await collect(onceById(listed(stored)))).map(({ position }) => position)).toEqual([1, 2]);
  });

  it('remembers the newest ids only, also of what it dropped', async () => {
    expect(await collect(onceById(listed(events(1, 2, 1, 3, 1, 2)), { remember: 2 }))).toEqual(events(1, 2, 3, 2));
  });
});
