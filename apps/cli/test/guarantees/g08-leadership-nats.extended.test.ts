/**
 * G8 with a standby: coordinators with their own folders, a lease and a copy of the log in NATS. Whoever leads may be stopped, killed, told to leave
 * or cut off from NATS: the run goes on with the bits of the undisturbed one, and one term alone writes what people ask for.
 */
import { compareCommit, verifyLog } from '@geodesic/cluster';
import type { LogRecord } from '@geodesic/cluster';
import { readLog, RunFolder } from '@geodesic/run-store';
import { natsServerReason } from '@geodesic/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { KFAC_BUNDLE } from './crash-cuts.ts';
import { fixtureBundle, FIXTURE_ENVIRONMENT, pacedEnvironment } from './harness/bundles.ts';
import type { EventFeed, SeenEvent } from './harness/event-feed.ts';
import { after, isCommit, joins } from './harness/faults.ts';
import { HaCluster } from './harness/ha-cluster.ts';
import { ms, reportBound } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import type { RunRecord } from './harness/run-record.ts';
import { undisturbed } from './harness/undisturbed.ts';

/** A record of a step, or of an attempt that was given up. */
type Commit = Extract<LogRecord, { type: 'step' | 'rejected' }>;

const leaseMs = 1000;
/** What a take-over may take after the lease, ms. */
const TAKE_OVER_MS = 2000;
const steps = 60;
const spec = { steps, parameters: 2000, checkpointEvery: 20, quadratic: true, leaseMs: 1000 };
const bundle = fixtureBundle(spec);
/** For a run that must not be over when NATS is back. */
const longerBundle = fixtureBundle({ ...spec, steps: 2 * steps });

const reason = natsServerReason();
if (reason !== undefined) console.warn(`G8 with a standby is SKIPPED: ${reason}`);

let reference: RunRecord;
let cluster: HaCluster | undefined;

afterEach(async () => {
  await cluster?.dispose();
  cluster = undefined;
});

/** A run of two coordinators and two workers in progress, past its step 8. */
async function startRun(run = bundle): Promise<{ readonly ha: HaCluster; readonly feed: EventFeed }> {
  const ha = await HaCluster.start({ coordinators: ['a', 'b'], workers: 2, leaseMs, env: pacedEnvironment(3) });
  cluster = ha;
  const feed = await ha.submit(run);
  await Promise.all(['worker-1', 'worker-2'].map((name) => feed.until(joins(name))));
  await untilStep(feed, 8);
  return { ha, feed };
}

function untilStep(feed: EventFeed, step: number): Promise<SeenEvent> {
  return feed.until(({ type, data }) => type === 'step.committed' && Number(data['step']) >= step);
}

/** A coordinator has taken the run up. */
interface Successor {
  readonly feed: EventFeed;
  /** When its record `term` was known to be durable, and when it announced its first step, on the clock of `performance.now()`. */
  readonly termMs: number;
  readonly commitMs: number;
}

/** Waits for a coordinator to lead the run in a term. */
async function successor(ha: HaCluster, name: string, term = 2): Promise<Successor> {
  const feed = ha.watch(name);
  const resumed = await feed.until(({ type, data }) => type === 'run.resumed' && data['term'] === term);
  const from = feed.events.indexOf(resumed);
  const recovered = await feed.until(({ type }) => type === 'run.recovered', from);
  const commit = await feed.until(isCommit, feed.events.indexOf(recovered));
  return { feed, termMs: resumed.seenMs, commitMs: commit.seenMs };
}

/** The end of the run at its last leader: the bits of the undisturbed run, every step told once, and the workers that were there before. */
async function expectOneRun(ha: HaCluster, name: string, feed: EventFeed, undisturbedRun = reference): Promise<void> {
  await feed.until(({ type }) => type === 'run.finished');
  expect((await ha.coordinator(name).ended).code).toBe(0);
  await expectSameRun(ha.directory(name), undisturbedRun);
  const ends = await Promise.all(ha.workers.map(({ ended }) => ended));
  expect(ends.map(({ code, stderr }) => (code === 0 ? 0 : stderr))).toEqual([0, 0]);
  const joined = feed.of('worker.joined').map(({ data }) => Number(data['pid']));
  expect(new Set(joined)).toEqual(new Set(ha.workers.map(({ pid }) => pid)));
}

async function recordsOf(ha: HaCluster, name: string): Promise<readonly LogRecord[]> {
  const { records } = await readLog(new RunFolder(ha.runId, ha.directory(name)));
  expect(verifyLog(records).faults).toEqual([]);
  return records;
}

/** Compares the steps that two folders have both. @returns how many, and how many of them were computed by both */
async function expectSameSteps(ha: HaCluster, one: string, other: string): Promise<{ readonly common: number; readonly twice: number }> {
  const [left, right] = await Promise.all([recordsOf(ha, one), recordsOf(ha, other)]);
  const isCommitted = (record: LogRecord): record is Commit => record.type === 'step' || record.type === 'rejected';
  const known = new Map(left.filter(isCommitted).map((record) => [keyOf(record), record]));
  const pairs = right.filter(isCommitted).flatMap((record) => (known.has(keyOf(record)) ? [[known.get(keyOf(record))!, record]] : []));
  for (const [first, second] of pairs) compareCommit(first, second);
  return { common: pairs.length, twice: pairs.filter(([first, second]) => first.term !== second.term).length };
}

function keyOf({ type, step, attempt }: Pick<Commit, 'type' | 'step' | 'attempt'>): string {
  return `${type} ${step}.${attempt}`;
}

/** Which terms wrote what people asked for. */
async function controllingTerms(ha: HaCluster, names: readonly string[]): Promise<readonly number[]> {
  const records = (await Promise.all(names.map((name) => recordsOf(ha, name)))).flat();
  return [...new Set(records.filter(({ type }) => type === 'control').map(({ term }) => term))];
}

async function pause(ha: HaCluster, name: string): Promise<unknown> {
  const client = ha.client(name);
  return client.control({ run: ha.runId, action: 'pause', reason: 'G8' }).then(() => 'granted', (error: Error) => error); // prettier-ignore
}

async function goOn(ha: HaCluster, name: string): Promise<void> {
  await ha.client(name).control({ run: ha.runId, action: 'resume', reason: 'G8' });
}

describe.skipIf(reason !== undefined)('G8: a coordinator with a standby on a real nats-server', () => {
  beforeAll(async () => {
    reference = await undisturbed(bundle, FIXTURE_ENVIRONMENT);
  });

  it('is succeeded when it is stopped beyond its lease, and grants nothing when it comes back', async () => {
    const { ha } = await startRun();
    const stoppedMs = performance.now();
    ha.coordinator('a').kill('SIGSTOP');
    const asked = pause(ha, 'a');
    const next = await successor(ha, 'b');
    expect(await pause(ha, 'b')).toBe('granted');
    await goOn(ha, 'b');
    const resumedMs = performance.now();
    ha.coordinator('a').kill('SIGCONT');
    const end = await ha.coordinator('a').ended;
    const endedMs = performance.now() - resumedMs;
    expect(end).toMatchObject({ code: 1, stderr: expect.stringContaining('LOG_DEPOSED') as string });
    expect(await asked).toBeInstanceOf(Error);
    await expectOneRun(ha, 'b', next.feed);
    expect(await controllingTerms(ha, ['a', 'b'])).toEqual([2]);
    const { common, twice } = await expectSameSteps(ha, 'a', 'b');
    expect(common).toBeGreaterThanOrEqual(8);
    reportBound({
      id: 'G8',
      fault: `SIGSTOP of the leader for more than its lease of ${ms(leaseMs)} in NATS, SIGCONT after its standby had taken over`,
      measured: `the standby's term ${ms(next.termMs - stoppedMs)} after SIGSTOP, its first new step ${ms(next.commitMs - stoppedMs)}; the deposed leader ended ${ms(endedMs)} after SIGCONT; ${common} steps in both logs agree (${twice} computed twice)`,
      bound: 'at most one term writes control records; every commit equal',
      note: '2 workers, the same processes throughout; a pause asked of the deposed leader is refused',
    });
  });

  it('is succeeded within its lease and 2 s when it is killed, by the same workers', async () => {
    const { ha } = await startRun();
    const killedMs = performance.now();
    ha.coordinator('a').kill('SIGKILL');
    const next = await successor(ha, 'b');
    await expectOneRun(ha, 'b', next.feed);
    const takeOverMs = next.termMs - killedMs;
    reportBound({
      id: 'G8',
      fault: `SIGKILL of the leader with a standby, lease ${ms(leaseMs)}`,
      measured: `the standby's term ${ms(takeOverMs)} after it, its first new step ${ms(next.commitMs - killedMs)}`,
      bound: `lease + ${ms(TAKE_OVER_MS)}; bit-identical`,
      note: '2 workers, the same processes throughout',
    });
    expect(takeOverMs).toBeLessThan(leaseMs + TAKE_OVER_MS);
  });

  it('goes on while NATS is away; a pause that is asked meanwhile holds when NATS is back', async () => {
    const longer = await undisturbed(longerBundle, FIXTURE_ENVIRONMENT);
    const { ha, feed } = await startRun(longerBundle);
    await ha.nats.kill('SIGKILL');
    const from = feed.now;
    let isAnswered = false;
    const asked = pause(ha, 'a').finally(() => (isAnswered = true));
    await after(2 * leaseMs);
    const meanwhile = feed.events.slice(from).filter(isCommit).length;
    expect(meanwhile).toBeGreaterThan(3);
    expect([isAnswered, feed.of('run.paused').length]).toEqual([false, 0]);
    const backMs = performance.now();
    await ha.nats.restart();
    expect(await asked).toBe('granted');
    const paused = await feed.until(({ type }) => type === 'run.paused');
    await expect.poll(async () => (await ha.log('b')).head.step, { timeout: 10_000 }).toBe((await ha.log('a')).head.step);
    const caughtUpMs = performance.now() - backMs;
    await goOn(ha, 'a');
    await expectOneRun(ha, 'a', feed, longer);
    expect((await ha.coordinator('b').ended).code).toBe(0);
    expect(await controllingTerms(ha, ['a', 'b'])).toEqual([1]);
    const { common, twice } = await expectSameSteps(ha, 'a', 'b');
    expect([common >= 2 * steps, twice]).toEqual([true, 0]);
    reportBound({
      id: 'G8',
      fault: `SIGKILL of nats-server for ${ms(2 * leaseMs)}, lease ${ms(leaseMs)}, in a run with a standby`,
      measured: `${meanwhile} steps meanwhile, nobody deposed; a pause asked meanwhile held ${ms(paused.seenMs - backMs)} after its restart, the standby's log was whole after ${ms(caughtUpMs)}`,
      bound: 'zero steps lost; requests wait, exact steps do not',
    });
  });

  it('leaves steps to be computed again when it dies while NATS is away', async () => {
    const { ha, feed } = await startRun();
    await ha.nats.kill('SIGKILL');
    const { data } = await feed.until(isCommit, feed.now);
    await untilStep(feed, Number(data['step']) + 5);
    ha.coordinator('a').kill('SIGKILL');
    await ha.coordinator('a').ended;
    const killedMs = performance.now();
    const lost = (await ha.log('a')).head.step;
    const kept = (await ha.log('b')).head.step;
    expect(kept).toBeLessThan(lost);
    await ha.nats.restart();
    const next = await successor(ha, 'b');
    await expectOneRun(ha, 'b', next.feed);
    const { twice } = await expectSameSteps(ha, 'a', 'b');
    expect(twice).toBeGreaterThanOrEqual(5);
    reportBound({
      id: 'G8',
      fault: 'SIGKILL of nats-server, and of the leader 5 steps later',
      measured: `the standby, which knew step ${kept} of ${lost}, made ${twice} commits again, each equal; first new step ${ms(next.commitMs - killedMs)} after the leader's death`,
      bound: 'bit-identical; only time is lost',
    });
  });

  it('steps down when it is asked to leave: nothing stops, and nobody waits for the lease', async () => {
    const { ha } = await startRun();
    const askedMs = performance.now();
    ha.coordinator('a').kill('SIGTERM');
    const next = await successor(ha, 'b');
    expect((await ha.coordinator('a').ended).code).toBe(0);
    await expectOneRun(ha, 'b', next.feed);
    expect(await controllingTerms(ha, ['a', 'b'])).toEqual([]);
    const takeOverMs = next.termMs - askedMs;
    reportBound({
      id: 'G8',
      fault: `SIGTERM of the leader with a standby, lease ${ms(leaseMs)}`,
      measured: `the standby's term ${ms(takeOverMs)} after it, its first new step ${ms(next.commitMs - askedMs)}`,
      bound: 'the lease is not waited for; no record of a stop',
    });
    expect((await expectSameSteps(ha, 'a', 'b')).twice).toBe(0);
  });

  it('leaves also while NATS is away, and is succeeded when NATS is back', async () => {
    const { ha } = await startRun();
    await ha.nats.kill('SIGKILL');
    ha.coordinator('a').kill('SIGTERM');
    expect((await ha.coordinator('a').ended).code).toBe(0);
    await ha.nats.restart();
    const next = await successor(ha, 'b');
    await expectOneRun(ha, 'b', next.feed);
    expect(await controllingTerms(ha, ['a', 'b'])).toEqual([]);
  });

  it('comes back as a standby in its own folder, and leads again when its successor is killed', async () => {
    const { ha } = await startRun();
    ha.coordinator('a').kill('SIGKILL');
    const next = await successor(ha, 'b');
    await ha.startCoordinator('a');
    const { data } = await next.feed.until(isCommit, next.feed.now);
    await untilStep(next.feed, Number(data['step']) + 2);
    await expect.poll(async () => (await ha.log('a')).term, { timeout: 10_000 }).toBe(2);
    ha.coordinator('b').kill('SIGKILL');
    const last = await successor(ha, 'a', 3);
    await expectOneRun(ha, 'a', last.feed);
    expect((await ha.log('a')).term).toBe(3);
    await expectSameSteps(ha, 'a', 'b');
  });

  it('shares its folder with no other coordinator', async () => {
    const { ha, feed } = await startRun();
    for (const name of ['a', 'b']) {
      const refused = await ha.startInFolderOf(name).ended;
      expect(refused).toMatchObject({ code: 78, stderr: expect.stringContaining('HA_SHARED_FOLDER') as string });
    }
    await expectOneRun(ha, 'a', feed);
    expect((await ha.coordinator('b').ended).code).toBe(0);
  });
});

describe.skipIf(reason !== undefined)('G8: a K-FAC run with a standby on a real nats-server', () => {
  it('goes on from a broadcast checkpoint with the same bits when its leader is killed', async () => {
    const kfac = await undisturbed(KFAC_BUNDLE);
    const ha = await HaCluster.start({ coordinators: ['a', 'b'], workers: 2, leaseMs });
    cluster = ha;
    const feed = await ha.submit(KFAC_BUNDLE);
    await untilStep(feed, 11);
    const killedMs = performance.now();
    ha.coordinator('a').kill('SIGKILL');
    const next = await successor(ha, 'b');
    await expectOneRun(ha, 'b', next.feed, kfac);
    const { data } = next.feed.of('run.resumed').at(-1)!;
    expect(Number(data['step'])).toBeGreaterThanOrEqual(8);
    reportBound({
      id: 'G8',
      fault: `SIGKILL of the leader of a K-FAC run with a standby, lease ${ms(leaseMs)}`,
      measured: `the standby's term ${ms(next.termMs - killedMs)} after it, its first new step ${ms(next.commitMs - killedMs)}, from the checkpoint after step ${Number(data['step'])}`,
      bound: 'bit-identical',
      note: 'digits-kfac-adaptive, 2 workers, the same processes throughout',
    });
  });
});

describe.skipIf(reason !== undefined)('G8: a relaxed run with a standby on a real nats-server', () => {
  it('commits nothing while NATS is away, and goes on when it is back', async () => {
    const relaxed = fixtureBundle({ steps, parameters: 2000, checkpointEvery: 20, leaseMs: 1000, exactness: 'relaxed' });
    const ha = await HaCluster.start({ coordinators: ['a', 'b'], workers: 2, leaseMs, env: pacedEnvironment(3) });
    cluster = ha;
    const feed = await ha.submit(relaxed);
    await untilStep(feed, 8);
    await ha.nats.kill('SIGKILL');
    const from = feed.now;
    await after(2 * leaseMs);
    // One may have been admitted already.
    expect(feed.events.slice(from).filter(isCommit).length).toBeLessThanOrEqual(1);
    await ha.nats.restart();
    await feed.until(({ type }) => type === 'run.finished');
    expect((await ha.coordinator('a').ended).code).toBe(0);
    const { head, finished } = await ha.log('a');
    expect([head.step, finished?.state]).toEqual([steps, 'completed']);
    expect((await expectSameSteps(ha, 'a', 'b')).twice).toBe(0);
  });
});
