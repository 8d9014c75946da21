import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryBus, projectEvent } from '@geodesic/events';
import type { NumberedEvent } from '@geodesic/events';
import { RunFolder } from '@geodesic/run-store';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mergedEvents, MirroredEvents } from '../../src/leadership/mirrored-events.ts';

/** Events `from` to `to` as one leader tells them. */
function told(by: string, from: number, to: number): NumberedEvent[] {
  return Array.from({ length: to - from + 1 }, (_, i) => {
    const step = from + i;
    const data = { step, by, steps: 9, measurements: { trainLoss: 1 / step } };
    return { sequence: step, type: 'step.committed', at: `2026-01-01T00:00:0${step % 10}.000Z`, data };
  });
}

const numbers = (events: readonly NumberedEvent[]): string =>
  events.map(({ type, sequence, data }) => (type === 'event.missing' ? `?${sequence}` : `${String(data['by'])}${sequence}`)).join(' ');

const bySequence = (events: readonly NumberedEvent[]): Map<number, NumberedEvent> =>
  new Map(events.map((event) => [event.sequence, event]));

describe('mergedEvents', () => {
  it.each([
    ['nothing is told', told('a', 1, 3), [], 'a1 a2 a3'],
    ['nothing is here', [], told('b', 1, 3), 'b1 b2 b3'],
    ['more is told', told('a', 1, 2), told('b', 1, 4), 'b1 b2 b3 b4'],
    ['the oldest are gone', told('a', 1, 3), told('b', 3, 5), 'a1 a2 b3 b4 b5'],
    ['some are nowhere', told('a', 1, 3), told('b', 5, 6), 'a1 a2 a3 ?4 b5 b6'],
    ['the bus lacks the last ones', told('a', 1, 4), told('a', 1, 2), 'a1 a2 a3 a4'],
  ])('where %s', (_case, here, there, expected) => {
    expect(numbers(mergedEvents(here, bySequence(there)))).toBe(expected);
  });

  it('drops what this coordinator told in vain when another went on', () => {
    const other = told('b', 1, 3).map((event, i) => (i < 2 ? event : { ...event, at: '2027-01-01T00:00:00.000Z' }));
    expect(numbers(mergedEvents(told('a', 1, 4), bySequence(other)))).toBe('b1 b2 b3');
  });
});

describe('MirroredEvents', () => {
  let path: string;
  let bus: MemoryBus;
  let events: MirroredEvents;
  const { signal } = new AbortController();

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'geodesic-mirrored-'));
    bus = new MemoryBus();
    events = new MirroredEvents(new RunFolder('r', path), bus);
  });

  afterEach(() => rm(path, { recursive: true, force: true }));

  async function publish(...published: readonly NumberedEvent[]): Promise<void> {
    for (const event of published.flatMap((one) => projectEvent(one, { cluster: 'main', run: 'r' }))) await bus.publish(event);
  }

  async function linesIn(name: string): Promise<NumberedEvent[]> {
    const text = await readFile(join(path, name), 'utf8');
    return text.trimEnd().split('\n').map((line) => JSON.parse(line) as NumberedEvent); // prettier-ignore
  }

  it('writes events and measurements as they were told, and goes on with what comes', async () => {
    const evaluation = { sequence: 4, type: 'evaluation', at: '2026-01-01T00:00:04.000Z', data: { step: 3, split: 'test', loss: 2 } };
    await publish(...told('a', 1, 3));
    await events.follow({ untilNow: true, signal });
    expect([events.last, numbers(await linesIn('events.ndjson'))]).toEqual([3, 'a1 a2 a3']);
    await publish(evaluation, ...told('a', 5, 6));
    await events.follow({ untilNow: true, signal });
    expect((await linesIn('events.ndjson')).slice(3)).toEqual([evaluation, ...told('a', 5, 6)]);
    const losses = (steps: number[]): object[] => steps.map((step) => ({ step, trainLoss: 1 / step }));
    expect(await linesIn('measurements.ndjson')).toEqual([...losses([1, 2, 3]), evaluation.data, ...losses([5, 6])]);
  });

  it('follows until it is told to end, and takes each number once', async () => {
    const following = new AbortController();
    const over = events.follow({ untilNow: false, signal: following.signal });
    await publish(...told('a', 1, 2), ...told('b', 2, 3));
    await vi.waitFor(() => expect(events.last).toBe(3));
    following.abort();
    await over;
    expect(numbers(await linesIn('events.ndjson'))).toBe('a1 a2 b3');
  });

  it('keeps the numbers where events are missing, and drops a torn end', async () => {
    const whole = told('a', 1, 2).map((event) => `${JSON.stringify(event)}\n`).join(''); // prettier-ignore
    await writeFile(join(path, 'events.ndjson'), `${whole}{"sequence":3,"ty`);
    await events.follow({ untilNow: true, signal });
    expect(await readFile(join(path, 'events.ndjson'), 'utf8')).toBe(whole);
    await publish(...told('b', 4, 5));
    await events.follow({ untilNow: true, signal });
    expect(numbers(await linesIn('events.ndjson'))).toBe('a1 a2 ?3 b4 b5');
  });
});
