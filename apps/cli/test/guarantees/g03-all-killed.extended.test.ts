/** G3, further: every process dies at once, the newest state is lost, or a resume begins right beside a refresh of the inverses. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readLog, RunFolder } from '@geodesic/run-store';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RunEvent } from '@geodesic/wire';
import { crashAt, CUTS, expectSameProcesses, KFAC_BUNDLE, removeCheckpoints, removeJournal, startDoomed } from './crash-cuts.ts';
import { exampleBundle, FIXTURE_ENVIRONMENT, fixtureBundle } from './harness/bundles.ts';
import { ms, reportBound } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import type { RunRecord } from './harness/run-record.ts';
import { TestCluster } from './harness/test-cluster.ts';
import { undisturbed } from './harness/undisturbed.ts';

let cluster: TestCluster | undefined;

afterEach(() => cluster?.dispose());

describe('all processes of a K-FAC run', () => {
  let reference: RunRecord;
  let survived = 0;

  beforeAll(async () => {
    reference = await undisturbed(KFAC_BUNDLE);
  });

  async function killAll(lost: TestCluster): Promise<void> {
    for (const { name } of lost.workers) lost.kill(name, 'SIGKILL');
    await Promise.all(lost.workers.map(({ ended }) => ended));
  }

  async function goOn(lost: TestCluster, workers: number): Promise<readonly (number | null)[]> {
    await lost.restartCoordinator();
    const names = Array.from({ length: workers }, (_, i) => `other-${i + 1}`);
    for (const name of names) await lost.addWorker(name);
    const ends = await lost.finished(names);
    await expectSameRun(lost.directory, reference);
    survived += 1;
    return ends.map(({ code }) => code);
  }

  it.each(CUTS.map((cut, i) => [cut, [1, 3][i % 2]] as const))(
    'G3: killed at once at %s go on with another number of workers, %i, and the same bits',
    async (cut, workers) => {
      cluster = await startDoomed(cut, 2);
      await crashAt(cluster, KFAC_BUNDLE, cut);
      await killAll(cluster);
      expect(new Set(await goOn(cluster, workers))).toEqual(new Set([0]));
    },
  );

  it('G3: killed at once go on from checkpoint 0 alone, with the same bits', async () => {
    cluster = await startDoomed('after-append:13', 2);
    await crashAt(cluster, KFAC_BUNDLE, 'after-append:13');
    await killAll(cluster);
    await removeJournal(cluster.directory);
    await removeCheckpoints(cluster.directory, [8, 16, 24]);
    expect(await goOn(cluster, 1)).toEqual([0, 0]);
    expect(cluster.feed.of('run.resumed')).toMatchObject([{ data: { term: 2, step: 0 } }]);
    expect(cluster.feed.of('run.recovered')).toMatchObject([{ data: { replayed: 0 } }]);
  });

  afterAll(() =>
    reportBound({
      id: 'G3',
      fault: `all processes killed at once, at each of ${CUTS.length} cut points and with checkpoint 0 alone left`,
      measured: `${survived} of ${CUTS.length + 1} taken up again with 1 or 3 other workers: every commit equal`,
      bound: 'bit-identical; only time is lost',
      note: 'digits-kfac-adaptive; 2 workers before',
    }),
  );
});

describe('a resume beside a refresh of the inverses', () => {
  it('G3: computes the same bits from the step before, at and after the refresh', async () => {
    const bundle = exampleBundle('digits-kfac-adaptive', { steps: 13, 'checkpoint.every': 1, 'evaluate.every': 0 });
    cluster = await TestCluster.start({ workers: 2 });
    await cluster.submit(bundle);
    await cluster.finished(['worker-1', 'worker-2']);
    const reference = await undisturbed(bundle);
    await expectSameRun(cluster.directory, reference);
    const refreshes = cluster.feed.of('curvature.refreshed').filter(({ data }) => isRefresh(data)).map(({ data }) => Number(data['step'])); // prettier-ignore
    const refresh = refreshes.find((step) => step > 5 && step < 12)!;
    expect(refresh).toBeDefined();
    for (const from of [refresh - 1, refresh, refresh + 1]) {
      await cluster.restartCoordinator({ args: ['--from', String(from)] });
      await cluster.addWorker(`from-${from}`);
      const { code, stderr } = await cluster.coordinator.ended;
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const events = await eventsIn(cluster.directory);
      expect(events.findLast(({ type }) => type === 'run.resumed')!.data).toMatchObject({ step: from });
      const { replayed, recomputed } = events.findLast(({ type }) => type === 'run.recovered')!.data;
      expect([replayed, Number(recomputed) > 13 - from]).toEqual([0, true]);
      await expectSameRun(cluster.directory, reference);
    }
    reportBound({
      id: 'G3',
      fault: `resumed at steps ${refresh - 1}, ${refresh} and ${refresh + 1} of a run whose inverses are made anew at step ${refresh}`,
      measured: 'every commit after them equal to the one in the log',
      bound: 'bit-identical',
      note: 'digits-kfac-adaptive, computed by another worker without the journal',
    });
  });
});

describe('a long run', () => {
  it('G3: of 2,000 steps with three workers goes on within 2 s and the time to read its log', async () => {
    const bundle = fixtureBundle({ steps: 2000, parameters: 2000, checkpointEvery: 100 });
    const reference = await undisturbed(bundle, FIXTURE_ENVIRONMENT);
    cluster = await TestCluster.start({
      workers: 3,
      env: FIXTURE_ENVIRONMENT,
      coordinatorEnv: { GEODESIC_FAILPOINT: 'after-append:1950' },
    });
    const pids = cluster.workers.map(({ pid }) => pid);
    const head = await crashAt(cluster, bundle, 'after-append:13');
    expect(head.step).toBe(1950);
    const readingMs = performance.now();
    const { records } = await readLog(new RunFolder(basename(cluster.directory), cluster.directory));
    const readMs = performance.now() - readingMs;
    const { now } = cluster.feed;
    const startedMs = performance.now();
    await cluster.restartCoordinator();
    const { seenMs } = await cluster.until(({ type, data }) => type === 'step.committed' && Number(data['step']) > head.step, now);
    await cluster.finished(['worker-1', 'worker-2', 'worker-3']);
    await expectSameRun(cluster.directory, reference);
    expectSameProcesses(cluster, pids);
    const recovered = cluster.feed.of('run.recovered').at(-1)!.data;
    reportBound({
      id: 'G3',
      fault: 'SIGKILL of the coordinator at step 1,950 of 2,000',
      measured: `first new commit after ${ms(seenMs - startedMs)}, of that ${ms(1000 * Number(recovered['seconds']))} back at the head; its log of ${records.length} records is read in ${ms(readMs)}`,
      bound: `${ms(2000)} + read time`,
      note: '3 workers, 50 steps since the checkpoint, journal on',
    });
    expect(seenMs - startedMs).toBeLessThan(8000 + readMs);
  });
});

/** Whether the step made new inverses, and did not only compare the curvature. */
function isRefresh({ layers }: RunEvent['data']): boolean {
  return (layers as readonly { staleness?: number }[]).some(({ staleness }) => staleness === 0);
}

async function eventsIn(directory: string): Promise<RunEvent[]> {
  const text = await readFile(join(directory, 'events.ndjson'), 'utf8');
  return text.trimEnd().split('\n').map((line) => JSON.parse(line) as RunEvent); // prettier-ignore
}
