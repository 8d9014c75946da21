import { rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { collect, LocalCluster, startCoordinatorProcess } from './local-cluster.ts';
import type { FixtureSpec, TestProcess } from './local-cluster.ts';
import { eventsOf, expectEachStepOnce, readRun } from './run-record.ts';
import type { RunRecord } from './run-record.ts';

const clusters: LocalCluster[] = [];

afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

async function start(args?: readonly string[], env?: NodeJS.ProcessEnv): Promise<LocalCluster> {
  const cluster = await LocalCluster.start(args, env);
  clusters.push(cluster);
  return cluster;
}

const plain: FixtureSpec = { steps: 24, parameters: 2000, checkpointEvery: 10 };
/** Several rounds a step, rejected attempts, and a change that is taken back. */
const quadratic: FixtureSpec = { ...plain, steps: 16, checkpointEvery: 5, quadratic: true, failOnce: 7 };

async function undisturbed(spec: FixtureSpec): Promise<RunRecord> {
  const cluster = await start();
  cluster.addWorker('worker-1');
  const { directory, events } = await cluster.submit(spec);
  await collect(events);
  await cluster.coordinator.ended;
  return readRun(directory);
}

interface Disturbed {
  readonly cluster: LocalCluster;
  readonly runId: string;
  readonly directory: string;
  readonly workers: readonly TestProcess[];
}

/** A run whose coordinator has killed itself at a cut point. */
async function killedAt(failPoint: string, spec: FixtureSpec, workers = 2): Promise<Disturbed> {
  const cluster = await start(['--once'], { GEODESIC_FAILPOINT: failPoint });
  const processes = Array.from({ length: workers }, (_, i) => cluster.addWorker(`worker-${i + 1}`));
  const { runId, directory, events } = await cluster.submit(spec);
  await collect(events).catch(() => undefined);
  expect((await cluster.coordinator.ended).signal).toBe('SIGKILL');
  return { cluster, runId, directory, workers: processes };
}

/** Lets the resumed run come to its end, workers included. */
async function finish({ cluster, runId, directory }: Disturbed, workers: readonly TestProcess[]): Promise<RunRecord> {
  await collect(cluster.client.watch(runId));
  const ends = await Promise.all([cluster.coordinator, ...workers].map(({ ended }) => ended));
  expect(ends.map(({ code }) => code)).toEqual(ends.map(() => 0));
  return readRun(directory);
}

describe.each([
  ['plain steps', plain, 17],
  ['quadratic steps', quadratic, 9],
] as const)('a run of %s whose coordinator is killed', (_, spec, at) => {
  let whole: RunRecord;
  beforeAll(async () => {
    whole = await undisturbed(spec);
    await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
  });

  const cuts = [
    `before-reduce:${at}`,
    `before-append:${at}`,
    `torn-append:${at}`,
    `after-append:${at}`,
    'before-checkpoint-rename:2',
    'after-checkpoint-rename:2',
  ];

  it.each(cuts)('at %s goes on with the same bits, every step once, and the same workers', async (failPoint) => {
    const run = await killedAt(failPoint, spec);
    await run.cluster.resume(run.runId);
    const record = await finish(run, run.workers);
    expect(record.result.paramsDigest).toBe(whole.result.paramsDigest);
    expect(record.result.measurements).toEqual(whole.result.measurements);
    expect(record.result.examples).toBe(whole.result.examples);
    expect(record.view.head).toEqual(whole.view.head);
    await expectEachStepOnce(run.directory, spec.steps!);
    const pids = new Set(eventsOf(record, 'worker.joined').map(({ pid }) => pid));
    expect(pids).toEqual(new Set(run.workers.map(({ child }) => child.pid)));
  });

  it('at the beginning of its take-over goes on with the next one', async () => {
    const run = await killedAt(`after-append:${at}`, spec);
    const taking = startCoordinatorProcess(['--runs', run.cluster.runs, '--once', '--resume', run.runId], {
      GEODESIC_FAILPOINT: 'during-take-over',
    });
    expect((await taking.ended).signal).toBe('SIGKILL');
    await run.cluster.resume(run.runId);
    const record = await finish(run, run.workers);
    expect(record.result.paramsDigest).toBe(whole.result.paramsDigest);
    expect(record.view.term).toBe(3);
    await expectEachStepOnce(run.directory, spec.steps!);
  });

  it('goes on from checkpoint 0 alone, without journal, with other workers', async () => {
    const run = await killedAt(`after-append:${at}`, spec, 1);
    for (const { child } of run.workers) child.kill('SIGKILL');
    await rm(join(run.directory, 'journal'), { recursive: true });
    for (const step of [5, 10, 15])
      await rm(join(run.directory, 'checkpoints', `step-${String(step).padStart(6, '0')}`), { recursive: true, force: true });
    await run.cluster.resume(run.runId);
    const workers = ['other-1', 'other-2', 'other-3'].map((name) => run.cluster.addWorker(name));
    const record = await finish(run, workers);
    expect(record.result.paramsDigest).toBe(whole.result.paramsDigest);
    expect(eventsOf(record, 'run.resumed')).toMatchObject([{ term: 2, step: 0 }]);
    expect(eventsOf(record, 'run.recovered')).toMatchObject([{ replayed: 0 }]);
    await expectEachStepOnce(run.directory, spec.steps!);
  });

  it('goes on from the checkpoint before a damaged one', async () => {
    const run = await killedAt('before-checkpoint-rename:3', spec);
    const newest = spec.checkpointEvery!;
    const parameters = join(run.directory, 'checkpoints', `step-${String(newest).padStart(6, '0')}`, 'parameters.safetensors');
    await truncate(parameters, 100);
    await run.cluster.resume(run.runId);
    const record = await finish(run, run.workers);
    expect(record.result.paramsDigest).toBe(whole.result.paramsDigest);
    expect(eventsOf(record, 'checkpoint.damaged')).toMatchObject([{ step: newest }]);
    await expectEachStepOnce(run.directory, spec.steps!);
  });
});

describe('--resume', () => {
  it('refuses a completed run, and with --from computes it again without a change to what was told', async () => {
    const cluster = await start();
    cluster.addWorker('worker-1');
    const { runId, directory, events } = await cluster.submit(plain);
    await collect(events);
    await cluster.coordinator.ended;
    const before = await readRun(directory);
    const refused = await startCoordinatorProcess(['--runs', cluster.runs, '--once', '--resume', runId]).ended;
    expect([refused.code, refused.stderr]).toEqual([64, expect.stringContaining('RUN_COMPLETED')]);
    await cluster.resume(runId, ['--from', '12']);
    cluster.addWorker('worker-2');
    const after = await finish({ cluster, runId, directory, workers: [] }, []);
    expect(after.result).toMatchObject({ state: 'completed', paramsDigest: before.result.paramsDigest });
    expect(eventsOf(after, 'run.resumed')).toEqual([{ term: 2, step: 10, ahead: 14 }]);
    expect(eventsOf(after, 'run.recovered')).toMatchObject([{ step: 24, replayed: 0 }]);
    await expectEachStepOnce(directory, 24);
  });

  it('refuses a run that is led by a process on this host, naming it, and takes it with --takeover', async () => {
    const endless = { ...plain, steps: 100_000 };
    const cluster = await start();
    cluster.addWorker('worker-1');
    const { runId, directory, events } = await cluster.submit(endless);
    await collect(events, ({ type }) => type === 'step.committed');
    const refused = await startCoordinatorProcess(['--runs', cluster.runs, '--once', '--resume', runId]).ended;
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`pid ${cluster.coordinator.child.pid}`)]);
    const next = startCoordinatorProcess(['--runs', cluster.runs, '--once', '--resume', runId, '--takeover']);
    const deposed = await cluster.coordinator.ended;
    expect([deposed.code, deposed.stderr]).toEqual([1, expect.stringContaining('LOG_DEPOSED')]);
    next.child.kill('SIGTERM');
    expect((await next.ended).code).toBe(0);
    const record = await readRun(directory);
    expect([record.view.term, record.view.stopRequested, record.result.state]).toEqual([2, true, 'stopped']);
    await expectEachStepOnce(directory, record.view.head.step);
  });

  it('takes a failed run up, which meets the same failure again', async () => {
    const cluster = await start();
    const failing = { ...plain, failAt: 5, checkpointEvery: 2 };
    cluster.addWorker('worker-1');
    const { runId, directory, events } = await cluster.submit(failing);
    await collect(events);
    expect((await cluster.coordinator.ended).code).toBe(65);
    await cluster.resume(runId);
    cluster.addWorker('worker-2');
    await collect(cluster.client.watch(runId));
    expect((await cluster.coordinator.ended).code).toBe(65);
    const record = await readRun(directory);
    expect(eventsOf(record, 'run.resumed')).toEqual([{ term: 2, step: 4, ahead: 0 }]);
    const errors = eventsOf(record, 'run.finished').map(({ error }) => (error as { message: string }).message);
    expect(errors).toMatchObject([expect.stringContaining('met by worker-1'), expect.stringContaining('met by worker-2')]);
  });

  it('takes a stopped run up where it stopped', async () => {
    const whole = await undisturbed(plain);
    const cluster = await start();
    const worker = cluster.addWorker('worker-1');
    const { runId, directory, events } = await cluster.submit({ ...plain, work: 3 });
    await collect(events, ({ type, data }) => type === 'step.committed' && data['step'] === 6);
    await cluster.client.stop(runId, 'for today');
    await Promise.all([cluster.coordinator.ended, worker.ended]);
    const stopped = (await readRun(directory)).view;
    expect(stopped.finished).toMatchObject({ state: 'stopped' });
    await cluster.resume(runId);
    const record = await finish({ cluster, runId, directory, workers: [] }, [cluster.addWorker('worker-2')]);
    expect(eventsOf(record, 'run.resumed')).toEqual([{ term: 2, step: stopped.head.step, ahead: 0 }]);
    expect(record.result.paramsDigest).toBe(whole.result.paramsDigest);
    await expectEachStepOnce(directory, 24);
  });

  it('keeps a paused run paused until it is resumed', async () => {
    const whole = await undisturbed(plain);
    const cluster = await start();
    const worker = cluster.addWorker('worker-1');
    const { runId, directory, events } = await cluster.submit({ ...plain, work: 3 });
    await collect(events, ({ type, data }) => type === 'step.committed' && data['step'] === 6);
    const { step } = await cluster.client.control({ run: runId, action: 'pause', reason: 'lunch' });
    await collect(cluster.client.watch(runId), ({ type }) => type === 'run.paused');
    expect(await cluster.client.get('')).toMatchObject({ run: runId, state: 'paused', step: step - 1, term: 1 });
    cluster.coordinator.child.kill('SIGKILL');
    await cluster.resume(runId);
    const watched = cluster.client.watch(runId);
    await collect(watched, ({ type }) => type === 'run.resumed');
    const seen = await collect(watched, ({ type }) => type === 'run.paused');
    expect(seen.at(-1)!.data).toEqual({ step, reason: 'lunch' });
    await cluster.client.control({ run: runId, action: 'resume', reason: 'back' });
    const record = await finish({ cluster, runId, directory, workers: [] }, [worker]);
    expect(eventsOf(record, 'run.continued')).toMatchObject([{ step, reason: 'back' }]);
    expect(record.result.paramsDigest).toBe(whole.result.paramsDigest);
    await expectEachStepOnce(directory, 24);
  });
});

describe('control', () => {
  it('scales down by draining the last workers, remembers it, and drains by name', async () => {
    const cluster = await start();
    const workers = ['worker-1', 'worker-2', 'worker-3'].map((name) => cluster.addWorker(name));
    const { runId, directory, events } = await cluster.submit({ ...plain, steps: 100_000 });
    let joined = 0;
    await collect(events, ({ type }) => type === 'worker.joined' && ++joined === 3);
    await expect(cluster.client.control({ run: runId, action: 'drain', reason: 'x', worker: 'nobody' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await cluster.client.control({ run: runId, action: 'scale', reason: 'cheaper', workers: 2 });
    expect((await workers[2].ended).code).toBe(0);
    await cluster.client.control({ run: runId, action: 'drain', reason: 'maintenance', worker: 'worker-1' });
    expect((await workers[0].ended).code).toBe(0);
    cluster.coordinator.child.kill('SIGKILL');
    await cluster.resume(runId);
    const late = ['worker-8', 'worker-9'].map((name) => cluster.addWorker(name));
    expect((await late[1].ended).code).toBe(0);
    await cluster.client.stop(runId, 'seen enough');
    await cluster.coordinator.ended;
    const record = await readRun(directory);
    expect(eventsOf(record, 'run.scaled')).toMatchObject([{ workers: 2 }]);
    expect(record.view.wantedWorkers).toBe(2);
    await expectEachStepOnce(directory, record.view.head.step);
  });
});

describe('a fork', () => {
  it('goes on from a checkpoint of another run, can be taken up again, and names its parent', async () => {
    const cluster = await start([]);
    cluster.addWorker('worker-1');
    const parent = await cluster.submit(plain);
    await collect(parent.events);
    const whole = await readRun(parent.directory);
    await expect(cluster.submit({ ...plain, fork: { run: parent.runId, step: 11 } })).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('0, 10, 20, 24') as string,
    });
    await expect(cluster.submit({ ...plain, fork: { run: 'nobody', step: 10 } })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const fork = await cluster.submit({ ...plain, name: 'forked', fork: { run: parent.runId, step: 10 } });
    cluster.addWorker('worker-2');
    await collect(fork.events);
    const forked = await readRun(fork.directory);
    expect(forked.view.run).toMatchObject({ step: 10, version: 10, parent: { run: parent.runId, step: 10 } });
    expect(forked.view.commits.map(({ step }) => step)).toEqual(Array.from({ length: 14 }, (_, i) => i + 11));
    expect([forked.view.head, forked.result.paramsDigest]).toEqual([whole.view.head, whole.result.paramsDigest]);
    cluster.coordinator.child.kill('SIGKILL');
    await cluster.resume(fork.runId, ['--from', '15']);
    cluster.addWorker('worker-3');
    await collect(cluster.client.watch(fork.runId), ({ type }) => type === 'run.recovered');
    await cluster.coordinator.ended;
    const again = await readRun(fork.directory);
    expect(again.result).toMatchObject({ state: 'completed', paramsDigest: whole.result.paramsDigest });
  });
});

describe('a relaxed run', () => {
  it('leaves out the slots of a worker that hangs, says so, and leaves the same ones out when it is made again', async () => {
    const cluster = await start();
    const [, hung] = ['worker-1', 'worker-2'].map((name) => cluster.addWorker(name));
    const spec: FixtureSpec = { ...plain, steps: 200, exactness: 'relaxed', quorum: 0.25, parameters: 10_000, work: 3 };
    const { runId, directory, events } = await cluster.submit(spec);
    await collect(events, ({ type, data }) => type === 'step.committed' && data['workers'] === 2 && Number(data['step']) > 20);
    hung.child.kill('SIGSTOP');
    await collect(cluster.client.watch(runId), ({ type }) => type === 'worker.lost');
    cluster.coordinator.child.kill('SIGKILL');
    await cluster.coordinator.ended;
    await rm(join(directory, 'journal'), { recursive: true });
    hung.child.kill('SIGKILL');
    await cluster.resume(runId, ['--from', '0']);
    await collect(cluster.client.watch(runId));
    await cluster.coordinator.ended;
    const record = await readRun(directory);
    const dropped = record.view.commits.flatMap(({ rounds = [] }) => rounds.flatMap((round) => round.dropped ?? []));
    expect(dropped.length).toBeGreaterThan(0);
    expect(record.result).toMatchObject({ state: 'completed', exactness: 'relaxed', droppedSlots: dropped.length });
    expect(record.view.run.exactness).toBe('relaxed');
    await expectEachStepOnce(directory, 200);
  });
});
