import { afterEach, describe, expect, it } from 'vitest';
import { collect, LocalCluster } from './local-cluster.ts';
import { eventsOf, expectEachStepOnce, readRun } from './run-record.ts';

const clusters: LocalCluster[] = [];

afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

async function start(args?: readonly string[], env?: NodeJS.ProcessEnv): Promise<LocalCluster> {
  const cluster = await LocalCluster.start(args, env);
  clusters.push(cluster);
  return cluster;
}

const shared = { steps: 24, parameters: 2000, checkpointEvery: 10 };

describe('a coordinator that is killed', () => {
  it('is taken up by the next, with the same bits, while the workers stay', async () => {
    const whole = await start();
    whole.addWorker('worker-1');
    const undisturbed = await whole.submit(shared);
    await collect(undisturbed.events);
    const { result: expected } = await readRun(undisturbed.directory);

    const cluster = await start(['--once'], { GEODESIC_FAILPOINT: 'after-append:17' });
    const workers = ['worker-1', 'worker-2'].map((name) => cluster.addWorker(name));
    const { runId, directory, events } = await cluster.submit(shared);
    await collect(events).catch(() => undefined);
    expect((await cluster.coordinator.ended).signal).toBe('SIGKILL');
    await cluster.resume(runId);
    await collect(cluster.client.watch(runId));
    const ends = await Promise.all([cluster.coordinator, ...workers].map(({ ended }) => ended));
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);

    const record = await readRun(directory);
    expect(record.result).toMatchObject({ paramsDigest: expected.paramsDigest, steps: 24, examples: expected.examples });
    expect(record.result.measurements).toEqual(expected.measurements);
    await expectEachStepOnce(directory, 24);
    const [{ term, step, ahead }] = eventsOf(record, 'run.resumed');
    expect([term, Number(step) + Number(ahead)]).toEqual([2, 17]); // the checkpoint of step 10 may not have been complete
    expect(eventsOf(record, 'run.recovered')).toMatchObject([{ step: 17 }]);
    const pids = new Set(eventsOf(record, 'worker.joined').map(({ pid }) => pid));
    expect(pids).toEqual(new Set(workers.map(({ child }) => child.pid)));
  });
});
