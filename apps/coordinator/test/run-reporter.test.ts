import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogView } from '@geodesic/cluster';
import { RunFolder } from '@geodesic/run-store';
import { makeLayout } from '@geodesic/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunEvents } from '../src/run-events.ts';
import type { RunMeta } from '../src/run-meta.ts';
import { RunReporter } from '../src/run-reporter.ts';

let folder: RunFolder;

beforeEach(async () => {
  const path = await mkdtemp(join(tmpdir(), 'geodesic-report-'));
  folder = new RunFolder('r', path);
});

afterEach(async () => {
  await rm(folder.path, { recursive: true, force: true });
});

const onError = (error: Error): never => {
  throw error;
};

const parametersLayout = makeLayout([{ name: 'theta', shape: [2] }]);

async function open(bytesUp: number, exactness: RunMeta['exactness'] = 'exact') {
  const meta = { name: 'n', parametersLayout, exactness, steps: 9, slots: 4, engine: 'e', seed: 1, keep: { best: 1 } } as RunMeta;
  const events = await RunEvents.open(folder.file('events.ndjson'), onError);
  const traffic = { bytesUp: 0, bytesDown: 0 };
  const reporter = await RunReporter.open({ folder, meta, events, traffic: () => ({ ...traffic }), onError });
  traffic.bytesUp = bytesUp;
  return { events, reporter, close: () => Promise.all([reporter.close(), events.close()]) };
}

function committed(step: number) {
  return { step, phase: 'grad', examples: 10, measurements: { trainLoss: 1 / step }, workers: 1 };
}

const commits = [1, 2, 3].map((step) => ({
  type: 'step',
  ...committed(step),
  rounds: [{ coverage: [{ worker: 'w', incarnation: 'i' }], dropped: [0, 3] }],
})) as unknown as LogView['commits'];

const end = { state: 'completed', steps: 3, paramsDigest: 'd', measurements: {} } as const;

describe('RunReporter', () => {
  it('goes on after a restart: what the log has is told and measured once, totals and last values are those of the whole run', async () => {
    const before = await open(100);
    before.reporter.accepted();
    before.reporter.started(1);
    for (const step of [1, 2]) before.reporter.committed(committed(step));
    before.reporter.evaluated({ step: 2, split: 'validation', loss: 0.5, accuracy: 0.9, examples: 7 });
    const earlier = before.events.last('step.committed')!.data['seconds'] as number;
    await before.close();

    const after = await open(40);
    expect(after.reporter.hasStarted).toBe(true);
    expect([...after.reporter.validation]).toEqual([[2, 0.5]]);
    after.reporter.recount({ commits });
    after.reporter.evaluated({ step: 2, split: 'validation', loss: 0.5, accuracy: 0.9, examples: 7 });
    after.reporter.recovered({ step: 3, seconds: 1, replayed: 0, recomputed: 0 });
    const result = after.reporter.result(end);
    expect(result).toMatchObject({ examples: 30, bytesUp: 140, measurements: { validationLoss: 0.5, validationAccuracy: 0.9 } });
    expect(result.seconds).toBeGreaterThanOrEqual(earlier);
    expect(result).not.toHaveProperty('exactness');
    await after.close();
    const lines = (name: 'events.ndjson' | 'measurements.ndjson') =>
      readFile(folder.file(name), 'utf8').then((text) => text.trimEnd().split('\n'));
    const events = (await lines('events.ndjson')).map((line) => JSON.parse(line) as { type: string; data: { step?: number } });
    expect(events.map(({ type, data }) => [type, data.step])).toEqual([
      ['run.accepted', undefined],
      ['run.started', undefined],
      ['step.committed', 1],
      ['step.committed', 2],
      ['evaluation', 2],
      ['step.committed', 3],
      ['run.recovered', 3],
    ]);
    expect((await lines('measurements.ndjson')).map((line) => (JSON.parse(line) as { step: number }).step)).toEqual([1, 2, 2, 3]);
  });

  it('draws the whole run, from the file and from what is not in it yet', async () => {
    const before = await open(0);
    for (const step of [1, 2]) before.reporter.committed(committed(step));
    await before.close();
    const { reporter, close } = await open(0);
    for (let step = 3; step <= 400; step++) reporter.committed(committed(step));
    const early = await reporter.picture(reporter.result(end));
    await close();
    expect(early).toContain('0.0025'); // the last loss, in the legend
    expect(await reporter.picture(reporter.result(end))).toBe(early);
  });

  it('draws what it has when nothing could be written', async () => {
    const lost = new RunFolder('r', join(folder.path, 'missing'));
    const meta = { name: 'n', parametersLayout, steps: 9, keep: {} } as RunMeta;
    const failures: Error[] = [];
    const events = await RunEvents.open(folder.file('events.ndjson'), onError);
    const traffic = () => ({ bytesUp: 0, bytesDown: 0 });
    const reporter = await RunReporter.open({ folder: lost, meta, events, traffic, onError: (error) => failures.push(error) });
    reporter.committed(committed(4));
    await Promise.all([reporter.close(), events.close()]);
    expect(await reporter.picture(reporter.result(end))).toContain('0.25');
    expect(failures).toHaveLength(1);
  });

  it('names a relaxed run as such, and what it has left out', async () => {
    const { reporter, close } = await open(0, 'relaxed');
    reporter.recount({ commits });
    expect(reporter.result(end)).toMatchObject({ exactness: 'relaxed', droppedSlots: 6 });
    await close();
  });
});
