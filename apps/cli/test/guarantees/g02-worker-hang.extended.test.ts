/** G2: a worker hangs for longer than its lease. Its slots go to the others; when it wakes, what it still sends changes nothing. */
import { afterEach, describe, expect, it } from 'vitest';
import { adaptiveRun } from './harness/adaptive.ts';
import { FIXTURE_ENVIRONMENT, fixtureBundle, pacedEnvironment } from './harness/bundles.ts';
import { after, isCommit, isLost, joins, joinsByPid, usualStep, whilePaused } from './harness/faults.ts';
import { ProtocolWorker } from './harness/protocol-worker.ts';
import { reportBound, spread } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import { TestCluster } from './harness/test-cluster.ts';
import { underWay } from './harness/under-way.ts';
import { undisturbed } from './harness/undisturbed.ts';

const clusters: TestCluster[] = [];
const zombies: ProtocolWorker[] = [];
afterEach(async () => {
  await Promise.all(zombies.splice(0).map((zombie) => zombie.close()));
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

describe.each([
  { leaseMs: 500, heartbeatMs: 100, hangs: 5 },
  { leaseMs: 3000, heartbeatMs: 1000, hangs: 1 },
])('with a lease of $leaseMs ms', ({ leaseMs, heartbeatMs, hangs }) => {
  it('G2: SIGSTOP of a worker for longer than its lease, and SIGCONT', async () => {
    const { bundle, reference } = await adaptiveRun({ leaseMs, heartbeatMs });
    const { cluster, names } = await underWay(clusters, bundle, { workers: 3 });
    const committed: number[] = [];
    const lost: number[] = [];
    const back: number[] = [];
    for (let i = 0; i < hangs; i++) {
      const name = names[i % 3];
      const { pid } = cluster.worker(name);
      await cluster.until(isCommit, cluster.feed.now);
      await after((i / hangs) * usualStep(cluster));
      const [from, stoppedMs] = [cluster.feed.now, performance.now()];
      cluster.kill(name, 'SIGSTOP');
      committed.push((await cluster.until(isCommit, from)).seenMs - stoppedMs);
      await whilePaused(cluster, async () => {
        const gone = await cluster.until(isLost(name), from);
        expect(gone.data['reason']).toBe('lease expired');
        lost.push(gone.seenMs - stoppedMs);
      });
      // It wakes in the middle of a later step, with a block of this one in its hands.
      await cluster.until(isCommit, cluster.feed.now);
      const wokenMs = performance.now();
      cluster.kill(name, 'SIGCONT');
      await whilePaused(cluster, async () => back.push((await cluster.until(joins(name, pid), from)).seenMs - wokenMs));
    }
    const ends = await cluster.finished(names);
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    await expectSameRun(cluster.directory, reference);
    expect(joinsByPid(cluster).size).toBe(3);
    expect(cluster.feed.of('worker.quarantined')).toEqual([]);
    expect(cluster.feed.of('contribution.disputed')).toEqual([]);
    reportBound({
      id: 'G2',
      fault: `SIGSTOP of 1 of 3 workers, lease ${leaseMs} ms`,
      measured: `next commit after ${spread(committed)}; lost after ${spread(lost)}; back after SIGCONT in ${spread(back)}`,
      bound: `lease of ${leaseMs} ms`,
      note: `${hangs} hangs`,
    });
    // Not before the lease is over, and soon after: a quarter of the lease between two looks, and one heartbeat that was on its way.
    expect(Math.min(...lost)).toBeGreaterThan(leaseMs - heartbeatMs - 50);
    expect(Math.max(...lost)).toBeLessThan(2 * leaseMs + 1000);
    expect(Math.max(...committed)).toBeLessThan(2 * leaseMs + 1000);
  });
});

it('G2: what a zombie contributes after its lease is never counted', async () => {
  const bundle = fixtureBundle({ slots: 16, parameters: 2000, steps: 80, leaseMs: 300 });
  const cluster = await TestCluster.start({ workers: 2, env: pacedEnvironment(4) });
  clusters.push(cluster);
  await cluster.submit(bundle);
  const { feed } = cluster;
  for (const name of ['worker-1', 'worker-2']) await cluster.until(joins(name));
  const late: string[] = [];
  const zombie = new ProtocolWorker({
    address: cluster.address,
    worker: 'zz-zombie',
    bundle,
    conduct: async ({ contribution, send }) => {
      if (contribution.round.step < 8 || late.length >= 3) return send(contribution);
      // It hangs with a finished block in its hands until others have done its work, and its step is over.
      const from = feed.now;
      zombie.mute(true);
      await feed.until(isLost('zz-zombie'), from);
      await feed.until(isCommit, feed.now);
      zombie.mute(false);
      const { result } = await send(contribution);
      late.push(result);
      return send(contribution);
    },
  });
  zombies.push(zombie);
  const ends = await cluster.finished(['worker-1', 'worker-2']);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  await expectSameRun(cluster.directory, await undisturbed(bundle, FIXTURE_ENVIRONMENT));
  expect(new Set(late)).toEqual(new Set(['stale']));
  expect(cluster.feed.of('contribution.disputed')).toEqual([]);
  expect(cluster.feed.of('worker.quarantined')).toEqual([]);
  reportBound({
    id: 'G2',
    fault: 'a zombie contributes after its lease',
    measured: `${late.length} late contributions, all ${[...new Set(late)].join()}; digest unchanged`,
    bound: 'rejected, or a harmless duplicate',
  });
});
