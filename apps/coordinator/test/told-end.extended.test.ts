/** A coordinator that dies between the last record of a run and telling people of the end: the next one tells it, and makes no step. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { collect, LocalCluster, startCoordinatorProcess } from './local-cluster.ts';
import { eventsOf, expectEachStepOnce, readRun } from './run-record.ts';

const clusters: LocalCluster[] = [];

afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

/** Takes away the event that tells of the end, as if its process had died before it. */
async function untellEvent(directory: string): Promise<void> {
  const path = join(directory, 'events.ndjson');
  const lines = (await readFile(path, 'utf8')).split('\n');
  await writeFile(path, lines.filter((line) => !line.includes('"run.finished"')).join('\n'));
}

describe('a completed run of which nobody was told', () => {
  it.each([
    ['result.json and the event', true],
    ['the event', false],
  ])('gets %s from the next coordinator', async (_, lacksResult) => {
    const cluster = await LocalCluster.start();
    clusters.push(cluster);
    cluster.addWorker('worker-1');
    const { runId, directory, events } = await cluster.submit({ steps: 12, checkpointEvery: 5 });
    await collect(events);
    await cluster.coordinator.ended;
    const before = await readRun(directory);
    await untellEvent(directory);
    if (lacksResult) await rm(join(directory, 'result.json'));
    await cluster.resume(runId);
    cluster.addWorker('worker-2'); // the last evaluation is in no log: it is made again
    await collect(cluster.client.watch(runId));
    expect((await cluster.coordinator.ended).code).toBe(0);
    const after = await readRun(directory);
    const { paramsDigest, examples, measurements } = before.result;
    expect(after.result).toMatchObject({ state: 'completed', steps: 12, paramsDigest, examples, measurements });
    expect(eventsOf(after, 'run.finished')).toMatchObject([{ state: 'completed' }]);
    expect(after.view).toMatchObject({ term: 2, head: before.view.head, finished: { state: 'completed', paramsDigest } });
    await expectEachStepOnce(directory, 12);
    const refused = await startCoordinatorProcess(['--runs', cluster.runs, '--once', '--resume', runId]).ended;
    expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('RUN_COMPLETED')]);
  });
});
