/** The events of a run, wherever they come from: in order, each once, to the end of the run. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EventsError, MemoryBus, projectEvent, type GeodesicEvent, type NumberedEvent } from '@geodesic/events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { matcherOf, numberOf, typeOf } from '../src/artery/event-feed.ts';
import { folderFeed } from '../src/artery/folder-feed.ts';
import { natsFeed, runInNats } from '../src/artery/nats-feed.ts';

const run = 'digits-20260101-120000-ab12';
const place = { cluster: 'main', run };
const at = '2026-01-01T12:00:00.000Z';
const lines: readonly NumberedEvent[] = [
  { sequence: 1, type: 'run.accepted', at, data: { runId: run, directory: '/runs/x' } },
  { sequence: 2, type: 'step.committed', at, data: { step: 1, steps: 2, measurements: { trainLoss: 2.5 }, workers: 1 } },
  { sequence: 3, type: 'run.finished', at, data: { state: 'failed', error: { code: 'DIVERGED', message: 'no', hint: '' } } },
];
const events = lines.flatMap((line) => projectEvent(line, place));
const patient = { follow: true, signal: new AbortController().signal, onNotice: () => undefined };

async function collected(source: AsyncIterable<GeodesicEvent>): Promise<GeodesicEvent[]> {
  const all: GeodesicEvent[] = [];
  for await (const event of source) all.push(event);
  return all;
}

function feedOf(bus: MemoryBus): ReturnType<typeof natsFeed> {
  return natsFeed({ bus, ...place, onClose: async () => undefined });
}

describe('natsFeed', () => {
  it('gives each id once and ends after the end of the run, with what follows from it', async () => {
    const bus = new MemoryBus();
    const following = collected(feedOf(bus).events(patient));
    for (const event of [...events, events[0]]) await bus.publish(event);
    const ids = (await following).map(({ id }) => id);
    expect(ids).toEqual(events.map(({ id }) => id));
    expect(events.map(typeOf)).toContain('alert');
  });

  it('goes on after an end when the run has been taken up again', async () => {
    const bus = new MemoryBus();
    const more: readonly NumberedEvent[] = [
      { sequence: 4, type: 'run.resumed', at, data: { term: 2, step: 1, ahead: 0 } },
      { sequence: 5, type: 'run.finished', at, data: { state: 'completed', result: { steps: 2 } } },
    ];
    for (const event of [...events, ...more.flatMap((line) => projectEvent(line, place))]) await bus.publish(event);
    expect((await collected(feedOf(bus).events(patient))).at(-1)?.runsequence).toBe(5);
  });

  it('ends with what there is when nothing is to be followed', async () => {
    const bus = new MemoryBus();
    await bus.publish(events[0]);
    expect(await collected(feedOf(bus).events({ ...patient, follow: false }))).toEqual([events[0]]);
  });
});

describe('runInNats', () => {
  it('waits for a run that fits, through an outage, and says so once', async () => {
    const notices: string[] = [];
    let asked = 0;
    const runs = (): Promise<readonly string[]> => {
      asked++;
      if (asked === 1) return Promise.resolve([]);
      const away = { what: 'NATS', expected: 'an answer', got: 'none', hint: '' };
      return asked === 2 ? Promise.reject(new EventsError('UNREACHABLE', away)) : Promise.resolve([run]);
    };
    expect(await runInNats({ runs }, 'digits', { ...patient, onNotice: (text) => notices.push(text) })).toBe(run);
    expect(notices).toEqual(['waiting for a run digits']);
  });

  it('takes the newest of a name, and refuses a beginning of several when nothing is to be followed', async () => {
    const bus = new MemoryBus();
    for (const id of ['a-20260101-120000-ab12', 'a-20260102-120000-ab12', 'ab'])
      for (const event of projectEvent(lines[0], { ...place, run: id })) await bus.publish(event);
    expect(await runInNats(bus, 'a', { ...patient, follow: false })).toBe('a-20260102-120000-ab12');
    await expect(runInNats(bus, 'a-2026', { ...patient, follow: false })).rejects.toMatchObject({ code: 'RUN_AMBIGUOUS', exitCode: 2 });
    expect(await runInNats(bus, 'b', { ...patient, follow: false })).toBeUndefined();
  });
});

describe('folderFeed', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'geo-feed-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('gives the same events as NATS, and ends when a run that is over is followed', async () => {
    await mkdir(join(folder, run));
    writeFileSync(join(folder, run, 'events.ndjson'), `${lines.map((line) => JSON.stringify(line)).join('\n')}\n{"torn`);
    const feed = folderFeed({ runId: run, directory: join(folder, run) }, { cluster: 'main', onNotice: () => undefined });
    expect(await collected(feed.events({ ...patient, follow: false }))).toEqual(events);
    expect(await collected(feed.events(patient))).toEqual(events);
  });

  it('names the line that is none', async () => {
    await mkdir(join(folder, run));
    writeFileSync(join(folder, run, 'events.ndjson'), `${JSON.stringify(lines[0])}\nnonsense\n`);
    const feed = folderFeed({ runId: run, directory: join(folder, run) }, { cluster: 'main', onNotice: () => undefined });
    await expect(collected(feed.events({ ...patient, follow: false }))).rejects.toMatchObject({
      code: 'EVENTS_CORRUPT',
      message: expect.stringContaining('events.ndjson:2') as string,
    });
  });
});

describe('matcherOf', () => {
  const typesOf = (filter: Parameters<typeof matcherOf>[0]): string[] => events.filter(matcherOf(filter)).map(typeOf);

  it('leaves out what is derived unless it is wanted', () => {
    expect(typesOf({ derived: false })).toEqual(lines.map(({ type }) => type));
    expect(typesOf({ derived: true })).toEqual(events.map(typeOf));
    expect(typesOf({ derived: false, type: 'alert' })).toEqual(['alert']);
  });

  it('takes patterns of types, and numbers, which derived events share', () => {
    expect(typesOf({ derived: true, type: 'run.*' })).toEqual(['run.accepted', 'run.finished']);
    expect(typesOf({ derived: true, type: 'geodesic.step.committed' })).toEqual(['step.committed']);
    expect(typesOf({ derived: true, from: 3 })).toEqual(['run.finished', 'alert']);
    expect(numberOf(events.find((event) => typeOf(event) === 'alert')!)).toBe(3);
  });

  it('shows what others say of a run', () => {
    const foreign = { ...events[0], id: `${run}/evaluator/5/test/0123456789abcdef`, type: 'geodesic.evaluator.result' };
    const { runsequence: _, ...result } = foreign;
    expect(matcherOf({ derived: false })(result)).toBe(true);
  });
});
