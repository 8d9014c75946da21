/** G13: a worker is told to go (SIGTERM, as a spot machine or a scheduler does). It finishes or returns its slots and leaves at once. */
import { afterEach, expect, it } from 'vitest';
import { adaptiveRun } from './harness/adaptive.ts';
import { after, isCommit, isLost, joins, joinsByPid, usualStep, whilePaused } from './harness/faults.ts';
import { reportBound, spread } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import type { TestCluster } from './harness/test-cluster.ts';
import { underWay } from './harness/under-way.ts';

const clusters: TestCluster[] = [];
afterEach(() => Promise.all(clusters.splice(0).map((cluster) => cluster.dispose())));

const evictions = 10;

it('G13: SIGTERM of one of three workers at any fraction of a step, with a lease of a minute', async () => {
  const { bundle, reference } = await adaptiveRun({ leaseMs: 60_000 });
  const { cluster, names } = await underWay(clusters, bundle, { workers: 3 });
  const gone: number[] = [];
  const resumed: number[] = [];
  for (let i = 0; i < evictions; i++) {
    const name = names[i % 3];
    const leaving = cluster.worker(name);
    await cluster.until(isCommit, cluster.feed.now);
    await after((i / evictions) * usualStep(cluster));
    const [from, toldMs] = [cluster.feed.now, performance.now()];
    leaving.kill('SIGTERM');
    const ended = leaving.ended.then((end) => ({ ...end, afterMs: performance.now() - toldMs }));
    resumed.push((await cluster.until(isCommit, from)).seenMs - toldMs);
    const { data } = await cluster.until(isLost(name), from);
    expect(data['reason']).toBe('the worker was asked to leave');
    const { code, afterMs } = await ended;
    expect(code).toBe(0);
    gone.push(afterMs);
    await whilePaused(cluster, async () => {
      const { pid } = await cluster.addWorker(name);
      await cluster.until(joins(name, pid));
    });
  }
  const step = usualStep(cluster);
  const ends = await cluster.finished(names);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  await expectSameRun(cluster.directory, reference);
  expect(cluster.feed.of('worker.draining')).toHaveLength(evictions);
  expect(joinsByPid(cluster).size).toBe(3 + evictions);
  reportBound({
    id: 'G13',
    fault: 'SIGTERM of 1 of 3 workers in mid-step, lease 60 s',
    measured: `next commit after ${spread(resumed)} (usual step ${Math.round(step)} ms); gone with exit code 0 after ${spread(gone)}`,
    bound: 'no wait for the lease; grace of 20 s',
    note: `${evictions} evictions`,
  });
  expect(Math.max(...resumed)).toBeLessThan(3000);
  expect(Math.max(...gone)).toBeLessThan(5000);
});
