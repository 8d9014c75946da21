/**
 * G4: nats-server is killed and started again, whoever watches is cut off, and the coordinator itself dies, again and again: training goes on,
 * and everybody has every event once, in order.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ChaosProxy } from '@geodesic/chaos';
import { connectRuns } from '@geodesic/wire';
import { NatsServer, natsServerReason } from '@geodesic/testing';
import type { RunEvent } from '@geodesic/wire';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { FIXTURE_ENVIRONMENT, fixtureBundle } from './harness/bundles.ts';
import { expectStoredOnce } from './harness/stored-events.ts';
import { ms, quantile, reportBound, spread } from './harness/report-bound.ts';
import { expectSameRun } from './harness/run-record.ts';
import type { RunRecord } from './harness/run-record.ts';
import { TestCluster } from './harness/test-cluster.ts';
import { undisturbed } from './harness/undisturbed.ts';

const bundle = fixtureBundle({ steps: 240, parameters: 2000, checkpointEvery: 100, work: 40 });
let reference: RunRecord;
const noServer = natsServerReason();
if (noServer !== undefined) console.warn(`G4: nats-server is not killed: ${noServer}`);
let cluster: TestCluster | undefined;
let nats: NatsServer | undefined;
const watchers: Watcher[] = [];
const proxies: ChaosProxy[] = [];

beforeAll(async () => {
  reference = await undisturbed(bundle, FIXTURE_ENVIRONMENT);
});

afterEach(async () => {
  for (const watcher of watchers.splice(0)) watcher.leave();
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  await cluster?.dispose();
  await nats?.stop();
});

/** Somebody who watches over a line that breaks, and goes on after the last event that arrived. */
class Watcher {
  readonly events: RunEvent[] = [];
  /** How often it had to watch again. */
  breaks = 0;
  readonly done: Promise<void>;
  readonly #left = new AbortController();

  constructor(address: string, runId: string) {
    this.done = this.#watch(address, runId);
  }

  leave(): void {
    this.#left.abort();
  }

  async #watch(address: string, runId: string): Promise<void> {
    const { signal } = this.#left;
    while (!signal.aborted && this.events.at(-1)?.type !== 'run.finished') {
      const client = connectRuns(address);
      try {
        for await (const event of client.watch(runId, { fromSequence: this.events.length + 1, signal })) this.events.push(event);
      } catch {
        this.breaks += 1;
        await new Promise((later) => setTimeout(later, 20)); // the next line may not be there yet
      } finally {
        client.close();
      }
    }
  }
}

/** A run with watchers, each behind a proxy of its own. */
async function watchedRun(count: number): Promise<TestCluster> {
  const started = await TestCluster.start({ workers: 2, env: FIXTURE_ENVIRONMENT });
  cluster = started;
  const { runId } = await started.submit(bundle);
  const [host, port] = started.address.split(':');
  for (let seed = 0; seed < count; seed++) {
    const proxy = await ChaosProxy.listen({ target: { host, port: Number(port) }, seed });
    proxies.push(proxy);
    watchers.push(new Watcher(proxy.address, runId));
  }
  return started;
}

/** Every watcher has seen what the file holds: every event once, in order, without a gap. */
async function expectWholeStories(directory: string): Promise<number> {
  await Promise.all(watchers.map(({ done }) => done));
  const lines = (await readFile(join(directory, 'events.ndjson'), 'utf8')).trimEnd().split('\n');
  const told = lines.map((line) => JSON.parse(line) as RunEvent);
  for (const { events } of watchers) expect(events).toEqual(told);
  return told.length;
}

it('G4: watchers that are cut off get every event once, and training does not wait for them', async () => {
  const run = await watchedRun(3);
  const cutsMs: number[] = [];
  for (let step = 12; step < 240; step += 12) {
    await run.untilStep(step);
    cutsMs.push(performance.now());
    for (const proxy of proxies) proxy.cut();
  }
  await run.finished(['worker-1', 'worker-2']);
  const count = await expectWholeStories(run.directory);
  await expectSameRun(run.directory, reference);
  for (const { breaks } of watchers) expect(breaks).toBeGreaterThan(5);

  const commits = run.feed.of('step.committed').map(({ seenMs }) => seenMs);
  const gaps = commits.slice(1).map((at, i) => at - commits[i]);
  const afterCuts = cutsMs.flatMap((cut) => commits.find((at) => at > cut) ?? []).map((at, i) => at - cutsMs[i]);
  reportBound({
    id: 'G4',
    fault: `${cutsMs.length} times the lines of 3 watchers are reset`,
    measured: `0 steps lost; next commit after a cut ${spread(afterCuts)} (between two commits p50 ${ms(quantile(gaps, 0.5))}, p95 ${ms(quantile(gaps, 0.95))}); ${count} events, each once, no gap`,
    bound: '0 steps lost; training does not stop; events without gap or duplicate',
    note: `${watchers.reduce((sum, { breaks }) => sum + breaks, 0)} broken watches`,
  });
  expect(quantile(afterCuts, 0.5)).toBeLessThan(1000);
});

it('G4: events go on without gap or duplicate when the coordinator is killed and comes back', async () => {
  const run = await watchedRun(3);
  for (const step of [60, 120, 180]) {
    await run.untilStep(step);
    run.kill('coordinator', 'SIGKILL');
    await run.restartCoordinator();
  }
  await run.finished(['worker-1', 'worker-2']);
  const count = await expectWholeStories(run.directory);
  await expectSameRun(run.directory, reference);
  reportBound({
    id: 'G4',
    fault: '3 times SIGKILL of the coordinator under 3 watchers',
    measured: `0 steps lost; ${count} events, each once, no gap`,
    bound: '0 steps lost; events without gap or duplicate',
  });
});

describe.skipIf(noServer !== undefined)('G4 with nats-server', () => {
  /** A run whose events go to a server. */
  async function publishedRun(): Promise<{ readonly run: TestCluster; readonly server: NatsServer; readonly runId: string }> {
    const server = await NatsServer.start();
    nats = server;
    const run = await TestCluster.start({ workers: 2, env: FIXTURE_ENVIRONMENT, coordinatorArgs: ['--nats', server.url] });
    cluster = run;
    const { runId } = await run.submit(bundle);
    return { run, server, runId };
  }

  it('G4: SIGKILL of nats-server loses no step and no event, and training does not wait', async () => {
    const { run, server, runId } = await publishedRun();
    const killsMs: number[] = [];
    const behind: number[] = [];
    const caughtUpMs: number[] = [];
    for (const step of [30, 80, 130, 180]) {
      await run.untilStep(step);
      killsMs.push(performance.now());
      await server.kill();
      await run.untilStep(step + 25);
      behind.push((await run.client.get(runId)).artery?.behind ?? 0);
      const backMs = performance.now();
      await server.restart();
      await vi.waitUntil(
        async () => {
          const { artery } = await run.client.get(runId);
          return artery?.connected === true && artery.behind < 5;
        },
        { timeout: 20_000, interval: 20 },
      );
      caughtUpMs.push(performance.now() - backMs);
    }
    await run.finished(['worker-1', 'worker-2']);
    await expectSameRun(run.directory, reference);
    const { own, derived } = await expectStoredOnce(server.url, runId, run.directory);
    for (const events of behind) expect(events).toBeGreaterThanOrEqual(20);

    const commits = run.feed.of('step.committed').map(({ seenMs }) => seenMs);
    const gaps = commits.slice(1).map((at, i) => at - commits[i]);
    const afterKills = killsMs.map((kill) => commits.find((at) => at > kill)! - kill);
    reportBound({
      id: 'G4',
      fault: `${killsMs.length} times SIGKILL of nats-server, away for 25 steps each`,
      measured: `0 steps lost; next commit after a kill ${spread(afterKills)} (between two commits p50 ${ms(quantile(gaps, 0.5))}, p95 ${ms(quantile(gaps, 0.95))}); ${own} events in NATS, each once, no gap, with ${derived} derived; ${behind.join(', ')} events behind, caught up ${spread(caughtUpMs)} after its start`,
      bound: '0 steps lost; training does not stop; events without gap or duplicate',
    });
    expect(quantile(afterKills, 0.5)).toBeLessThan(1000);
  });

  it('G4: SIGKILL of the coordinator, and of nats-server with it, leaves every event in NATS once', async () => {
    const { run, server, runId } = await publishedRun();
    for (const step of [60, 120, 180]) {
      await run.untilStep(step);
      run.kill('coordinator', 'SIGKILL');
      if (step === 120) await server.restart();
      await run.restartCoordinator();
    }
    await run.finished(['worker-1', 'worker-2']);
    await expectSameRun(run.directory, reference);
    const { own, derived } = await expectStoredOnce(server.url, runId, run.directory);
    reportBound({
      id: 'G4',
      fault: '3 times SIGKILL of the coordinator, once with nats-server',
      measured: `0 steps lost; ${own} events in NATS, each once, no gap, with ${derived} derived`,
      bound: '0 steps lost; events without gap or duplicate',
    });
  });
});
