/** What a run with a standby leaves in NATS, and what it refuses while NATS is away; who takes it over is tested with the leadership. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readCheckpoint, receiveCheckpoint, contentDigest } from '@geodesic/checkpoint';
import { NatsLogMirrorReader, readNatsOptions } from '@geodesic/events';
import { readLog, replicatedRecord } from '@geodesic/run-store';
import { silentLogger } from '@geodesic/telemetry';
import { NatsServer, natsServerReason } from '@geodesic/testing';
import { connectRuns } from '@geodesic/wire';
import type { RunsClient } from '@geodesic/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { openArtery } from '../src/nats-artery.ts';
import type { TrainerFactory } from '../src/run-meta.ts';
import { startCoordinator } from '../src/start-coordinator.ts';
import { collect, TestProcess } from './local-cluster.ts';
import { expectWholeStory, follower, objectsOf } from './nats-followers.ts';

const reason = natsServerReason();
if (reason !== undefined) console.warn(`the artery of a run with a standby is not tested: ${reason}`);

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).toReversed()) await end();
});

const { signal } = new AbortController();
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

function bundleOf(steps: number): Uint8Array {
  const spec = { name: 'fixture', steps, slots: 8, parameters: 5000, work: 20, checkpointEvery: 20 };
  return new TextEncoder().encode(JSON.stringify(spec));
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'geodesic-standby-'));
  cleanUp.push(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** A server, and a coordinator in this process that copies its log there. */
async function start(): Promise<{ readonly nats: NatsServer; readonly client: RunsClient; readonly address: string }> {
  const nats = await NatsServer.start();
  cleanUp.push(() => nats.stop());
  const options = readNatsOptions({ url: nats.url, env: {} })!;
  const runs = await folder();
  const artery = await openArtery({ options, runs, broadcast: 'none', ha: true, logger: silentLogger() });
  cleanUp.push(() => artery.close());
  const { createTrainer } = (await import(new URL('./fixtures/trainer.mjs', import.meta.url).href)) as { createTrainer: TrainerFactory };
  const coordinator = await startCoordinator({ runs, createTrainer, artery });
  cleanUp.push(async () => {
    coordinator.stop('the test is over');
    await coordinator.over;
  });
  const client = connectRuns(coordinator.address);
  cleanUp.push(async () => client.close());
  return { nats, client, address: coordinator.address };
}

function addWorker(address: string): void {
  const worker = new TestProcess(here('../../worker/dist/main.js'), ['--coordinator', address, '--name', 'worker-1']);
  cleanUp.push(async () => {
    worker.child.kill('SIGKILL');
    await worker.ended;
  });
}

describe.skipIf(reason !== undefined)('the artery of a run with a standby', () => {
  it('has log, bundle and every file of the checkpoints in NATS', async () => {
    const { nats, client, address } = await start();
    addWorker(address);
    const bundle = bundleOf(40);
    const { runId, directory } = await client.submit({ bundle });
    await collect(client.watch(runId));
    const connected = await follower(nats.url);
    cleanUp.push(() => connected.close());
    const copied: Uint8Array[] = [];
    for await (const { bytes, run } of new NatsLogMirrorReader(connected).follow({ untilNow: true, signal })) {
      expect(run).toBe(runId);
      copied.push(bytes);
    }
    const { records } = await readLog({ path: directory });
    expect(copied.map((bytes) => Buffer.from(bytes).toString())).toEqual(
      records.map((record) => Buffer.from(replicatedRecord(record).bytes).toString()),
    );
    const objects = objectsOf(connected, runId);
    const stored = await objects.stored();
    expect(stored.has(contentDigest(bundle))).toBe(true);
    const { step, manifest } = (await objects.pointer())!;
    expect(step).toBe(40);
    const get = (digest: string): Promise<Uint8Array> => {
      expect(stored.has(digest)).toBe(true);
      return objects.get(digest, signal);
    };
    const received = await receiveCheckpoint(await folder(), { step, manifest: await get(manifest), get });
    expect(await readCheckpoint(received.path)).toEqual(await readCheckpoint(join(directory, 'checkpoints', 'step-000040')));
    await expectWholeStory(connected, runId, directory);
  });

  it('is not accepted while NATS is away', { timeout: 60_000 }, async () => {
    const { nats, client } = await start();
    await nats.kill();
    await expect(client.submit({ bundle: bundleOf(10) })).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('expected NATS to take what a standby begins with') as string,
    });
    await nats.restart();
    await expect(client.submit({ bundle: bundleOf(10) })).resolves.toMatchObject({ runId: expect.any(String) as string });
  });

  it('goes on while NATS is away, holds no step for a wish that cannot be logged, and refuses it', { timeout: 60_000 }, async () => {
    const { nats, client, address } = await start();
    addWorker(address);
    const { runId } = await client.submit({ bundle: bundleOf(1500) });
    const committed = (step: number) => (event: { type: string; data: Readonly<Record<string, unknown>> }) =>
      event.type === 'step.committed' && Number(event.data['step']) >= step;
    await collect(client.watch(runId), committed(20));
    await nats.kill();
    const before = (await client.get(runId)).step;
    await expect(client.control({ run: runId, action: 'pause', reason: 'wait' })).rejects.toMatchObject({ code: 'REFUSED' });
    const after = await client.get(runId);
    expect(after.step).toBeGreaterThan(before + 20);
    expect(after).toMatchObject({ state: 'running', artery: { connected: false } });
    await nats.restart();
    const { step } = await client.control({ run: runId, action: 'pause', reason: 'wait' });
    await collect(client.watch(runId), ({ type, data }) => type === 'run.paused' && data['step'] === step);
  });
});
