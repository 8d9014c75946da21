import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventPublisher } from '../src/index.ts';
import type { EventPublisherOptions, NumberedEvent } from '../src/index.ts';
import { EventFile } from './event-file.ts';
import { FaultyBus } from './faulty-bus.ts';
import type { Fate } from './faulty-bus.ts';
import { at, committed, evaluated, own, paused, place, projected, storageFailed } from './sample-events.ts';

let bus: FaultyBus;
const open = new Set<EventPublisher>();

beforeEach(() => {
  vi.useFakeTimers();
  bus = new FaultyBus();
});

afterEach(async () => {
  await Promise.all([...open].map((publisher) => publisher.close()));
  open.clear();
  vi.useRealTimers();
});

function begin(file: EventFile, options: Partial<EventPublisherOptions> = {}): EventPublisher {
  const watch = (from: number, signal: AbortSignal): AsyncIterable<NumberedEvent> => file.watch(from, signal);
  const publisher = new EventPublisher({ ...place, bus, watch, end: () => file.end, ...options });
  open.add(publisher);
  publisher.start();
  return publisher;
}

/** Lets everything happen that needs no time to pass. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

async function untilDrained(publisher: () => EventPublisher): Promise<void> {
  for (let waits = 0; waits < 300 && !publisher().status.isDrained; waits++) await vi.advanceTimersByTimeAsync(5000);
  expect(publisher().status.isDrained).toBe(true);
}

describe('EventPublisher', () => {
  it('publishes every event and what is derived from it, in order, as they come, and ends with the watch', async () => {
    const events = [paused(1), storageFailed(2), committed(3)];
    const file = new EventFile(events.slice(0, 2));
    const publisher = begin(file);
    await settle();
    expect(bus.stored).toEqual(projected(events.slice(0, 2)));
    expect(publisher.status).toMatchObject({ published: 3, lastSequence: 2, behind: 0, isDrained: false, isInTrouble: false });
    file.append(events[2]);
    await settle();
    expect(bus.stored).toEqual(projected(events));
    const drained = publisher.drained(1000);
    file.close();
    expect(await drained).toBe(true);
    expect(publisher.status).toEqual({
      published: 5,
      retries: 0,
      oversized: 0,
      lastSequence: 3,
      behind: 0,
      isInTrouble: false,
      isDrained: true,
    });
  });

  it('has one publication under way at a time', async () => {
    bus.isSilent = true;
    const publisher = begin(new EventFile([paused(1), paused(2)]));
    await settle();
    expect(bus.asked).toEqual([own(paused(1)).id]);
    expect(publisher.status).toMatchObject({ lastSequence: 0, behind: 2 });
    await publisher.close();
    expect(await publisher.drained(1000)).toBe(false);
  });

  it('stores every event once and in order, whatever fails, is lost or is started anew', async () => {
    const kinds = [paused, committed, storageFailed];
    const fate = fc.constantFrom<Fate>('ok', 'ok', 'refused', 'answer-lost', 'end-lost', 'died-before', 'died-after');
    const run = async (choice: readonly number[], fates: readonly Fate[]): Promise<void> => {
      const events = choice.map((kind, index) => kinds[kind](index + 1));
      const file = new EventFile(events).close();
      bus = new FaultyBus();
      bus.fates = [...fates];
      let publisher = begin(file);
      bus.onDeath = () => {
        void publisher.close();
        publisher = begin(file);
      };
      await untilDrained(() => publisher);
      expect(bus.stored.map(({ id }) => id)).toEqual(projected(events).map(({ id }) => id));
    };
    const cases = [fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 8 }), fc.array(fate, { maxLength: 30 })] as const;
    await fc.assert(fc.asyncProperty(...cases, run), { numRuns: 150, seed: 7 });
  });

  it('goes on behind what is stored when it is started anew, whatever stands behind that', async () => {
    const events = [paused(1), paused(2), storageFailed(3), paused(4)];
    bus.stored = [...projected(events.slice(0, 2)), own(events[2]), evaluated(1), own(paused(9), 'r2')];
    const before = bus.stored.length;
    const file = new EventFile(events).close();
    const publisher = begin(file);
    await untilDrained(() => publisher);
    expect(bus.asked).toEqual([`${own(events[2]).id}/alert`, own(events[3]).id]);
    expect(bus.stored).toHaveLength(before + 2);
    expect(file.watched).toEqual([3, 3]);
  });

  it('publishes what the bus has not when the file was written anew behind some event', async () => {
    const old = [paused(1), storageFailed(2), paused(3), committed(4)];
    const anew = [paused(1), storageFailed(2), paused(3, 'other'), storageFailed(4), paused(5)];
    bus.stored = projected(old);
    const publisher = begin(new EventFile(anew).close());
    await untilDrained(() => publisher);
    expect(bus.stored).toEqual([...projected(old), ...projected(anew.slice(2))]);
  });

  it('does not wait for a file that was written anew to become as long as it was', async () => {
    const old = [paused(1), paused(2), paused(3)];
    bus.stored = projected(old);
    const file = new EventFile([paused(1), paused(2, 'other')]);
    const publisher = begin(file);
    await settle();
    expect(bus.stored).toEqual(projected([...old, paused(2, 'other')]));
    expect(publisher.status).toMatchObject({ lastSequence: 2, published: 1 });
    file.append(paused(3, 'other'));
    bus.fates = ['answer-lost'];
    file.close();
    await untilDrained(() => publisher);
    expect(bus.stored).toEqual(projected([...old, paused(2, 'other'), paused(3, 'other')]));
  });

  it('notices at a new connection that the server has lost its end', async () => {
    const events = [paused(1), storageFailed(2), paused(3)];
    const publisher = begin(new EventFile(events));
    await settle();
    bus.stored = bus.stored.slice(0, 1);
    publisher.resync();
    await settle();
    expect(bus.stored).toEqual(projected(events));
    expect(publisher.status).toMatchObject({ published: 7, retries: 0, lastSequence: 3 });
  });

  it('says once that the bus is away and once that it is back, and tries again at once when told so', async () => {
    const told: (string | undefined)[] = [];
    const file = new EventFile([paused(1)]);
    bus.fates = Array.from({ length: 20 }, () => 'refused');
    const publisher = begin(file, { onTrouble: (error) => told.push(error && (error as { code?: string }).code) });
    await vi.advanceTimersByTimeAsync(10_000);
    expect(told).toEqual(['UNREACHABLE']);
    expect(publisher.status).toMatchObject({ isInTrouble: true, behind: 1 });
    bus.fates = [];
    publisher.resync();
    await settle();
    expect(told).toEqual(['UNREACHABLE', undefined]);
    expect(publisher.status).toMatchObject({ isInTrouble: false, behind: 0, published: 1 });
  });

  it('counts publications that were tried again, and is out of trouble when one was stored though its answer was lost', async () => {
    bus.fates = ['ok', 'refused', 'ok', 'answer-lost'];
    const publisher = begin(new EventFile([paused(1)]));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(bus.stored).toEqual(projected([paused(1)]));
    expect(publisher.status).toMatchObject({ retries: 2, published: 0, lastSequence: 1, isInTrouble: false });
  });

  it('tries every 30 s what only a person can mend, and tells of it once', async () => {
    const told: (Error | undefined)[] = [];
    bus.refusal = 'PERMISSION';
    const publisher = begin(new EventFile([paused(1)]).close(), { onTrouble: (error) => told.push(error) });
    await vi.advanceTimersByTimeAsync(89_000);
    expect(bus.asked).toHaveLength(3);
    expect(told).toMatchObject([{ code: 'PERMISSION' }]);
    bus.refusal = undefined;
    await vi.advanceTimersByTimeAsync(1000);
    expect(bus.stored).toHaveLength(1);
    expect(told).toMatchObject([{ code: 'PERMISSION' }, undefined]);
    expect(await publisher.drained(0)).toBe(true);
  });

  it('tries again at once when it is told so while it tells of a trouble', async () => {
    const told: (Error | undefined)[] = [];
    bus.refusal = 'PERMISSION';
    const publisher: EventPublisher = begin(new EventFile([paused(1)]).close(), {
      onTrouble: (error) => {
        told.push(error);
        bus.refusal = undefined;
        publisher.resync();
      },
    });
    await settle();
    expect(told).toMatchObject([{ code: 'PERMISSION' }, undefined]);
    expect(publisher.status).toMatchObject({ isDrained: true, published: 1, retries: 1 });
  });

  it('publishes an event without its data when they are too large for the server, or for the limit that it was given', async () => {
    const large: NumberedEvent = { sequence: 1, type: 'curvature.refreshed', at: at(1), data: { step: 1, layers: ['x'.repeat(2000)] } };
    const bytes = Buffer.byteLength(JSON.stringify(own(large)));
    for (const maxPayload of [Infinity, 1000]) {
      bus = new FaultyBus();
      bus.limit = maxPayload === Infinity ? 1000 : Infinity;
      const publisher = begin(new EventFile([large, paused(2)]).close(), { maxPayload });
      await untilDrained(() => publisher);
      expect(bus.stored).toEqual([{ ...own(large), data: { truncated: true, bytes } }, own(paused(2))]);
      expect(publisher.status).toMatchObject({ oversized: 1, published: 2, retries: 0 });
    }
  });

  it('goes on behind an event whose data were too large', async () => {
    bus.stored = [{ ...own(paused(1)), data: { truncated: true, bytes: 1 } }];
    const publisher = begin(new EventFile([paused(1), paused(2)]).close());
    await untilDrained(() => publisher);
    expect(bus.asked).toEqual([own(paused(2)).id]);
  });

  it('is not drained before its time is over while something is not stored', async () => {
    bus.refusal = 'UNREACHABLE';
    const publisher = begin(new EventFile([paused(1)]).close());
    const drained = publisher.drained(1000);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await drained).toBe(false);
  });

  it('tells of a file that cannot be read, and tries again', async () => {
    const told: (string | undefined)[] = [];
    let isBroken = true;
    const file = new EventFile([paused(1)]).close();
    async function* watch(from: number, signal: AbortSignal): AsyncGenerator<NumberedEvent> {
      yield* file.watch(from, signal);
      if (isBroken) throw new Error('the file was changed');
    }
    const publisher = begin(file, { watch, onTrouble: (error) => told.push(error?.message) });
    await vi.advanceTimersByTimeAsync(100_000);
    expect(told).toEqual(['the file was changed']);
    isBroken = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(told).toEqual(['the file was changed', undefined]);
    expect(publisher.status).toMatchObject({ isDrained: true, published: 1 });
  });

  it('leaves no timer and no watch behind when it is closed', async () => {
    bus.refusal = 'UNREACHABLE';
    const publisher = begin(new EventFile([paused(1)]));
    await settle();
    await publisher.close();
    expect(vi.getTimerCount()).toBe(0);
    const asked = bus.asked.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bus.asked).toHaveLength(asked);
  });
});
