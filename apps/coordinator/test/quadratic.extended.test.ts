import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '@geodesic/checkpoint';
import { decodeRecords } from '@geodesic/cluster';
import type { RunEvent } from '@geodesic/wire';
import type { RunResult } from '../src/run-result.ts';
import { collect, LocalCluster, untilJoined } from './local-cluster.ts';
import type { FixtureSpec } from './local-cluster.ts';

const clusters: LocalCluster[] = [];

afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

async function start(): Promise<LocalCluster> {
  const cluster = await LocalCluster.start();
  clusters.push(cluster);
  return cluster;
}

/** Steps of three rounds, one of which takes its last change back. */
const shared: FixtureSpec = { steps: 16, parameters: 4000, work: 3, quadratic: true, failOnce: 7 };

interface Trained {
  readonly directory: string;
  readonly events: readonly RunEvent[];
  readonly result: RunResult;
}

function trained(directory: string, events: readonly RunEvent[]): Trained {
  const last = events.at(-1)!;
  expect(last).toMatchObject({ type: 'run.finished', data: { state: 'completed' } });
  return { directory, events, result: last.data['result'] as RunResult };
}

/** Runs to the end with workers that are all there from the beginning. */
async function train(workers: number, spec = shared): Promise<Trained> {
  const cluster = await start();
  const processes = Array.from({ length: workers }, (_, i) => cluster.addWorker(`worker-${i + 1}`));
  const { directory, events } = await cluster.submit(spec);
  const run = trained(directory, await collect(events));
  const ends = await Promise.all([cluster.coordinator, ...processes].map(({ ended }) => ended));
  expect(ends.map(({ code }) => code)).toEqual(ends.map(() => 0));
  return run;
}

/** One worker dies in the middle of a round; another one, which was not there before, makes the rest. */
async function relayed(phase: string, step: number): Promise<Trained> {
  const cluster = await start();
  cluster.addWorker('worker-1', { FIXTURE_DIE_AT: `${phase}@${step}` });
  const { directory, events } = await cluster.submit(shared);
  const before = await collect(events, ({ type }) => type === 'worker.lost');
  cluster.addWorker('worker-2');
  await untilJoined(events, 'worker-2');
  return trained(directory, [...before, ...(await collect(events))]);
}

/** One of three workers dies in the middle of a round. */
async function bereaved(phase: string, step: number): Promise<Trained> {
  const cluster = await start();
  cluster.addWorker('worker-1', { FIXTURE_DIE_AT: `${phase}@${step}` });
  for (const name of ['worker-2', 'worker-3']) cluster.addWorker(name);
  const { directory, events } = await cluster.submit(shared);
  return trained(directory, await collect(events));
}

const digestOf = ({ result }: Trained): string => result.paramsDigest;

describe('a run of quadratic steps', () => {
  it('gives the same bits with 1, 2, 3 and 4 workers', async () => {
    const runs: Trained[] = [];
    for (const workers of [1, 2, 3, 4]) runs.push(await train(workers));
    expect(runs[0].result).toMatchObject({ steps: 16, measurements: { fixture: 2 } });
    expect(new Set(runs.map(digestOf)).size).toBe(1);
    expect(new Set(runs.map(({ result }) => JSON.stringify(result.measurements))).size).toBe(1);
  });

  it('gives the same bits when workers die in the middle of rounds, and others join there', async () => {
    const whole = digestOf(await train(1));
    for (const phase of ['quad', 'trial']) {
      expect(digestOf(await relayed(phase, 6)), `relayed in ${phase}`).toBe(whole);
      expect(digestOf(await bereaved(phase, 6)), `bereaved in ${phase}`).toBe(whole);
    }
    // The last change of the new worker is one that was taken back.
    expect(digestOf(await relayed('quad', 7))).toBe(whole);
  });

  it('logs what was rejected and taken back, says so, and keeps the last change in its checkpoints', async () => {
    const { directory, events } = await train(2);
    const rejections = events.filter(({ type }) => type === 'step.rejected').map(({ data }) => data);
    const brief = rejections.map(({ step, attempt, phase, takenBack }) => [step, attempt, phase, takenBack].join(' '));
    expect(brief).toEqual(['4 0 trial false', '7 0 grad true', '8 0 trial false', '12 0 trial false', '16 0 trial false']);
    const { records, torn } = decodeRecords(await readFile(join(directory, 'commit.log')));
    expect(torn).toBeUndefined();
    const rejected = records.filter(({ type }) => type === 'rejected');
    expect(rejected).toMatchObject(
      rejections.map(({ step, attempt, phase, reason, damping }) => ({ step, attempt, phase, reason, damping })),
    );
    const versions = records.flatMap((record) => (record.type === 'step' ? [`${record.step}.${record.attempt} v${record.version}`] : []));
    expect(versions.slice(0, 8)).toEqual(['1.0 v1', '2.0 v2', '3.0 v3', '4.1 v4', '5.0 v5', '6.0 v6', '7.1 v8', '8.1 v9']);
    expect(rejected[1]).toMatchObject({ step: 7, position: { version: 7 } });
    const refreshed = events.filter(({ type }) => type === 'curvature.refreshed');
    expect(refreshed[0].data).toMatchObject({ step: 1, layers: [{ layer: 'theta', alpha: expect.any(Number) as number }] });
    const { files } = await readCheckpoint(join(directory, 'checkpoints', 'step-000016'));
    expect([...files.get('state.safetensors')!.tensors.keys()].toSorted()).toEqual(['previous', 'state']);
  });
});
