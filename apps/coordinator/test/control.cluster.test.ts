import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeRecords } from '@geodesic/cluster';
import { connectRuns, WireError } from '@geodesic/wire';
import { collect, listening, LocalCluster, startCoordinatorProcess, untilJoined } from './local-cluster.ts';
import type { Ended } from './local-cluster.ts';

const clusters: LocalCluster[] = [];

afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

async function start(args?: readonly string[]): Promise<LocalCluster> {
  const cluster = await LocalCluster.start(args);
  clusters.push(cluster);
  return cluster;
}

/** Long enough to be stopped. */
const endless = { steps: 100_000, parameters: 5000 };

/** A worker that comes after the end waits for a coordinator that has gone; so the end waits for both. */
const bothAtWork = (): ((event: { type: string; data: Readonly<Record<string, unknown>> }) => boolean) => {
  let joined = 0;
  return ({ type }) => {
    if (type === 'worker.joined') joined += 1;
    return joined === 2 && type === 'step.committed';
  };
};

const isStep =
  (step: number) =>
  ({ type, data }: { type: string; data: Readonly<Record<string, unknown>> }): boolean =>
    type === 'step.committed' && data['step'] === step;

describe('a program that fails on any host alike', () => {
  it('ends the run with the worker’s words, sends the worker home and leaves a readable folder', async () => {
    const cluster = await start();
    // One worker: a second one might come after the end of the run, and wait for a coordinator that has gone.
    const worker = cluster.addWorker('worker-1');
    const { directory, events } = await cluster.submit({ failAt: 5, checkpointEvery: 2 });
    const reason = 'step 5, phase grad, slot 3: Log makes NaN';
    const checkpoint = join(directory, 'checkpoints', 'step-000002');
    const message = new RegExp(`^${reason} \\(met by worker-1\\); the last good checkpoint is ${checkpoint}$`);
    const said = expect.stringMatching(message) as string;
    const error = { code: 'PROGRAM_FAILED', message: said, hint: expect.stringContaining('guard the operation') as string };
    expect((await collect(events)).at(-1)).toMatchObject({ type: 'run.finished', data: { state: 'failed', error } });
    const [coordinator, end] = await Promise.all([cluster.coordinator.ended, worker.ended]);
    expect(coordinator.code).toBe(65);
    expect([end.code, end.stderr]).toEqual([65, expect.stringContaining(reason)]);
    expect(JSON.parse(await readFile(join(directory, 'result.json'), 'utf8'))).toMatchObject({ state: 'failed', steps: 4, error });
  });
});

describe('stopping a run', () => {
  it.each(['Runs.Control', 'SIGTERM', 'SIGINT'] as const)(
    'by %s leaves a readable folder, sends the workers home and exits 0',
    async (how) => {
      const cluster = await start();
      const workers = ['worker-1', 'worker-2'].map((name) => cluster.addWorker(name));
      const { runId, directory, events } = await cluster.submit(endless);
      await collect(events, bothAtWork());
      const asked = performance.now();
      if (how === 'Runs.Control') await cluster.client.stop(runId, 'enough');
      else cluster.coordinator.child.kill(how);
      const last = (await collect(events)).at(-1);
      expect(last).toMatchObject({ type: 'run.finished', data: { state: 'stopped' } });
      const ends = await Promise.all([cluster.coordinator, ...workers].map(({ ended }) => ended));
      expect(performance.now() - asked).toBeLessThan(2000);
      expect(ends.map(({ code }) => code)).toEqual([0, 0, 0]);
      const log = decodeRecords(await readFile(join(directory, 'commit.log')));
      expect(log.torn).toBeUndefined();
      expect(log.records.at(-1)).toMatchObject({ type: 'finished', state: 'stopped' });
      const reason = how === 'Runs.Control' ? 'enough' : how;
      expect(log.records.filter(({ type }) => type === 'control')).toMatchObject([{ type: 'control', action: 'stop', reason }]);
      expect(JSON.parse(await readFile(join(directory, 'result.json'), 'utf8'))).toMatchObject({ state: 'stopped' });
    },
  );

  it('stops at once when no worker has come', async () => {
    const cluster = await start();
    const { events } = await cluster.submit(endless);
    cluster.coordinator.child.kill('SIGTERM');
    expect((await collect(events)).at(-1)).toMatchObject({ data: { state: 'stopped', result: { steps: 0 } } });
    expect((await cluster.coordinator.ended).code).toBe(0);
  });

  it('ends an idle coordinator with exit code 0', async () => {
    const cluster = await start([]);
    cluster.coordinator.child.kill('SIGINT');
    expect((await cluster.coordinator.ended).code).toBe(0);
  });

  it('ends with its parent', async () => {
    const cluster = await start(['--once', '--exit-with-parent']);
    const { events } = await cluster.submit(endless);
    cluster.coordinator.child.stdin!.end();
    expect((await collect(events)).at(-1)).toMatchObject({ data: { state: 'stopped' } });
    expect((await cluster.coordinator.ended).code).toBe(0);
  });
});

describe('a worker', () => {
  it('leaves on SIGTERM with exit code 0, without a wait for its lease', async () => {
    const cluster = await start();
    const [first] = ['worker-1', 'worker-2'].map((name) => cluster.addWorker(name));
    const { runId, events } = await cluster.submit({ ...endless, leaseMs: 60_000 });
    await untilJoined(events, 'worker-1');
    first.child.kill('SIGTERM');
    expect((await first.ended).code).toBe(0);
    const after = await collect(events, ({ type }) => type === 'worker.lost');
    expect(after.at(-1)!.data).toMatchObject({ worker: 'worker-1', reason: 'the worker was asked to leave' });
    await collect(events, ({ type }) => type === 'step.committed');
    await cluster.client.stop(runId, 'seen enough');
  });

  it('of another build is refused with exit code 78 and the field', async () => {
    const cluster = await start();
    cluster.addWorker('worker-1');
    const { runId, events } = await cluster.submit(endless);
    await collect(events, isStep(1));
    const { code, stderr } = await cluster.addWorker('worker-2', { FIXTURE_BUILD: 'b' }).ended;
    expect(code).toBe(78);
    expect(stderr).toMatch(/fingerprint\.build: expected \\"a\\", got \\"b\\"/);
    await cluster.client.stop(runId, 'seen enough');
  });

  it('is replaced by a newer process of its name, and told so', async () => {
    const cluster = await start();
    const first = cluster.addWorker('worker-1');
    const { runId, events } = await cluster.submit(endless);
    await collect(events, isStep(1));
    cluster.addWorker('worker-1');
    const { code, stderr } = await first.ended;
    expect([code, stderr]).toEqual([78, expect.stringContaining('expected a name of its own, got worker-1')]);
    await collect(events, ({ type }) => type === 'step.committed');
    await cluster.client.stop(runId, 'seen enough');
  });

  it('exits 64 for a bad command line and 65 for a bundle that it cannot prepare', async () => {
    const cluster = await start();
    const { events } = await cluster.submit({ steps: 1 });
    expect((await cluster.addWorker('a b').ended).code).toBe(64);
    const broken = await cluster.addWorker('worker-1', { GEODESIC_SLOT_PROGRAM_MODULE: '/nowhere/program.mjs' }).ended;
    expect(broken.code).toBe(65);
    expect(broken.stderr).toContain('/nowhere/program.mjs');
    cluster.addWorker('worker-2');
    expect((await collect(events)).at(-1)).toMatchObject({ data: { state: 'completed' } });
  });
});

describe('geodesic-coordinator', () => {
  it('takes one run at a time, and another one after it', async () => {
    const cluster = await start([]);
    const first = await cluster.submit(endless);
    await expect(cluster.submit({})).rejects.toMatchObject({ code: 'BUSY' });
    await cluster.client.stop(first.runId, 'make room');
    await collect(first.events);
    const second = await cluster.submit({ steps: 2 });
    cluster.addWorker('worker-1');
    expect((await collect(second.events)).at(-1)).toMatchObject({ data: { state: 'completed' } });
  });

  it('refuses a corrupt bundle with a clear error, and with --once exits 65', async () => {
    const cluster = await start();
    const error: unknown = await cluster.client.submit({ bundle: new Uint8Array([1, 2, 3]) }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(WireError);
    expect(error).toMatchObject({ code: 'BUNDLE', message: expect.stringContaining('expected a bundle that can be run') });
    expect((await cluster.coordinator.ended).code).toBe(65);
  });

  it.each([
    [['--port', '0'], 64, '--runs: expected a folder'],
    [['--runs', 'x', '--port', 'seven'], 64, '--port: expected 0..65535'],
    [['--runs', 'x', '--nonsense'], 64, '--nonsense'],
  ])('exits for %j with code %i', async (args, code, message) => {
    const ended = await startCoordinatorProcess(args).ended;
    expect(ended.code).toBe(code);
    expect(lastMessage(ended)).toContain(message);
  });

  it('exits 78 for a folder that cannot be written and for a port in use', async () => {
    const cluster = await start();
    const file = join(cluster.runs, 'file');
    await writeFile(file, '');
    for (const folder of [join(file, 'runs'), '/proc/geodesic/runs']) {
      const unwritable = await startCoordinatorProcess(['--runs', folder]).ended;
      expect([unwritable.code, lastMessage(unwritable)]).toEqual([78, expect.stringContaining('expected a folder that can be written')]);
    }
    const port = cluster.address.split(':')[1];
    const taken = await startCoordinatorProcess(['--runs', cluster.runs, '--port', port]).ended;
    expect([taken.code, lastMessage(taken)]).toEqual([78, expect.stringContaining(`port ${port} on 127.0.0.1 is in use`)]);
  });

  it('prints one line when it listens', async () => {
    const cluster = await start();
    const other = startCoordinatorProcess(['--runs', cluster.runs]);
    const line = await listening(other);
    expect(line).toEqual({ event: 'listening', address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), pid: other.child.pid });
    const client = connectRuns(line.address);
    await expect(client.stop('x', 'y')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    client.close();
    other.child.kill('SIGTERM');
    expect((await other.ended).code).toBe(0);
  });
});

function lastMessage({ stderr }: Ended): string {
  return (JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '{}') as { message: string }).message;
}
