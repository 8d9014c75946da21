/**
 * G8: two coordinators on one run. The one that was stopped beyond its lease comes back as a leader that is none any more: it announces nothing, its
 * requests of people fail, and it leaves; what both wrote of a step is the same. Who does not ask for a take-over is refused.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ChaosProxy } from '@geodesic/chaos';
import { compareCommit, decodeRecords } from '@geodesic/cluster';
import type { LogRecord, LogView } from '@geodesic/cluster';
import { readLog, RunFolder } from '@geodesic/run-store';
import { connectRuns } from '@geodesic/wire';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { FIXTURE_ENVIRONMENT, fixtureBundle } from './harness/bundles.ts';
import type { Child, Ended } from './harness/child.ts';
import { EventFeed } from './harness/event-feed.ts';
import { after, isCommit, joins } from './harness/faults.ts';
import { ms, reportBound } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import type { RunRecord } from './harness/run-record.ts';
import { TestCluster } from './harness/test-cluster.ts';
import { undisturbed } from './harness/undisturbed.ts';

/** A record of a step, or of an attempt that was given up. */
type Commit = Extract<LogRecord, { type: 'step' | 'rejected' }>;

const leaseMs = 500;
const bundle = fixtureBundle({ steps: 60, parameters: 2000, checkpointEvery: 20, work: 40, quadratic: true, leaseMs });

let reference: RunRecord;
const closing: (() => Promise<unknown> | undefined)[] = [];

beforeAll(async () => {
  reference = await undisturbed(bundle, FIXTURE_ENVIRONMENT);
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A run whose workers can be led to another coordinator, in progress. */
interface Movable {
  readonly cluster: TestCluster;
  /** Leads the workers there, now and whenever they connect again. */
  readonly move: (address: string) => void;
}

async function movableRun(): Promise<Movable> {
  const cluster = await TestCluster.start({ env: FIXTURE_ENVIRONMENT });
  closing.push(() => cluster.dispose());
  const target = { host: '127.0.0.1', port: portOf(cluster.address) };
  const proxy = await ChaosProxy.listen({ target, seed: 1 });
  closing.push(() => proxy.close());
  for (const name of ['worker-1', 'worker-2']) await cluster.addWorker(name, { args: ['--coordinator', proxy.address] });
  await cluster.submit(bundle);
  const move = (address: string): void => {
    target.port = portOf(address);
    proxy.cut();
  };
  return { cluster, move };
}

/** The run under its next leader. */
interface Successor {
  readonly process: Child;
  readonly feed: EventFeed;
  /** From the start of its process to its first new commit, ms. */
  readonly takeOverMs: number;
  /** Commits that it found in the log. */
  readonly found: number;
}

/** Stops the leader for longer than the lease, and has another coordinator take the run over together with the workers. */
async function succeed(movable: Movable): Promise<Successor> {
  await movable.cluster.untilStep(8);
  movable.cluster.kill('coordinator', 'SIGSTOP');
  await after(2 * leaseMs);
  return takeOver(movable);
}

async function takeOver({ cluster, move }: Movable): Promise<Successor> {
  const { runId } = cluster;
  const startedMs = performance.now();
  const process = cluster.startAnother({ args: ['--resume', runId, '--takeover'] });
  const address = await process.listening();
  const { head, pausedFrom } = await cluster.log();
  const found = head.step;
  move(address);
  const feed = new EventFeed({ runId, address: async () => address });
  closing.push(() => feed.close());
  if (pausedFrom !== undefined) await resumeRun(runId, address);
  const { seenMs } = await feed.until(({ type, data }) => type === 'step.committed' && Number(data['step']) > found);
  return { process, feed, takeOverMs: seenMs - startedMs, found };
}

/** Lets the deposed leader go on. @returns how it ended, and how long that took */
async function comeBack(cluster: TestCluster): Promise<Ended & { readonly afterMs: number }> {
  const resumedMs = performance.now();
  cluster.kill('coordinator', 'SIGCONT');
  const end = await cluster.coordinator.ended;
  return { ...end, afterMs: performance.now() - resumedMs };
}

/** The end of the run under its successor: the bits of the undisturbed run, the same workers, and not a word of the deposed leader. */
async function expectOneRun(cluster: TestCluster, { process, feed, found }: Successor): Promise<LogView> {
  await feed.until(({ type }) => type === 'run.finished');
  expect((await process.ended).code).toBe(0);
  await expectSameRun(cluster.directory, reference);
  const announced = cluster.feed.events.filter(isCommit).map(({ data }) => Number(data['step']));
  expect(Math.max(...announced)).toBeLessThanOrEqual(found);
  const pids = new Set(feed.of('worker.joined').filter(({ data }) => data['worker'] !== 'loyal').map(({ data }) => data['pid'])); // prettier-ignore
  expect(pids).toEqual(new Set(['worker-1', 'worker-2'].map((name) => cluster.worker(name).pid)));
  const view = await cluster.log();
  expect(view.term).toBe(2);
  return view;
}

it('G8: a stopped leader that comes back after a take-over announces nothing more and leaves', async () => {
  const movable = await movableRun();
  const { cluster } = movable;
  const successor = await succeed(movable);
  const end = await comeBack(cluster);
  expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('LOG_DEPOSED') as string });
  await expectOneRun(cluster, successor);
  reportBound({
    id: 'G8',
    fault: `SIGSTOP of the leader for more than its lease (${ms(leaseMs)}), take-over, SIGCONT`,
    measured: `the successor's first new commit ${ms(successor.takeOverMs)} after its start; the deposed leader ended ${ms(end.afterMs)} after SIGCONT with LOG_DEPOSED and announced 0 steps`,
    bound: 'at most one term writes control records',
    note: 'the same worker processes throughout',
  });
});

it('G8: step records of a leader that is deposed in the middle of a step equal those of its successor', async () => {
  let compared = 0;
  for (let attempt = 0; attempt < 4 && compared === 0; attempt++) {
    const movable = await movableRun();
    const { cluster } = movable;
    await cluster.addWorker('loyal'); // stays with the first coordinator and brings its step to an end
    await cluster.until(joins('loyal'));
    await cluster.untilStep(8);
    // The successor puts a copy in the place of what the first still writes to.
    const first = await open(join(cluster.directory, 'commit.log'), 'r');
    const successor = await takeOver(movable);
    const end = await cluster.coordinator.ended;
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('LOG_DEPOSED') as string });
    cluster.kill('loyal', 'SIGKILL');
    const view = await expectOneRun(cluster, successor);
    // The step under way is written by both, unless the first wrote it just between the other's claim and its reading.
    for (const entry of await supersededCommits(cluster.directory, first)) {
      const isSame = ({ type, step, attempt: tried }: Pick<Commit, 'type' | 'step' | 'attempt'>): boolean =>
        type === entry.type && step === entry.step && tried === entry.attempt;
      compareCommit(view.commits.find(isSame)!, entry);
      compared += 1;
    }
  }
  expect(compared).toBeGreaterThan(0);
  reportBound({
    id: 'G8',
    fault: 'take-over from a leader that lives, in the middle of a step',
    measured: `both terms wrote ${compared} ${compared === 1 ? 'record' : 'records'} of the same step, equal but for term and coverage; the first leader announced none of them`,
    bound: 'step records of different terms are equal apart from the term',
  });
});

it('G8: a request to a deposed leader fails and is in no log that counts', async () => {
  const movable = await movableRun();
  const { cluster } = movable;
  const successor = await succeed(movable);
  const asked = cluster.client.control({ run: cluster.runId, action: 'pause', reason: 'asked of the wrong one' });
  const [answer, end] = await Promise.all([asked.then(() => 'granted', (error: Error) => error), comeBack(cluster)]); // prettier-ignore
  expect(answer).toBeInstanceOf(Error);
  expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('LOG_DEPOSED') as string });
  const view = await expectOneRun(cluster, successor);
  expect(view.pausedFrom).toBeUndefined();
  expect(successor.feed.of('run.paused')).toEqual([]);
});

it('G8: a deposed leader that has nothing to do and hears of nobody finds out, and leaves', async () => {
  const movable = await movableRun();
  const { cluster } = movable;
  await cluster.untilStep(8);
  await cluster.client.control({ run: cluster.runId, action: 'pause', reason: 'nothing to do' });
  await cluster.until(({ type }) => type === 'run.paused');
  const successor = await succeed(movable);
  const end = await comeBack(cluster);
  expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('LOG_DEPOSED') as string });
  await expectOneRun(cluster, successor);
});

it('G8: a deposed leader that is asked to stop sends no worker home', async () => {
  const movable = await movableRun();
  const { cluster } = movable;
  await cluster.addWorker('loyal');
  await cluster.until(joins('loyal'));
  const successor = await succeed(movable);
  cluster.kill('coordinator', 'SIGTERM');
  await comeBack(cluster);
  await after(500);
  expect(cluster.worker('loyal').isRunning).toBe(true); // it looks for the leader
  cluster.kill('loyal', 'SIGKILL');
  await expectOneRun(cluster, successor);
});

it('G8: a second coordinator without --takeover is refused, and the first goes on', async () => {
  const { cluster } = await movableRun();
  await cluster.untilStep(5);
  const { pid } = cluster.coordinator;
  const refused = await cluster.startAnother({ args: ['--resume', cluster.runId] }).ended;
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('RUN_ACTIVE') as string });
  expect(refused.stderr).toContain(`pid ${pid}`);
  await cluster.finished(['worker-1', 'worker-2']);
  await expectSameRun(cluster.directory, reference);
  expect((await cluster.log()).term).toBe(1);
});

/** A pause outlives the leader that was asked for it. */
async function resumeRun(run: string, address: string): Promise<void> {
  const client = connectRuns(address);
  try {
    await expect.poll(async () => (await client.get(run)).state).toBe('paused'); // it recovers first
    await client.control({ run, action: 'resume', reason: 'somebody is there again' });
  } finally {
    client.close();
  }
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

/** What the first leader wrote and its successor does not stand on: steps and rejections in the tail of its segment. */
async function supersededCommits(directory: string, first: FileHandle): Promise<readonly Commit[]> {
  const { records } = await readLog(new RunFolder(basename(directory), directory));
  const { sequence } = records.find(({ term }) => term === 2)!;
  const written = decodeRecords(await first.readFile()).records;
  await first.close();
  return written.filter(
    (record): record is Commit => record.sequence >= sequence && (record.type === 'step' || record.type === 'rejected'),
  );
}
