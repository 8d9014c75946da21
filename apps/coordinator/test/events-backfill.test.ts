import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogEntry } from '@geodesic/cluster';
import { EventsError, MemoryBus, projectEvent } from '@geodesic/events';
import type { EventsErrorCode, GeodesicEvent, NumberedEvent } from '@geodesic/events';
import { CommitLog, RunFolder } from '@geodesic/run-store';
import { createLogger } from '@geodesic/telemetry';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deferred } from '../src/deferred.ts';
import { EventsBackfill } from '../src/events-backfill.ts';
import type { EventsBackfillOptions } from '../src/events-backfill.ts';
import { readEventsMarker, removeEventsMarker, writeEventsMarker } from '../src/events-marker.ts';

const cluster = 'main';
const record: LogEntry = {
  type: 'run',
  run: 'r',
  specDigest: 'sha256:1',
  bundleDigest: 'sha256:2',
  chain: 'c',
  checksum: 's',
  seed: 1,
  engine: 'onnx-cpu',
};

let runs: string;
let bus: MemoryBus;
let lines: string[];

beforeEach(async () => {
  runs = await mkdtemp(join(tmpdir(), 'geodesic-backfill-'));
  bus = new MemoryBus();
  lines = [];
});
afterEach(() => rm(runs, { recursive: true, force: true }));

function story(count: number, said = ''): readonly NumberedEvent[] {
  return Array.from({ length: count }, (_, i) => {
    const isLast = i === count - 1;
    const data = isLast ? { state: 'stopped', said } : { step: i, reason: said };
    return { sequence: i + 1, type: isLast ? 'run.finished' : 'run.paused', at: '2026-01-01T00:00:00.000Z', data };
  });
}

/** The folder of a run whose coordinator has died. */
async function leave(run: string, events: readonly NumberedEvent[], marker = cluster): Promise<RunFolder> {
  const folder = new RunFolder(run, join(runs, run));
  await mkdir(folder.path);
  await writeFile(folder.file('events.ndjson'), events.map((event) => `${JSON.stringify(event)}\n`).join(''));
  await writeEventsMarker(folder, { cluster: marker, stored: 0 });
  return folder;
}

/** A log that ends with this state, or has no end. */
async function writeLog(folder: RunFolder, state?: 'stopped'): Promise<void> {
  const log = await CommitLog.create(folder);
  await log.append(record);
  if (state) await log.append({ type: 'finished', state, step: 0, version: 0, chain: 'c', paramsDigest: 'sha256:3' });
  await log.close();
}

async function publish(run: string, events: readonly NumberedEvent[]): Promise<void> {
  for (const event of events) for (const projected of projectEvent(event, { cluster, run })) await bus.publish(projected);
}

function backfill(options: Partial<EventsBackfillOptions> = {}): EventsBackfill {
  const logger = createLogger({ component: 'test', write: (line) => lines.push(line) });
  return new EventsBackfill({ runs, cluster, bus, ha: false, line: { onChange: () => () => undefined }, logger, ...options });
}

async function stored(run: string): Promise<readonly (number | undefined)[]> {
  const found: GeodesicEvent[] = [];
  for await (const { event } of bus.follow({ run, untilNow: true, signal: new AbortController().signal })) found.push(event);
  return found.map(({ runsequence }) => runsequence);
}

function fails(code: EventsErrorCode): () => Promise<never> {
  return () => Promise.reject(new EventsError(code, { what: 'gd.ev', expected: 'to publish', got: 'none', hint: '' }));
}

describe('EventsBackfill', () => {
  it('brings the rest of every run that is marked, in order, and takes the markers away', async () => {
    const events = story(6);
    const folders = [await leave('a', events), await leave('b', events), await leave('c', events, 'other')];
    await appendFile(folders[1].file('events.ndjson'), '{"sequence":7,"ty'); // torn
    const plain = await leave('d', events);
    await removeEventsMarker(plain);
    await publish('a', events.slice(0, 4));
    await backfill().run();
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(stored))).toEqual([[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], [], []]);
    const markers = await Promise.all(folders.map(readEventsMarker));
    expect(markers.map((marker) => marker?.cluster)).toEqual([undefined, undefined, 'other']);
    await backfill().run();
    await backfill({ runs: join(runs, 'missing') }).run();
    expect(lines.map((line) => (JSON.parse(line) as { published?: number }).published)).toEqual([2, 6]);
  });

  it('leaves a run alone that is led, here or in another process', async () => {
    const leader = { address: 'a:1', pid: process.ppid, host: hostname(), leader: 'l', term: 1, startedAt: '' };
    const led = await leave('a', story(3));
    await writeFile(led.file('coordinator.json'), JSON.stringify(leader));
    const own = await leave('b', story(3));
    const work = backfill();
    work.leave('b');
    await work.run();
    expect(await Promise.all(['a', 'b'].map(stored))).toEqual([[], []]);
    expect([await readEventsMarker(led), await readEventsMarker(own)]).not.toContain(undefined);
  });

  it('lets go of a run that is taken up here, and goes on with the next', async () => {
    const taken = await leave('a', story(3));
    await leave('b', story(3));
    const never = new Deferred<undefined>();
    const asked = vi.spyOn(bus, 'lastOf').mockReturnValueOnce(never.promise);
    const work = backfill();
    const over = work.run();
    await vi.waitFor(() => expect(asked).toHaveBeenCalledWith('a'));
    work.leave('a');
    await over;
    expect(await Promise.all(['a', 'b'].map(stored))).toEqual([[], [1, 2, 3]]);
    expect(await readEventsMarker(taken)).toBeDefined();
    expect(lines).toHaveLength(1);
  });

  it('does not take away the marker of whoever leads the run meanwhile', async () => {
    const folder = await leave('a', story(3));
    const found = await readEventsMarker(folder);
    await writeEventsMarker(folder, { cluster, stored: 0 });
    await removeEventsMarker(folder, found);
    expect(await readEventsMarker(folder)).toBeDefined();
  });

  it('waits while NATS is away, and ends at once when it is closed', async () => {
    const folder = await leave('a', story(3));
    const publishing = vi.spyOn(bus, 'publish').mockImplementationOnce(fails('UNREACHABLE'));
    await backfill().run();
    expect([await stored('a'), publishing.mock.calls.length]).toEqual([[1, 2, 3], 4]);
    await writeEventsMarker(folder, { cluster, stored: 0 });
    vi.spyOn(bus, 'lastOf').mockImplementation(fails('UNREACHABLE'));
    const work = backfill();
    void work.run();
    await work.close();
    expect(await readEventsMarker(folder)).toBeDefined();
  });

  it('says what has failed, keeps the marker, and goes on with the next run', async () => {
    const folder = await leave('a', story(3));
    await leave('b', story(3));
    vi.spyOn(bus, 'publish').mockImplementationOnce(fails('PERMISSION'));
    await backfill().run();
    expect(await Promise.all(['a', 'b'].map(stored))).toEqual([[], [1, 2, 3]]);
    expect(await readEventsMarker(folder)).toBeDefined();
    expect(JSON.parse(lines[0])).toMatchObject({ level: 'warn', run: 'a' });
  });

  it('with other coordinators, brings only what ended here and nobody else has told', async () => {
    const [ours, unfinished, told] = [await leave('a', story(3)), await leave('b', story(3)), await leave('c', story(3))];
    await writeLog(ours, 'stopped');
    await writeLog(unfinished);
    await writeLog(told, 'stopped');
    await publish('a', story(3).slice(0, 1));
    await publish('c', story(4, 'elsewhere'));
    await backfill({ ha: true }).run();
    expect(await Promise.all(['a', 'b', 'c'].map(stored))).toEqual([[1, 2, 3], [], [1, 2, 3, 4]]);
    const markers = await Promise.all([ours, unfinished, told].map(readEventsMarker));
    expect(markers.map((marker) => marker !== undefined)).toEqual([false, true, false]);
  });
});
