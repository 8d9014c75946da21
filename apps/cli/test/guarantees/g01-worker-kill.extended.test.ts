/** G1: a worker is killed in mid-step. The others go on within a step and 0.3 s, with the bits of the run that nothing happened to. */
import { afterEach, expect, it } from 'vitest';
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
const mortals: ProtocolWorker[] = [];
afterEach(async () => {
  await Promise.all(mortals.splice(0).map((mortal) => mortal.close()));
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

/** Of a step, at which a worker is killed. */
const fractions = [0.05, 0.2, 0.4, 0.6, 0.8];
const kills = 20;

it('G1: SIGKILL of one of three workers at any fraction of a step', async () => {
  const { bundle, reference } = await adaptiveRun({ steps: 110 });
  const { cluster, names } = await underWay(clusters, bundle, { workers: 3 });
  const resumed: number[] = [];
  const beyondStep: number[] = [];
  const seenLost: number[] = [];
  for (let i = 0; i < kills; i++) {
    const name = names[i % 3];
    const victim = cluster.worker(name);
    await cluster.until(isCommit, cluster.feed.now);
    const step = usualStep(cluster);
    await after(fractions[i % fractions.length] * step);
    const [from, killedMs] = [cluster.feed.now, performance.now()];
    victim.kill('SIGKILL');
    const next = await cluster.until(isCommit, from);
    resumed.push(next.seenMs - killedMs);
    beyondStep.push(Math.max(0, next.seenMs - killedMs - step));
    seenLost.push((await cluster.until(isLost(name), from)).seenMs - killedMs);
    // The next one dies in a full house, too.
    await whilePaused(cluster, async () => {
      const { pid } = await cluster.addWorker(name);
      await cluster.until(joins(name, pid));
    });
  }
  const step = usualStep(cluster);
  const ends = await cluster.finished(names);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  await expectSameRun(cluster.directory, reference);
  // Nobody but the dead was replaced, and nobody had to join again.
  const joined = joinsByPid(cluster);
  expect(joined.size).toBe(3 + kills);
  expect([...joined.values()]).toEqual(Array.from({ length: 3 + kills }, () => 1));
  expect(cluster.feed.of('worker.lost').filter(({ data }) => data['reason'] !== 'connection lost')).toHaveLength(0);
  reportBound({
    id: 'G1',
    fault: 'SIGKILL of 1 of 3 workers in mid-step',
    measured: `next commit after ${spread(resumed)} (beyond the usual step of ${Math.round(step)} ms: ${spread(beyondStep)}); noticed after ${spread(seenLost)}`,
    bound: '1 step + 300 ms',
    note: `${kills} kills at ${fractions.join(', ')} of a step`,
  });
  expect(Math.max(...seenLost)).toBeLessThan(1000);
  expect(Math.max(...beyondStep)).toBeLessThan(1500);
});

it('G1: what a worker had contributed before it died is not computed again', async () => {
  const bundle = fixtureBundle({ slots: 16, parameters: 2000, steps: 40 });
  const cluster = await TestCluster.start({ workers: 2, env: pacedEnvironment(4) });
  clusters.push(cluster);
  await cluster.submit(bundle);
  for (const name of ['worker-1', 'worker-2']) await cluster.until(joins(name));
  let given: { step: number; block: { level: number; index: number } } | undefined;
  const mortal = new ProtocolWorker({
    address: cluster.address,
    worker: 'zz-mortal',
    bundle,
    conduct: async ({ contribution, blocks, send }) => {
      const { round, block } = contribution;
      if (given !== undefined) return;
      const { result } = await send(contribution);
      if (round.step < 8 || blocks.length < 2 || result !== 'accepted') return;
      // One of its blocks has been accepted, another one has not been sent: now it dies.
      given = { step: round.step, block };
      void mortal.close();
    },
  });
  mortals.push(mortal);
  const ends = await cluster.finished(['worker-1', 'worker-2']);
  expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
  await expectSameRun(cluster.directory, await undisturbed(bundle, FIXTURE_ENVIRONMENT));
  const { commits } = await cluster.log();
  const coverage = commits
    .filter(({ step }) => step === given?.step)
    .flatMap(({ rounds = [] }) => rounds.flatMap((round) => round.coverage));
  expect(coverage.filter(({ worker }) => worker === 'zz-mortal').map(({ block }) => block)).toEqual([given?.block]);
  reportBound({
    id: 'G1',
    fault: 'a worker dies between its contributions to a round',
    measured: 'the accepted one counts, the others computed the rest; digest unchanged',
    bound: 'only unaccepted slots are computed again',
  });
});
