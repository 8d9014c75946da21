/** G3: the coordinator dies at every cut point of its work; the workers stay, and no committed step is lost or made twice. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { crashAt, CUTS, expectSameProcesses, KFAC_BUNDLE, removeJournal, startDoomed } from './crash-cuts.ts';
import { ms, reportBound, spread } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import type { RunRecord } from './harness/run-record.ts';
import type { TestCluster } from './harness/test-cluster.ts';
import { undisturbed } from './harness/undisturbed.ts';

/** Four times what is promised beside the reading of the log. */
const LIMIT_MS = 8000;

let cluster: TestCluster | undefined;
let reference: RunRecord;

beforeAll(async () => {
  reference = await undisturbed(KFAC_BUNDLE);
});

afterEach(() => cluster?.dispose());

describe.each([
  ['with its journal', true],
  ['without its journal', false],
])('a coordinator that is killed and comes back %s', (how, keepsJournal) => {
  const firstCommits: number[] = [];
  const recoveries: number[] = [];

  it.each(CUTS)('G3: SIGKILL of the coordinator at %s loses no step and makes none twice, and the workers stay', async (cut) => {
    cluster = await startDoomed(cut, 2);
    const pids = cluster.workers.map(({ pid }) => pid);
    const head = await crashAt(cluster, KFAC_BUNDLE, cut);
    if (!keepsJournal) await removeJournal(cluster.directory);
    const { now } = cluster.feed;
    const startedMs = performance.now();
    await cluster.restartCoordinator();
    const isNew = ({ type, data }: { type: string; data: Readonly<Record<string, unknown>> }): boolean =>
      type === 'step.committed' && Number(data['step']) > head.step;
    const { seenMs } = await cluster.until(isNew, now);
    firstCommits.push(seenMs - startedMs);
    const ends = await cluster.finished(['worker-1', 'worker-2']);
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);

    await expectSameRun(cluster.directory, reference);
    expectSameProcesses(cluster, pids);
    const recovered = cluster.feed.of('run.recovered').at(-1)!.data;
    recoveries.push(1000 * Number(recovered['seconds']));
    expect(Number(recovered['replayed']) === 0 || keepsJournal).toBe(true);
    expect(firstCommits.at(-1)).toBeLessThan(LIMIT_MS);
  });

  afterAll(() =>
    reportBound({
      id: 'G3',
      fault: `SIGKILL of the coordinator at ${CUTS.length} cut points, taken up again ${how}`,
      measured: `start of the next process to its first new commit ${spread(firstCommits)}, of that back at the head of the log ${spread(recoveries)}`,
      bound: `${ms(2000)} + read time${keepsJournal ? '' : ' + the steps since the checkpoint'}; 0 steps lost, 0 twice`,
      note: 'digits-kfac-adaptive, 2 workers, a checkpoint every 8 steps; the same worker processes throughout',
    }),
  );
});
