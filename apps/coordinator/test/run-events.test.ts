import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunEvent } from '@geodesic/wire';
import { RunEvents } from '../src/run-events.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geodesic-events-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function numbers(events: RunEvents, from: number): Promise<number[]> {
  const seen: number[] = [];
  for await (const { sequence } of events.watch(from, new AbortController().signal)) seen.push(sequence);
  return seen;
}

const noFailure = (error: Error): never => {
  throw error;
};

describe('RunEvents', () => {
  it('numbers events without gaps and gives every watcher all from its number on, also late ones', async () => {
    const events = await RunEvents.open(join(folder, 'events.ndjson'), noFailure);
    const early = numbers(events, 0);
    events.emit('run.accepted', {});
    events.emit('step.committed', { step: 1 });
    await Promise.resolve();
    events.emit('run.finished', {});
    await events.close();
    expect(await early).toEqual([1, 2, 3]);
    expect(await numbers(events, 3)).toEqual([3]);
    await events.delivered;
    const lines = (await readFile(join(folder, 'events.ndjson'), 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { sequence: number }).sequence)).toEqual([1, 2, 3]);
  });

  it('goes on after a restart where the file ends, without what is torn and without telling a step twice', async () => {
    const path = join(folder, 'events.ndjson');
    const before = await RunEvents.open(path, noFailure);
    before.emit('run.accepted', {});
    before.emit('step.committed', { step: 1, seconds: 3 });
    await before.close();
    await appendFile(path, '{"sequence":3,"type":"step.comm');
    const after = await RunEvents.open(path, noFailure);
    for (const step of [1, 2]) after.emit('step.committed', { step });
    before.emit('step.committed', { step: 9 }); // a leader that does not know yet
    expect(after.last('step.committed')).toMatchObject({ sequence: 3, data: { step: 2 } });
    await after.close();
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as RunEvent)).toMatchObject([
      { sequence: 1, type: 'run.accepted' },
      { sequence: 2, type: 'step.committed', data: { step: 1, seconds: 3 } },
      { sequence: 3, type: 'step.committed', data: { step: 2 } },
    ]);
  });

  it('holds the newest events only, and gives a late watcher all of them in order while more are added', async () => {
    const events = await RunEvents.open(join(folder, 'events.ndjson'), noFailure);
    const emit = (from: number, to: number): void => {
      for (let step = from; step <= to; step++) events.emit('step.committed', { step });
    };
    emit(1, 10_000);
    await expect.poll(() => events.held.events).toBeLessThanOrEqual(1024);
    const late = numbers(events, 1);
    const later = numbers(events, 9000);
    for (let step = 10_001; step < 12_000; step += 100) {
      emit(step, step + 99);
      await new Promise(setImmediate);
    }
    await events.close();
    const all = Array.from({ length: 12_000 }, (_, index) => index + 1);
    expect(await late).toEqual(all);
    expect(await later).toEqual(all.slice(8999));
    expect(await numbers(events, 5000)).toEqual(all.slice(4999));
    expect(events.held.events).toBeLessThanOrEqual(1024);
    expect(events.held.identities).toBeLessThanOrEqual(2);
    const again = await RunEvents.open(join(folder, 'events.ndjson'), noFailure);
    expect(again.held.events).toBeLessThanOrEqual(1024);
    expect(again.last('step.committed')).toMatchObject({ sequence: 12_000 });
    await again.close();
  });

  it('forgets what was told once the run has recovered, but not what belongs to the last step and the next', async () => {
    const path = join(folder, 'events.ndjson');
    const before = await RunEvents.open(path, noFailure);
    const tell = (events: RunEvents, step: number): void => {
      events.emit('curvature.refreshed', { step, layers: [] });
      events.emit('step.committed', { step });
      events.emit('evaluation', { step, split: 'test' });
    };
    for (let step = 1; step <= 50; step++) tell(before, step);
    before.emit('curvature.refreshed', { step: 51, layers: [] });
    expect(before.held.identities).toBe(4);
    await before.close();
    const after = await RunEvents.open(path, noFailure);
    for (let step = 1; step <= 50; step++) after.emit('step.committed', { step });
    for (let step = 41; step <= 50; step++) after.emit('evaluation', { step, split: 'test' });
    expect(after.held.identities).toBe(151);
    after.emit('run.recovered', { step: 50 });
    for (let step = 50; step <= 60; step++) tell(after, step);
    expect(after.held.identities).toBe(3);
    await after.close();
    const told = (await readFile(path, 'utf8')).trimEnd().split('\n');
    expect(told).toHaveLength(181);
    expect(new Set(told.map((line) => line.replace(/.*"type"/, '').replace(/"at":"[^"]*"/, ''))).size).toBe(181);
  });

  it('does not take who follows behind the run for somebody who has read its end', async () => {
    const events = await RunEvents.open(join(folder, 'events.ndjson'), noFailure);
    let isDelivered = false;
    void events.delivered.then(() => (isDelivered = true));
    events.emit('run.finished', {});
    await events.close();
    const followed: number[] = [];
    for await (const { sequence } of events.follow(1, new AbortController().signal)) followed.push(sequence);
    await new Promise(setImmediate);
    expect({ followed, isDelivered, length: events.length }).toEqual({ followed: [1], isDelivered: false, length: 1 });
    await numbers(events, 1);
    await events.delivered;
  });

  it('lets a watcher leave', async () => {
    const events = await RunEvents.open(join(folder, 'events.ndjson'), noFailure);
    const leaving = new AbortController();
    const watch = events.watch(1, leaving.signal);
    const next = watch.next();
    leaving.abort();
    expect(await next).toEqual({ done: true, value: undefined });
    await events.close();
  });
});
