import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { verifyLog } from '@geodesic/cluster';
import { manifestDigest } from '@geodesic/checkpoint';
import { readLog, RunStoreError } from '@geodesic/run-store';
import type { LogReplica } from '@geodesic/run-store';
import { silentLogger } from '@geodesic/telemetry';
import { PROTOCOL_VERSION, STATE_VERSION, WireError } from '@geodesic/wire';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Artery, ArteryRun, RunArtery } from '../src/artery.ts';
import { createRun } from '../src/create-run.ts';
import type { HostedRun } from '../src/hosted-run.ts';
import type { TrainerFactory } from '../src/run-meta.ts';

let runs: string;

beforeAll(async () => {
  runs = await mkdtemp(join(tmpdir(), 'geodesic-hosted-run-'));
});
afterAll(() => rm(runs, { recursive: true, force: true }));

/** A run without a step: it is over as soon as it begins, and its end is written. */
async function runWithoutSteps(artery?: Artery): Promise<HostedRun> {
  const { createTrainer } = (await import(new URL('./fixtures/trainer.mjs', import.meta.url).href)) as { createTrainer: TrainerFactory };
  const bundle = new TextEncoder().encode(JSON.stringify({ name: 'none', steps: 0, slots: 4, parameters: 10 }));
  const learning = await createTrainer(bundle);
  const surroundings = { runs, traffic: () => ({ bytesUp: 0, bytesDown: 0 }), logger: silentLogger(), ...(artery && { artery }) };
  return createRun({ ...surroundings, ...learning, bundle, hasFreshOptimizer: false });
}

it('logs nothing after its end, whoever asks for a stop or joins while the end is written', async () => {
  const run = await runWithoutSteps();
  const finished = run.run();
  const stops: Promise<number>[] = [];
  for (let i = 0; i < 100; i++) {
    await setImmediate();
    stops.push(run.stop('late'));
    const hello = { type: 'hello', worker: `w${i}`, incarnation: 'i', protocol: PROTOCOL_VERSION, state: STATE_VERSION, pid: 1 } as const;
    const peer = { send: () => undefined, end: () => undefined };
    run.pool.receive({ hello, peer }).message({ type: 'ready', fingerprint: { node: '1' } });
  }
  expect(await finished).toMatchObject({ state: 'completed' });
  expect(await Promise.all(stops)).toHaveLength(stops.length);
  const { records } = await readLog({ path: run.directory });
  expect(records.map(({ type }) => type)).toEqual(['run', 'finished']);
  expect(verifyLog(records).faults).toEqual([]);
});

/** An artery that takes note of what is asked of it. */
class NotedArtery implements Artery {
  readonly history: string[] = [];
  readonly replica: LogReplica | undefined;
  /** Why a standby could not begin with it. */
  refusal: Error | undefined;
  run: ArteryRun | undefined;

  constructor(replica?: LogReplica) {
    this.replica = replica;
  }

  openRun(run: ArteryRun): RunArtery {
    this.run = run;
    const counts = { behind: 0, behindBytes: 0, published: 0, retries: 0, oversized: 0, checkpoints: 0, checkpointsSkipped: 0 };
    return {
      replica: this.replica,
      status: { connected: false, reconnects: 0, ...counts },
      secure: async (step) => {
        const { records } = await readLog(run.folder);
        this.history.push(`secure ${step} after ${records.length} records`);
        if (this.refusal) throw this.refusal;
      },
      begin: (events) => void this.history.push(`begin after ${events.last('run.accepted') ? 'run.accepted' : 'nothing'}`),
      written: (step) => void this.history.push(`written ${step}`),
      settled: async (graceMs) => void this.history.push(`settled in ${graceMs}`),
      close: async (graceMs) => void this.history.push(`close in ${graceMs}`),
    };
  }

  async close(): Promise<void> {
    this.history.push('close');
  }
}

const replica = (ready: () => Promise<void>): LogReplica => ({ offer: () => undefined, admit: async () => undefined, ready });

it('secures the first checkpoint before the log begins, and lets what there is go out at its end', async () => {
  const artery = new NotedArtery();
  const run = await runWithoutSteps(artery);
  expect(artery.history).toEqual(['written 0', 'secure 0 after 0 records', 'begin after run.accepted']);
  expect(run.status.artery).toMatchObject({ connected: false });
  await run.run();
  expect(artery.history.slice(3)).toEqual(['settled in 30000', 'close in 2000']);
  expect(run.events.last('checkpoint.written')?.data).toEqual({
    step: 0,
    path: artery.run!.store.path(0),
    manifest: manifestDigest((await artery.run!.store.read(0)).manifest),
    bytes: expect.any(Number) as number,
  });
});

it('is not accepted when a standby could not begin with it', async () => {
  const artery = new NotedArtery();
  artery.refusal = new WireError('REFUSED', 'submit: NATS is away');
  await expect(runWithoutSteps(artery)).rejects.toThrow('submit: NATS is away');
  expect((await readLog(artery.run!.folder)).records).toEqual([]);
  expect(artery.history.at(-1)).toBe('close in 0');
});

it('serves its bundle and the objects of its checkpoints to whoever fetches them', async () => {
  const artery = new NotedArtery();
  const run = await runWithoutSteps(artery);
  expect(await run.object(run.bundleDigest)).toBe(artery.run!.bundle);
  const manifest = String(run.events.last('checkpoint.written')?.data['manifest']);
  expect(manifestDigest(await run.object(manifest))).toBe(manifest);
  await expect(run.object(`sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await run.run();
});

it('takes no wish of a person before the copy of the log is ready for it, and none when it is deposed', async () => {
  let ready: () => void = () => undefined;
  const run = await runWithoutSteps(new NotedArtery(replica(() => new Promise((resolve) => (ready = resolve)))));
  const stopped = run.control({ action: 'stop', reason: 'enough' });
  await setImmediate();
  expect(run.status.state).not.toBe('stopping');
  ready();
  await stopped;
  await run.run();

  const other = { what: 'the copy', expected: 'its own', got: 'a record of term 2', hint: '' };
  const deposed = await runWithoutSteps(new NotedArtery(replica(() => Promise.reject(new RunStoreError('LOG_DEPOSED', other)))));
  await expect(deposed.control({ action: 'pause', reason: 'wait' })).rejects.toMatchObject({ code: 'REFUSED' });
  await deposed.run();
});
