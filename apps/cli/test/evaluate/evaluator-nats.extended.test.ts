/** An evaluator in a process of its own behind a real nats-server, which is killed and started again in the middle of the run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectNats, NatsBus, type GeodesicEvent } from '@geodesic/events';
import { natsServerReason, NatsServer } from '@geodesic/testing';
import { dataOf, startGeoIn } from '../geo-process.ts';
import { exampleBundle } from '../guarantees/harness/bundles.ts';
import { soundRun } from '../guarantees/harness/run-record.ts';
import { TestCluster } from '../guarantees/harness/test-cluster.ts';
import { undisturbed } from '../guarantees/harness/undisturbed.ts';

const reason = natsServerReason();
if (reason !== undefined) console.warn(`geo evaluate with NATS: skipped: ${reason}`);

/** What the stream has of a run. */
interface InStream {
  /** All events of a type, in order. */
  of(type: string): Promise<readonly GeodesicEvent[]>;
}

async function streamOf(server: NatsServer, run: string): Promise<InStream> {
  const client = await connectNats({ servers: [server.url], cluster: 'main', replicas: 1 }, { name: 'test', patient: true });
  onTestFinished(() => client.close());
  const bus = new NatsBus(client);
  return {
    async of(type) {
      const events: GeodesicEvent[] = [];
      const { signal } = new AbortController();
      for await (const { event } of bus.follow({ run, type, untilNow: true, signal })) events.push(event);
      return events;
    },
  };
}

describe.skipIf(reason !== undefined)('geo evaluate --follow --nats', () => {
  it('tells every checkpoint that was broadcast once, with the bits of the run, across a SIGKILL of nats-server', async () => {
    const changes = { steps: 300, 'checkpoint.every': 10, 'evaluate.every': 10, 'data.validation': 0.1 };
    const bundle = exampleBundle('digits-mlp', changes);
    const server = await NatsServer.start();
    onTestFinished(() => server.stop());
    const cluster = await TestCluster.start({ workers: 2, coordinatorArgs: ['--nats', server.url] });
    onTestFinished(() => cluster.dispose());
    const { runId, directory } = await cluster.submit(bundle);
    const evaluator = startGeoIn({}, 'evaluate', runId, '--follow', '--nats', server.url, '--format', 'json');
    onTestFinished(() => void evaluator.child.kill('SIGKILL'));
    const stream = await streamOf(server, runId);
    await expect.poll(async () => (await stream.of('evaluator.result')).length, { timeout: 60_000 }).toBeGreaterThan(0);

    await server.kill('SIGKILL');
    const { data } = await cluster.until(({ type }) => type === 'step.committed', cluster.feed.now);
    await cluster.untilStep(Number(data['step']) + 15); // the run goes on without it
    await server.restart();
    await cluster.finished();
    const ended = await evaluator.ended;
    expect(ended.exitCode, ended.stderr).toBe(0);

    const available = await stream.of('checkpoint.available');
    const results = await stream.of('evaluator.result');
    expect(new Set(results.map(({ id }) => id)).size).toBe(results.length);
    expect(results.map((result) => result.data['step'])).toEqual(available.map((checkpoint) => checkpoint.data['step']));
    expect(available.at(-1)!.data['step']).toBe(300);
    const own = cluster.feed.of('evaluation').filter((event) => event.data['split'] === 'validation');
    const ofRun = new Map(own.map((event) => [event.data['step'], event.data]));
    const compared = results.filter((result) => ofRun.has(result.data['step']));
    expect(compared.length).toBeGreaterThan(2);
    for (const result of compared) expect(result.data).toMatchObject(ofRun.get(result.data['step'])!);
    expect(dataOf(ended)).toMatchObject({ run: runId, split: 'validation', skipped: [] });
    expect((dataOf(ended)['evaluations'] as unknown[]).length).toBe(results.length);

    // Another one finds all of it told, though the run and its coordinator are over.
    const again = await startGeoIn({}, 'evaluate', runId, '--follow', '--nats', server.url, '--format', 'json').ended;
    expect(again.exitCode, again.stderr).toBe(0);
    expect(dataOf(again)['evaluations']).toEqual([]);
    expect(await stream.of('evaluator.result')).toEqual(results);
    expect((await soundRun(directory)).paramsDigest).toBe((await undisturbed(bundle)).paramsDigest);
  }, 180_000);

  it('goes on where it was when it is killed, and tells nothing twice', async () => {
    const changes = { steps: 120, 'checkpoint.every': 10, 'evaluate.every': 0, 'data.validation': 0.1 };
    const server = await NatsServer.start();
    onTestFinished(() => server.stop());
    const cluster = await TestCluster.start({ workers: 2, coordinatorArgs: ['--nats', server.url] });
    onTestFinished(() => cluster.dispose());
    const { runId } = await cluster.submit(exampleBundle('digits-mlp', changes));
    const temporary = mkdtempSync(join(tmpdir(), 'geodesic-evaluator-'));
    onTestFinished(() => rmSync(temporary, { recursive: true }));
    const follow = (): ReturnType<typeof startGeoIn> =>
      startGeoIn({ TMPDIR: temporary }, 'evaluate', runId, '--follow', '--nats', server.url, '--split', 'test', '--format', 'json');
    const first = follow();
    const stream = await streamOf(server, runId);
    await expect.poll(async () => (await stream.of('evaluator.result')).length, { timeout: 60_000 }).toBeGreaterThan(1);
    first.child.kill('SIGKILL');
    await first.ended;
    const ended = await follow().ended;
    expect(ended.exitCode, ended.stderr).toBe(0);
    const steps = (await stream.of('evaluator.result')).map((result) => result.data['step']);
    expect(steps).toEqual((await stream.of('checkpoint.available')).map((checkpoint) => checkpoint.data['step']));
    const { evaluations, skipped } = dataOf(ended) as { evaluations: { step: number }[]; skipped: { step: number; why: string }[] };
    expect(skipped.every(({ why }) => why === 'told')).toBe(true);
    expect([...skipped, ...evaluations].map(({ step }) => step)).toEqual(steps);
    expect(skipped.length).toBeGreaterThan(1);
  }, 120_000);
});
