/** `geo evaluate --follow` in a process of its own beside a run that goes on, without NATS. */
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { dataOf, geo, startGeo } from '../geo-process.ts';
import { exampleBundle } from '../guarantees/harness/bundles.ts';
import { TestCluster } from '../guarantees/harness/test-cluster.ts';

describe('geo evaluate --follow beside a run', () => {
  it("evaluates every checkpoint once, with the bits of the run's own evaluations", async () => {
    const cluster = await TestCluster.start({ workers: 2 });
    onTestFinished(() => cluster.dispose());
    const changes = { steps: 30, 'checkpoint.every': 5, 'evaluate.every': 10, 'data.validation': 0.1 };
    const { runId } = await cluster.submit(exampleBundle('digits-mlp', changes));
    await cluster.untilStep(1);
    const followed = await geo('evaluate', runId, '--runs', cluster.runs, '--follow', '--format', 'json');
    expect(followed).toMatchObject({ exitCode: 0, stderr: '' });
    const { evaluations, skipped } = dataOf(followed) as { evaluations: { step: number }[]; skipped: unknown[] };
    expect(skipped).toEqual([]);
    expect(evaluations.map(({ step }) => step)).toEqual([0, 5, 10, 15, 20, 25, 30]);
    const own = cluster.feed.of('evaluation').filter(({ data }) => data['split'] === 'validation');
    expect(own.map(({ data }) => data['step'])).toEqual([10, 20, 30]);
    for (const { data } of own) expect(evaluations.find(({ step }) => step === data['step'])).toMatchObject(data);
  });

  it('ends when it is interrupted, with what it has by then', async () => {
    const cluster = await TestCluster.start({ workers: 1 });
    onTestFinished(() => cluster.dispose());
    const { runId } = await cluster.submit(exampleBundle('digits-mlp', { steps: 5_000, 'checkpoint.every': 5 }));
    const { child, ended } = startGeo('evaluate', runId, '--runs', cluster.runs, '--follow', '--format', 'jsonl');
    await cluster.untilStep(1);
    await once(child.stdout!, 'data');
    child.kill('SIGINT');
    const interrupted = await ended;
    expect(interrupted).toMatchObject({ exitCode: 130, stderr: '' });
    expect(dataOf(interrupted)).toMatchObject({ run: runId, split: 'test' });
    expect((dataOf(interrupted)['evaluations'] as unknown[]).length).toBeGreaterThan(0);
  });
});
