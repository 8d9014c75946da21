/** G12: the clocks of coordinator and workers jump by an hour and back. No lease is lost for it: leases are measured by clocks that nobody sets. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { adaptiveRun } from './harness/adaptive.ts';
import { FakeClock, findFaketime } from './harness/fake-clock.ts';
import { commits, joins, joinsByPid, stepTimes } from './harness/faults.ts';
import { ms, quantile, reportBound } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import { TestCluster } from './harness/test-cluster.ts';

const clusters: TestCluster[] = [];
const library = findFaketime();
if (library === undefined)
  console.warn('G12 is skipped: expected libfaketimeMT.so.1 below /usr/lib, got none (Debian: apt-get install faketime)');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'geodesic-clock-'));
});
afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
  rmSync(folder, { recursive: true });
});

it.skipIf(library === undefined)('G12: clocks jump by +1 h and -1 h during the run', async () => {
  const { bundle, reference } = await adaptiveRun({ leaseMs: 500, heartbeatMs: 100 });
  const clock = (name: string): FakeClock => new FakeClock(join(folder, name), library!);
  const clocks = { coordinator: clock('coordinator'), 'worker-1': clock('worker-1'), 'worker-2': clock('worker-2') };
  const cluster = await TestCluster.start({ coordinatorEnv: clocks.coordinator.env });
  clusters.push(cluster);
  await cluster.submit(bundle);
  for (const name of ['worker-1', 'worker-2'] as const) await cluster.addWorker(name, { env: clocks[name].env });
  for (const name of ['worker-1', 'worker-2']) await cluster.until(joins(name));
  await cluster.untilStep(5);
  const shown: number[] = [];
  let jumps = 0;
  for (const who of ['coordinator', 'worker-1', 'worker-2'] as const)
    for (const offset of ['+3600', '-3600', '+0']) {
      clocks[who].set(offset);
      jumps += 1;
      const { at } = await commits(cluster, 4);
      if (who === 'coordinator') shown.push(Math.round((Date.parse(at) - Date.now()) / 1000));
    }
  // The jumps are real: the coordinator's events bear the time that its clock showed.
  expect(shown).toEqual([expect.closeTo(3600, -1), expect.closeTo(-3600, -1), expect.closeTo(0, -1)]);
  const ends = await cluster.finished(['worker-1', 'worker-2']);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  await expectSameRun(cluster.directory, reference);
  expect(cluster.feed.of('worker.lost')).toEqual([]);
  expect([...joinsByPid(cluster).values()]).toEqual([1, 1]);
  const steps = stepTimes(cluster.feed.events);
  reportBound({
    id: 'G12',
    fault: 'clocks of coordinator and workers jump by +1 h, -2 h, +1 h, lease 500 ms',
    measured: `0 workers lost; step p50 ${ms(quantile(steps, 0.5))}, longest ${ms(Math.max(...steps))}`,
    bound: 'no false lease loss',
    note: `${jumps} jumps`,
  });
});
