/**
 * G7: one of four workers is ten times slower than the others, or has a line of 20 Mbit/s. Steps take at most half longer than healthy ones,
 * since late slots are given to others, too, and slow workers are asked for less. A healthy run and a slowed one take turns.
 */
import { afterEach, expect, it } from 'vitest';
import { FIXTURE_ENVIRONMENT, fixtureBundle, pacedEnvironment } from './harness/bundles.ts';
import { DutyCycle } from './harness/duty-cycle.ts';
import { commits, joins, stepTimes } from './harness/faults.ts';
import { ms, quantile, reportBound } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import { TestCluster } from './harness/test-cluster.ts';
import { undisturbed } from './harness/undisturbed.ts';

const clusters: TestCluster[] = [];
const mends: (() => void)[] = [];
afterEach(async () => {
  for (const mend of mends.splice(0)) mend();
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

const names = ['worker-1', 'worker-2', 'worker-3', 'worker-4'];
const stretches = 3;
const stretchSteps = 30;

interface Times {
  readonly healthy: number[];
  readonly slow: number[];
}

/** A run of four workers that is made in stretches, and paused between them. */
async function begin(bundle: Uint8Array): Promise<TestCluster> {
  const cluster = await TestCluster.start({ proxy: true, env: pacedEnvironment(5) });
  clusters.push(cluster);
  await cluster.submit(bundle);
  for (const name of names) await cluster.addWorker(name);
  for (const name of names) await cluster.until(joins(name));
  await commits(cluster, 10);
  return cluster;
}

/** Makes so many steps of a run that is paused; @returns their times but for the first, ms */
async function stretch(cluster: TestCluster): Promise<number[]> {
  const from = cluster.feed.now;
  const run = cluster.runId;
  await cluster.client.control({ run, action: 'resume', reason: 'its turn' });
  await commits(cluster, stretchSteps);
  await pause(cluster);
  return stepTimes(cluster.feed.events.slice(from));
}

async function pause(cluster: TestCluster): Promise<void> {
  const from = cluster.feed.now;
  await cluster.client.control({ run: cluster.runId, action: 'pause', reason: 'the turn of the other one' });
  await cluster.until(({ type }) => type === 'run.paused', from);
}

async function end(cluster: TestCluster, bundle: Uint8Array): Promise<void> {
  await cluster.client.control({ run: cluster.runId, action: 'resume', reason: 'measured' });
  const ends = await cluster.finished(names);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
  await expectSameRun(cluster.directory, await undisturbed(bundle, FIXTURE_ENVIRONMENT));
  expect(cluster.feed.of('worker.lost')).toEqual([]);
}

/** Step times of two runs of the same, stretch by stretch in turns; one of them has a slow worker. */
async function alternate(bundle: Uint8Array, slow: (cluster: TestCluster) => () => void): Promise<Times> {
  const healthy = await begin(bundle);
  await pause(healthy);
  const slowed = await begin(bundle);
  await pause(slowed);
  const mend = slow(slowed);
  mends.push(mend);
  const times: Times = { healthy: [], slow: [] };
  for (let i = 0; i < stretches; i++) {
    times.healthy.push(...(await stretch(healthy)));
    times.slow.push(...(await stretch(slowed)));
  }
  mend();
  await Promise.all([end(healthy, bundle), end(slowed, bundle)]);
  return times;
}

/** Reports the times; @returns p50 of the slowed steps in terms of that of the healthy ones */
function slowdown(fault: string, { healthy, slow }: Times): number {
  const [usual, slowed] = [quantile(healthy, 0.5), quantile(slow, 0.5)];
  const ratio = slowed / usual;
  reportBound({
    id: 'G7',
    fault,
    measured: `p50 ${ms(slowed)} instead of ${ms(usual)}: ${ratio.toFixed(2)} times (p95 ${ms(quantile(slow, 0.95))} instead of ${ms(quantile(healthy, 0.95))})`,
    bound: 'p50 at most 1.5 times',
    note: `${stretches} stretches of ${stretchSteps} steps each, alternating; 4 workers, 32 slots of 5 ms`,
  });
  return ratio;
}

/** Pausing takes effect after a step or two. */
const steps = 20 + stretches * (stretchSteps + 3) + 10;

it('G7: one of four workers is ten times slower', async () => {
  const bundle = fixtureBundle({ steps, slots: 32, parameters: 2000, leaseMs: 3000 });
  const times = await alternate(bundle, (cluster) => {
    const cycle = new DutyCycle(cluster.worker('worker-2'), { periodMs: 50, share: 0.1 });
    cycle.start();
    return () => cycle.end();
  });
  expect(slowdown('1 of 4 workers 10 times slower (SIGSTOP for 45 of every 50 ms)', times)).toBeLessThan(2.5);
});

it('G7: the line of one of four workers has 20 Mbit/s', async () => {
  const bundle = fixtureBundle({ steps, slots: 32, parameters: 30_000, leaseMs: 3000 });
  const bytesPerSecond = 20e6 / 8;
  const times = await alternate(bundle, (cluster) => {
    const line = cluster.line('worker-2');
    line.set({ up: { bytesPerSecond }, down: { bytesPerSecond } });
    return () => line.set({});
  });
  const fault = 'the line of 1 of 4 workers has 20 Mbit/s (120 kB up for each block, 120 kB down for each step)';
  expect(slowdown(fault, times)).toBeLessThan(2.5);
});
