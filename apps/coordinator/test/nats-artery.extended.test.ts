import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCheckpoint, receiveCheckpoint } from '@geodesic/checkpoint';
import type { NatsClient } from '@geodesic/events';
import { NatsServer, natsServerReason } from '@geodesic/testing';
import { connectExchange } from '@geodesic/wire';
import type { RunEvent } from '@geodesic/wire';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { collect, LocalCluster, startCoordinatorProcess } from './local-cluster.ts';
import type { FixtureSpec } from './local-cluster.ts';
import { expectWholeStory, follower, objectsOf, storedEvents } from './nats-followers.ts';
import { expectEachStepOnce, readRun } from './run-record.ts';
import type { RunRecord } from './run-record.ts';

const reason = natsServerReason();
if (reason !== undefined) console.warn(`the artery over a real server is not tested: ${reason}`);

const spec: FixtureSpec = { steps: 60, parameters: 140_000, checkpointEvery: 20, keep: { last: 2 } };
const cleanUp: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of cleanUp.splice(0).toReversed()) await end();
});

async function server(): Promise<NatsServer> {
  const nats = await NatsServer.start();
  cleanUp.push(() => nats.stop());
  return nats;
}

async function cluster(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<LocalCluster> {
  const started = await LocalCluster.start(['--once', ...args], env);
  cleanUp.push(() => started.dispose());
  return started;
}

async function client(nats: NatsServer): Promise<NatsClient> {
  const connected = await follower(nats.url);
  cleanUp.push(() => connected.close());
  return connected;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'geodesic-follower-'));
  cleanUp.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function run(started: LocalCluster, what: FixtureSpec = spec): Promise<{ runId: string; directory: string; told: RunEvent[] }> {
  started.addWorker('worker-1');
  const { runId, directory, events } = await started.submit(what);
  const told = await collect(events);
  expect(await started.coordinator.ended).toMatchObject({ code: 0 });
  return { runId, directory, told };
}

function availableIn(told: readonly RunEvent[]): readonly RunEvent[] {
  return told.filter(({ type }) => type === 'checkpoint.available');
}

describe.skipIf(reason !== undefined)('a coordinator with NATS', () => {
  let without: RunRecord;

  async function expectSameRun(directory: string): Promise<void> {
    const { view, result } = await readRun(directory);
    expect(view.head).toEqual(without.view.head);
    expect(result.paramsDigest).toBe(without.result.paramsDigest);
    expect(result.measurements).toEqual(without.result.measurements);
    await expectEachStepOnce(directory, 60);
  }

  beforeAll(async () => {
    const started = await LocalCluster.start();
    started.addWorker('worker-1');
    const { directory, events } = await started.submit(spec);
    await collect(events);
    await started.coordinator.ended;
    without = await readRun(directory);
    await started.dispose();
  });

  it('has every event in the stream once and in order, and trains the same', async () => {
    const nats = await server();
    const { runId, directory, told } = await run(await cluster(['--nats', nats.url]));
    await expectSameRun(directory);
    expect(await expectWholeStory(await client(nats), runId, directory)).toBeGreaterThan(60);
    expect(told.at(-1)?.type).toBe('run.finished');
    expect(existsSync(join(directory, 'events.behind'))).toBe(false);
    expect(availableIn(told).at(-1)?.data['step']).toBe(60);
  });

  it('broadcasts checkpoints that arrive whole, in a part and in all', async () => {
    const nats = await server();
    const { runId, directory, told } = await run(await cluster(['--nats', nats.url, '--broadcast', 'all']));
    const connected = await client(nats);
    const objects = objectsOf(connected, runId);
    const { signal } = new AbortController();
    const pointer = await objects.pointer();
    const {
      step,
      manifest: name,
      first,
      last,
    } = availableIn(told).at(-1)!.data as Record<'step' | 'first' | 'last', number> & { manifest: string };
    expect(pointer).toMatchObject({ step, manifest: name });
    const manifest = await objects.get(name, signal);
    let got = 0;
    const received = await receiveCheckpoint(await folder(), {
      step,
      manifest,
      stream: (wanted) => objects.stream({ first, last }, { wanted, signal }),
      get: (digest) => {
        got += 1;
        return objects.get(digest, signal);
      },
    });
    const original = join(directory, 'checkpoints', 'step-000060');
    for (const file of ['manifest.json', 'parameters.safetensors', 'state.safetensors'])
      expect(await readFile(join(received.path, file))).toEqual(await readFile(join(original, file)));
    expect(await readCheckpoint(received.path)).toEqual(await readCheckpoint(original));
    expect(got).toBeLessThan(5);
    expect(pointer?.bytes).toBe(Object.values(received.manifest.files).reduce((sum, { bytes }) => sum + bytes, 0));
    const only = await receiveCheckpoint(await folder(), {
      step,
      manifest,
      only: ['parameters.safetensors'],
      get: (digest) => objects.get(digest, signal),
    });
    expect([...(await readCheckpoint(only.path)).files.keys()]).toEqual(['parameters.safetensors']);
  });

  it('gives what was not broadcast on request, and the same objects over gRPC', async () => {
    const nats = await server();
    const started = await LocalCluster.start(['--nats', nats.url]);
    cleanUp.push(() => started.dispose());
    started.addWorker('worker-1');
    const { runId, directory, events } = await started.submit(spec);
    const told = await collect(events);
    const objects = objectsOf(await client(nats), runId);
    const { signal } = new AbortController();
    const { step, manifest: name, files } = availableIn(told).at(-1)!.data as { step: number; manifest: string; files: string[] };
    expect(files).toEqual(['parameters.safetensors', 'state.safetensors']);
    const overNats = await receiveCheckpoint(await folder(), {
      step,
      manifest: await objects.get(name, signal),
      get: (digest) => objects.get(digest, signal),
    });
    const exchange = connectExchange(started.address);
    cleanUp.push(async () => exchange.close());
    const overGrpc = await receiveCheckpoint(await folder(), {
      step,
      manifest: await exchange.fetch(name),
      get: (digest) => exchange.fetch(digest),
    });
    const original = await readCheckpoint(join(directory, 'checkpoints', 'step-000060'));
    expect(await readCheckpoint(overNats.path)).toEqual(original);
    expect(await readCheckpoint(overGrpc.path)).toEqual(original);
    await expect(exchange.fetch(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await started.client.get(runId)).artery).toMatchObject({ connected: true, behind: 0, behindBytes: 0, oversized: 0 });
  });

  it('trains the same with a server that is never there, and says how far behind it is', async () => {
    const started = await cluster(['--nats', 'nats://127.0.0.1:9']);
    started.addWorker('worker-1');
    const { runId, directory, events } = await started.submit(spec);
    await collect(events, ({ type, data }) => type === 'step.committed' && data['step'] === 30);
    const { artery } = await started.client.get(runId);
    expect(artery).toMatchObject({ connected: false, published: 0, checkpoints: 0 });
    expect(artery?.behind).toBeGreaterThan(30);
    expect(artery?.behindBytes).toBeGreaterThan(3000);
    await collect(started.client.watch(runId));
    expect(await started.coordinator.ended).toMatchObject({ code: 0 });
    await expectSameRun(directory);
  });

  it('makes every checkpoint of an outage available, in order and once', { timeout: 60_000 }, async () => {
    const nats = await server();
    const started = await cluster(['--nats', nats.url]);
    started.addWorker('worker-1');
    const { runId, directory, events } = await started.submit({ ...spec, work: 3, checkpointEvery: 10, keep: { last: 20 } });
    await collect(events, ({ type, data }) => type === 'checkpoint.available' && data['step'] === 10);
    await nats.kill();
    await collect(started.client.watch(runId), ({ type, data }) => type === 'checkpoint.written' && data['step'] === 40);
    await nats.restart();
    const told = await collect(started.client.watch(runId));
    expect(await started.coordinator.ended).toMatchObject({ code: 0 });
    expect(availableIn(told).map(({ data }) => data['step'])).toEqual([0, 10, 20, 30, 40, 50, 60]);
    const connected = await client(nats);
    await expectWholeStory(connected, runId, directory);
    const objects = objectsOf(connected, runId);
    expect(await objects.pointer()).toMatchObject({ step: 60 });
    const stored = await objects.stored();
    expect(availableIn(told).filter(({ data }) => !stored.has(data['manifest'] as string))).toEqual([]);
  });

  it('brings the end of a run that NATS has missed with the next coordinator', { timeout: 60_000 }, async () => {
    const nats = await server();
    const started = await cluster(['--nats', nats.url]);
    started.addWorker('worker-1');
    const { runId, directory, events } = await started.submit({ ...spec, work: 1 });
    await collect(events, ({ type, data }) => type === 'step.committed' && data['step'] === 20);
    await nats.kill();
    await collect(started.client.watch(runId));
    const ended = await started.coordinator.ended;
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain('events did not get to NATS');
    const marker = JSON.parse(await readFile(join(directory, 'events.behind'), 'utf8')) as { cluster: string; stored: number };
    expect(marker.cluster).toBe('main');
    expect(marker.stored).toBeGreaterThan(20);
    await nats.restart();
    const connected = await client(nats);
    expect((await storedEvents(connected, runId)).some(({ type }) => type === 'geodesic.run.finished')).toBe(false);
    const next = startCoordinatorProcess(['--runs', started.runs, '--nats', nats.url]);
    cleanUp.push(async () => {
      next.child.kill('SIGTERM');
      await next.ended;
    });
    await expect.poll(() => existsSync(join(directory, 'events.behind')), { timeout: 30_000 }).toBe(false);
    await expectWholeStory(connected, runId, directory);
    const own = (await storedEvents(connected, runId)).filter(({ runsequence }) => runsequence !== undefined);
    expect(own.at(-1)?.type).toBe('geodesic.run.finished');
  });

  it('tells all from the beginning to a server that comes late', async () => {
    const nats = await server();
    await nats.kill();
    const started = await cluster(['--nats', nats.url]);
    started.addWorker('worker-1');
    const { runId, directory, events } = await started.submit(spec);
    await collect(events, ({ type, data }) => type === 'checkpoint.written' && data['step'] === 40);
    await nats.restart();
    const told = await collect(started.client.watch(runId));
    await started.coordinator.ended;
    await expectWholeStory(await client(nats), runId, directory);
    expect(availableIn(told).map(({ data }) => data['step'])).toEqual(expect.arrayContaining([0, 40, 60]));
    await expectSameRun(directory);
  });

  it('does not start with a password that the server refuses', async () => {
    const nats = await NatsServer.start({ config: 'authorization { user: geodesic, password: right }' });
    cleanUp.push(() => nats.stop());
    const env = { GEODESIC_NATS_USER: 'geodesic', GEODESIC_NATS_PASSWORD: 'wrong' };
    const { code, stderr } = await startCoordinatorProcess(['--runs', await folder(), '--nats', nats.url], env).ended;
    expect(code).toBe(78);
    expect(stderr).toContain('CREDENTIALS');
  });

  it('publishes after its own SIGKILL what it had not, and nothing twice', async () => {
    const nats = await server();
    const started = await LocalCluster.start(['--once', '--nats', nats.url], { GEODESIC_FAILPOINT: 'after-append:33' });
    cleanUp.push(() => started.dispose());
    started.addWorker('worker-1');
    const { runId, directory, events } = await started.submit(spec);
    await collect(events).catch(() => undefined);
    expect((await started.coordinator.ended).signal).toBe('SIGKILL');
    await started.resume(runId, ['--nats', nats.url]);
    await collect(started.client.watch(runId));
    await started.coordinator.ended;
    const connected = await client(nats);
    await expectWholeStory(connected, runId, directory);
    const steps = (await storedEvents(connected, runId)).filter(({ type }) => type === 'geodesic.step.committed');
    expect(steps).toHaveLength(60);
    await expectSameRun(directory);
  });
});
