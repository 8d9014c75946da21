/** G6: a connection of which one direction is dead, while its sockets stay: the proxy reads no more. The lease bounds it, not TCP. */
import { afterEach, describe, expect, it } from 'vitest';
import { adaptiveRun } from './harness/adaptive.ts';
import { after, isCommit, isLost, joins, joinsByPid, usualStep, whilePaused } from './harness/faults.ts';
import { reportBound, spread } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import type { TestCluster } from './harness/test-cluster.ts';
import { underWay } from './harness/under-way.ts';

const clusters: TestCluster[] = [];
afterEach(() => Promise.all(clusters.splice(0).map((cluster) => cluster.dispose())));

const leaseMs = 1000;
const names = ['worker-1', 'worker-2', 'worker-3'];

describe.each([
  { dead: 'from the worker', faults: { up: { stopped: true } } },
  { dead: 'to the worker', faults: { down: { stopped: true } } },
])('the direction $dead', ({ dead, faults }) => {
  it(`G6: half-open connections of a worker, dead ${dead}`, async () => {
    const { bundle, reference } = await adaptiveRun({ leaseMs, heartbeatMs: 200 });
    const { cluster } = await underWay(clusters, bundle, { workers: 3, proxy: true });
    const figures = { next: [] as number[], lost: [] as number[], back: [] as number[] };
    for (let i = 0; i < 3; i++) {
      const name = names[i];
      const { pid } = cluster.worker(name);
      await cluster.until(isCommit, cluster.feed.now);
      await after((i / 3) * usualStep(cluster));
      const [from, cutMs] = [cluster.feed.now, performance.now()];
      cluster.line(name).set(faults);
      figures.next.push((await cluster.until(isCommit, from)).seenMs - cutMs);
      await whilePaused(cluster, async () => figures.lost.push((await cluster.until(isLost(name), from)).seenMs - cutMs));
      await cluster.until(isCommit, cluster.feed.now);
      const healedMs = performance.now();
      cluster.line(name).set({});
      await whilePaused(cluster, async () => figures.back.push((await cluster.until(joins(name, pid), from)).seenMs - healedMs));
    }
    const ends = await cluster.finished(names);
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    await expectSameRun(cluster.directory, reference);
    expect(joinsByPid(cluster).size).toBe(3);
    reportBound({
      id: 'G6',
      fault: `half-open connections of 1 of 3 workers, dead ${dead}, lease ${leaseMs} ms`,
      measured: `next commit after ${spread(figures.next)}; lost after ${spread(figures.lost)}; back ${spread(figures.back)} after it healed`,
      bound: `the lease of ${leaseMs} ms, not TCP`,
      note: '3 times, one worker each',
    });
    expect(Math.max(...figures.lost)).toBeLessThan(4 * leaseMs);
    expect(Math.max(...figures.next)).toBeLessThan(4 * leaseMs);
    expect(Math.max(...figures.back)).toBeLessThan(15_000);
  });
});
