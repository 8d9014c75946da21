/** What every {@link EventBus} does, as tests: the implementations must not be told apart. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventBus, FollowOptions, GeodesicEvent, StoredEvent } from '../src/index.ts';
import { committed, evaluated, own, paused, projected, storageFailed } from './sample-events.ts';

/** A fresh bus with nothing in it. */
export interface BusUnderTest {
  readonly bus: EventBus;
  dispose(): Promise<void>;
}

/** Declares the tests of a bus. @param factory makes one for each test */
export function describeBus(name: string, factory: () => Promise<BusUnderTest>): void {
  describe(`${name}: a bus`, () => {
    let bus: EventBus;
    let dispose: () => Promise<void>;
    let leave: AbortController;
    const publish = async (...events: readonly GeodesicEvent[]): Promise<void> => {
      for (const event of events) await bus.publish(event);
    };
    const follow = (options: Omit<FollowOptions, 'signal'> = {}): AsyncIterator<StoredEvent> =>
      bus.follow({ ...options, signal: leave.signal })[Symbol.asyncIterator]();
    const stored = async (options: Omit<FollowOptions, 'signal' | 'untilNow'> = {}): Promise<StoredEvent[]> => {
      const events: StoredEvent[] = [];
      for await (const event of bus.follow({ ...options, untilNow: true, signal: leave.signal })) events.push(event);
      return events;
    };

    beforeEach(async () => {
      const made = await factory();
      bus = made.bus;
      dispose = () => made.dispose();
      leave = new AbortController();
    });

    afterEach(async () => {
      leave.abort();
      await dispose();
    });

    it('gives events in the order in which they were stored, at ascending places', async () => {
      const events = projected([paused(1), storageFailed(2), committed(3)]);
      await publish(...events);
      const given = await stored({ run: 'r1' });
      expect(given.map(({ event }) => event)).toEqual(events);
      const places = given.map(({ position }) => position);
      expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
      expect(places[0]).toBeGreaterThan(0);
    });

    it('stores an id once', async () => {
      const [first, second] = projected([paused(1), paused(2)]);
      await publish(first, first, second, first);
      expect(idsOf(await stored())).toEqual([first.id, second.id]);
    });

    it('knows the last event of each run, whatever others, evaluators and derived events stand behind it', async () => {
      expect(await bus.lastOf('r1')).toBeUndefined();
      await publish(own(paused(1)), own(paused(1), 'r2'), own(paused(2)), evaluated(2), own(paused(2), 'r2'), evaluated(9, 'r3'));
      expect(await bus.lastOf('r1')).toEqual(own(paused(2)));
      await publish(...projected([storageFailed(3)]), evaluated(3), evaluated(4), own(paused(3), 'r2'));
      expect(await bus.lastOf('r1')).toEqual(own(storageFailed(3)));
      expect(await bus.lastOf('r2')).toEqual(own(paused(3), 'r2'));
      expect(await bus.lastOf('r3')).toBeUndefined();
      expect(await bus.lastOf('r')).toBeUndefined();
    });

    it('knows the event that was stored last when the numbers began anew', async () => {
      await publish(own(paused(1)), own(committed(2)), own(paused(1, 'other')));
      expect(await bus.lastOf('r1')).toEqual(own(paused(1, 'other')));
      await publish(evaluated(1));
      expect(await bus.lastOf('r1')).toEqual(own(paused(1, 'other')));
    });

    it('lists the runs in the order of their beginnings', async () => {
      expect(await bus.runs()).toEqual([]);
      const accepted = (run: string): GeodesicEvent =>
        own({ ...paused(1), type: 'run.accepted', data: { runId: run, directory: `/runs/${run}` } }, run);
      await publish(accepted('r2'), own(paused(2), 'r2'), accepted('r1'), own(paused(3), 'r2'), own(paused(2), 'r1'));
      expect(await bus.runs()).toEqual(['r2', 'r1']);
    });

    it('gives one run alone, also when the name of another begins with its name', async () => {
      await publish(own(paused(1)), own(paused(1), 'r1-b'), own(paused(2)), own(paused(2), 'r10'));
      expect(idsOf(await stored({ run: 'r1' }))).toEqual([own(paused(1)).id, own(paused(2)).id]);
      expect(await stored()).toHaveLength(4);
    });

    it('gives one type alone, also when the name of another begins with its name', async () => {
      await publish(...projected([storageFailed(1), committed(2)]), evaluated(1));
      expect((await stored({ run: 'r1', type: 'storage.failed' })).map(({ event }) => event.id)).toEqual([own(storageFailed(1)).id]);
      expect((await stored({ run: 'r1', type: 'alert' })).map(({ event }) => event.data['of'])).toEqual([own(storageFailed(1)).id]);
      expect(idsOf(await stored({ run: 'r1', type: 'evaluator.result' }))).toEqual([evaluated(1).id]);
      expect(await stored({ run: 'r1', type: 'storage' })).toEqual([]);
    });

    it('goes on behind a place', async () => {
      await publish(...projected([paused(1), paused(2), paused(3)]));
      const [, second, third] = await stored({ run: 'r1' });
      expect(await stored({ run: 'r1', after: second.position })).toEqual([third]);
      expect(await stored({ after: second.position })).toEqual([third]);
      expect(await stored({ run: 'r1', after: third.position })).toEqual([]);
    });

    it('ends at what was there at the beginning when asked to, at once when nothing was', async () => {
      expect(await stored()).toEqual([]);
      expect(await stored({ run: 'r1' })).toEqual([]);
      await publish(own(paused(1)), own(paused(2)));
      const events = follow({ run: 'r1', untilNow: true });
      expect((await events.next()).value).toMatchObject({ event: own(paused(1)) });
      await publish(own(paused(3)));
      expect((await events.next()).value).toMatchObject({ event: own(paused(2)) });
      expect((await events.next()).done).toBe(true);
    });

    it('gives what is published while it is followed', async () => {
      const events = follow({ run: 'r1' });
      const first = events.next();
      await publish(own(paused(1), 'r2'), own(paused(1)));
      expect((await first).value).toMatchObject({ event: own(paused(1)) });
      const second = events.next();
      await publish(own(paused(2)));
      expect((await second).value).toMatchObject({ event: own(paused(2)) });
    });

    it('serves two followers at once, each in its own time', async () => {
      const all = projected([paused(1), paused(2), paused(3)]);
      const early = follow();
      const seen = [early.next()];
      await publish(all[0], all[1]);
      const late = follow({ run: 'r1' });
      const given = [await late.next(), await late.next()];
      await publish(all[2]);
      given.push(await late.next());
      seen.push(early.next(), early.next());
      const ids = (results: readonly IteratorResult<StoredEvent>[]): string[] =>
        results.map(({ value }) => (value as StoredEvent).event.id);
      expect(ids(await Promise.all(seen))).toEqual(all.map(({ id }) => id));
      expect(ids(given)).toEqual(all.map(({ id }) => id));
    });

    it('ends quietly when the follower leaves, before, while it waits, and between two events', async () => {
      await publish(own(paused(1)), own(paused(2)));
      const waiting = follow({ run: 'r1', type: 'alert' });
      const next = waiting.next();
      const between = follow({ run: 'r1' });
      await between.next();
      leave.abort();
      expect((await next).done).toBe(true);
      expect((await between.next()).done).toBe(true);
      expect((await follow().next()).done).toBe(true);
    });

    it('refuses a type without a run', async () => {
      await expect(follow({ type: 'alert' }).next()).rejects.toMatchObject({ name: 'EventsError', code: 'OPTIONS' });
    });
  });
}

function idsOf(events: readonly StoredEvent[]): string[] {
  return events.map(({ event }) => event.id);
}
