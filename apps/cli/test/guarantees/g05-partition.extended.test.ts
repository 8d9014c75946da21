/** G5: a worker is cut off from the coordinator: shortly, for longer than its lease, for ever. Nobody is restarted. */
import { afterEach, describe, expect, it } from 'vitest';
import { adaptiveRun } from './harness/adaptive.ts';
import { after, commits, isCommit, isLost, joins, joinsByPid, usualStep, whilePaused } from './harness/faults.ts';
import { ms, reportBound, spread } from './harness/report-bound.ts';
import { expectSameRun, slotsByWorker } from './harness/run-record.ts';
import type { RunRecord } from './harness/run-record.ts';
import type { TestCluster } from './harness/test-cluster.ts';
import { underWay } from './harness/under-way.ts';

const clusters: TestCluster[] = [];
afterEach(() => Promise.all(clusters.splice(0).map((cluster) => cluster.dispose())));

const names = ['worker-1', 'worker-2', 'worker-3'];

async function begin(leaseMs: number): Promise<{ cluster: TestCluster; reference: RunRecord }> {
  const { bundle, reference } = await adaptiveRun({ leaseMs, heartbeatMs: Math.min(500, leaseMs / 5) });
  const { cluster } = await underWay(clusters, bundle, { workers: 3, proxy: true });
  await after(usualStep(cluster) / 3);
  return { cluster, reference };
}

/** The run is over; everybody but `missing` ended in order, with the bits of the undisturbed run. */
async function expectExact(cluster: TestCluster, reference: RunRecord, missing: readonly string[] = []): Promise<void> {
  const ends = await cluster.finished(names.filter((name) => !missing.includes(name)));
  expect(ends.map(({ code }) => code)).toEqual(ends.map(() => 0));
  await expectSameRun(cluster.directory, reference);
  expect(joinsByPid(cluster).size).toBe(3);
}

describe('G5: partition of a worker and the coordinator', () => {
  it('G5: for 2 s with a lease of 3 s: the same membership, nobody restarted', async () => {
    const { cluster, reference } = await begin(3000);
    const [from, cutMs] = [cluster.feed.now, performance.now()];
    cluster.line('worker-2').partition();
    const next = await cluster.until(isCommit, from);
    await whilePaused(cluster, () => after(2000 - (performance.now() - cutMs)));
    const healedMs = performance.now();
    cluster.line('worker-2').heal();
    const helps = await cluster.until(({ type, data }) => type === 'worker.progress' && data['worker'] === 'worker-2', cluster.feed.now);
    await expectExact(cluster, reference);
    expect(cluster.feed.of('worker.lost')).toEqual([]);
    expect([...joinsByPid(cluster).values()]).toEqual([1, 1, 1]);
    const { commits: all } = await cluster.log();
    const shares = all.slice(-5).flatMap((commit) => slotsByWorker(commit).get('worker-2') ?? []);
    expect(shares.length).toBeGreaterThan(0);
    reportBound({
      id: 'G5',
      fault: 'partition of 1 of 3 workers for 2 s, lease 3 s',
      measured: `next commit after ${ms(next.seenMs - cutMs)}; heard again ${ms(helps.seenMs - healedMs)} after it healed; 0 lost, 0 restarts`,
      bound: 'same membership, no restart',
    });
  });

  it('G5: for longer than the lease: its slots go to others, and it comes back by itself', async () => {
    const { cluster, reference } = await begin(500);
    const { pid } = cluster.worker('worker-2');
    const figures = { next: [] as number[], lost: [] as number[], back: [] as number[] };
    for (let i = 0; i < 4; i++) {
      const [from, cutMs] = [cluster.feed.now, performance.now()];
      cluster.line('worker-2').partition();
      figures.next.push((await cluster.until(isCommit, from)).seenMs - cutMs);
      await whilePaused(cluster, async () => {
        const lost = await cluster.until(isLost('worker-2'), from);
        expect(lost.data['reason']).toBe('lease expired');
        figures.lost.push(lost.seenMs - cutMs);
      });
      await commits(cluster, 2);
      const healedMs = performance.now();
      cluster.line('worker-2').heal();
      await whilePaused(cluster, async () => figures.back.push((await cluster.until(joins('worker-2', pid), from)).seenMs - healedMs));
      await commits(cluster, 2);
    }
    await expectExact(cluster, reference);
    reportBound({
      id: 'G5',
      fault: 'partition of 1 of 3 workers for longer than the lease of 500 ms',
      measured: `next commit after ${spread(figures.next)}; lost after ${spread(figures.lost)}; back by itself ${spread(figures.back)} after it healed`,
      bound: 'reassigned within the lease, rejoins by itself',
      note: '4 partitions',
    });
    expect(Math.max(...figures.next)).toBeLessThan(2500);
    expect(Math.max(...figures.back)).toBeLessThan(10_000);
  });

  it('G5: for ever: the run goes on without it', async () => {
    const { cluster, reference } = await begin(500);
    const [from, cutMs] = [cluster.feed.now, performance.now()];
    cluster.line('worker-3').partition();
    const next = await cluster.until(isCommit, from);
    let lostMs = 0;
    await whilePaused(cluster, async () => {
      lostMs = (await cluster.until(isLost('worker-3'), from)).seenMs - cutMs;
    });
    await expectExact(cluster, reference, ['worker-3']);
    expect(cluster.worker('worker-3').isRunning).toBe(true);
    const { commits: all } = await cluster.log();
    expect(slotsByWorker(all.at(-1)!).has('worker-3')).toBe(false);
    reportBound({
      id: 'G5',
      fault: 'partition of 1 of 3 workers for ever, lease 500 ms',
      measured: `next commit after ${ms(next.seenMs - cutMs)}; lost after ${ms(lostMs)}; completed without it`,
      bound: 'the run goes on',
    });
  });

  it('G5: of all workers at once: the run waits, and goes on when it heals', async () => {
    const { cluster, reference } = await begin(500);
    for (const name of names) cluster.line(name).partition();
    for (const name of names) await cluster.until(isLost(name));
    const from = cluster.feed.now;
    const healedMs = performance.now();
    for (const name of names) cluster.line(name).heal();
    const next = await cluster.until(isCommit, from);
    await expectExact(cluster, reference);
    reportBound({
      id: 'G5',
      fault: 'partition of all 3 workers for longer than the lease of 500 ms',
      measured: `the run waits; next commit ${ms(next.seenMs - healedMs)} after it healed`,
      bound: 'goes on by itself',
    });
    expect(next.seenMs - healedMs).toBeLessThan(10_000);
  });
});
