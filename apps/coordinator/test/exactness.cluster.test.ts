import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '@geodesic/checkpoint';
import { decodeRecords } from '@geodesic/cluster';
import { parseMeasurements } from '@geodesic/telemetry';
import type { RunResult } from '../src/run-result.ts';
import { collect, LocalCluster, untilJoined } from './local-cluster.ts';
import type { FixtureSpec } from './local-cluster.ts';

const clusters: LocalCluster[] = [];

afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

async function start(args?: readonly string[]): Promise<LocalCluster> {
  const cluster = await LocalCluster.start(args);
  clusters.push(cluster);
  return cluster;
}

/** Heavy enough that every worker gets a part of it. */
const shared = { steps: 60, parameters: 10_000, work: 3 };

/** Runs to the end with this many workers; with `kill` the first worker is killed some steps after it has joined. */
async function train(workers: number, options: { spec?: FixtureSpec; kill?: boolean } = {}): Promise<RunResult> {
  const cluster = await start();
  const processes = Array.from({ length: workers }, (_, i) => cluster.addWorker(`worker-${i + 1}`));
  const { runId, events } = await cluster.submit(options.spec ?? shared);
  if (options.kill === true) {
    await untilJoined(events, 'worker-1');
    await collect(events, ({ type, data }) => type === 'step.committed' && data['workers'] === workers);
    processes[0].child.kill('SIGKILL');
  }
  const all = await collect(cluster.client.watch(runId));
  const participating = all.filter(({ type }) => type === 'step.committed').map(({ data }) => Number(data['workers']));
  expect(Math.max(...participating)).toBe(workers);
  const last = all.at(-1)!;
  expect(last).toMatchObject({ type: 'run.finished', data: { state: 'completed' } });
  const survivors = processes.slice(options.kill === true ? 1 : 0);
  const ends = await Promise.all([cluster.coordinator, ...survivors].map(({ ended }) => ended));
  expect(ends.map(({ code }) => code)).toEqual(ends.map(() => 0));
  return last.data['result'] as RunResult;
}

describe('a run', () => {
  it('gives the same bits with 1, 2 and 3 workers, and when one is killed in mid-run', async () => {
    const results: RunResult[] = [];
    for (const workers of [1, 2, 3]) results.push(await train(workers));
    results.push(await train(3, { kill: true }));
    expect(results[0]).toMatchObject({ state: 'completed', steps: 60, examples: 60 * 119, parameters: 10_000, seed: 1, engine: 'fixture' });
    expect(results[0].measurements).toMatchObject({ fixture: 1, trainLoss: expect.any(Number), testLoss: expect.any(Number) });
    expect(new Set(results.map(({ paramsDigest }) => paramsDigest)).size).toBe(1);
    expect(new Set(results.map(({ measurements }) => JSON.stringify(measurements))).size).toBe(1);
  });

  it('waits for a worker when all are lost, and goes on with the next', async () => {
    const cluster = await start();
    const first = cluster.addWorker('worker-1');
    const { events } = await cluster.submit(shared);
    await collect(events, ({ type, data }) => type === 'step.committed' && data['step'] === 5);
    first.child.kill('SIGKILL');
    const lost = await collect(events, ({ type }) => type === 'worker.lost');
    expect(lost.at(-1)!.data).toEqual({ worker: 'worker-1', reason: 'connection lost' });
    cluster.addWorker('worker-2');
    const last = (await collect(events)).at(-1);
    const whole = await train(2);
    expect((last!.data['result'] as RunResult).paramsDigest).toBe(whole.paramsDigest);
  });

  it('goes on without a worker that hangs, and takes it back when it wakes', async () => {
    const spec = { steps: 400, parameters: 5000, leaseMs: 400 };
    const cluster = await start();
    const [, hung] = ['worker-1', 'worker-2'].map((name) => cluster.addWorker(name));
    const { events } = await cluster.submit(spec);
    await untilJoined(events, 'worker-2');
    hung.child.kill('SIGSTOP');
    const lost = await collect(events, ({ type }) => type === 'worker.lost');
    expect(lost.at(-1)!.data).toEqual({ worker: 'worker-2', reason: 'lease expired' });
    hung.child.kill('SIGCONT');
    const rest = await collect(events);
    expect(rest.some(({ type, data }) => type === 'worker.joined' && data['worker'] === 'worker-2')).toBe(true);
    const whole = await train(1, { spec });
    expect((rest.at(-1)!.data['result'] as RunResult).paramsDigest).toBe(whole.paramsDigest);
  });
});

describe('the folder of a run', () => {
  it('holds spec, bundle, log, measurements, events, checkpoints, picture and result', async () => {
    const cluster = await start();
    cluster.addWorker('worker-1');
    const { directory, runId, events } = await cluster.submit({ checkpointEvery: 10 });
    const all = await collect(events);
    await cluster.coordinator.ended;
    const read = (name: string): Promise<string> => readFile(join(directory, name), 'utf8');

    expect(JSON.parse(await read('spec.json'))).toMatchObject({ name: 'fixture', steps: 30 });
    const log = decodeRecords(await readFile(join(directory, 'commit.log')));
    expect(log.torn).toBeUndefined();
    expect(log.records.map(({ type }) => type)).toEqual(['run', 'fingerprint', ...Array.from({ length: 30 }, () => 'step'), 'finished']);
    expect(log.records.at(-1)).toMatchObject({ state: 'completed', step: 30, version: 30 });
    const { records } = parseMeasurements(await read('measurements.ndjson'));
    expect(records.filter(({ split }) => split === undefined).map(({ step }) => step)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    const lines = (await read('events.ndjson')).trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { sequence: number }).sequence)).toEqual(lines.map((_, i) => i + 1));
    expect(all.map(({ sequence }) => sequence)).toEqual(lines.map((_, i) => i + 1));
    expect(await readdir(join(directory, 'checkpoints'))).toEqual(['chunks', 'step-000000', 'step-000010', 'step-000020', 'step-000030']);
    const checkpoint = await readCheckpoint(join(directory, 'checkpoints', 'step-000030'));
    expect([...checkpoint.files.keys()].toSorted()).toEqual(['optimizer.safetensors', 'parameters.safetensors', 'state.safetensors']);
    const result = JSON.parse(await read('result.json')) as RunResult;
    expect(checkpoint.manifest.facts).toMatchObject({ run: runId, step: 30, paramsDigest: result.paramsDigest });
    expect(result).toEqual(all.at(-1)!.data['result']);
    expect(await read('run.svg')).toContain('<svg');
  });
});
