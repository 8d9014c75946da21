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
