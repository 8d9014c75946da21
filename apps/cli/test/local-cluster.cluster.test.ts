/** The local cluster with real processes that stand in for coordinator and workers: starts, deaths, restarts and ends. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CoordinatorArtery } from '../src/artery/coordinator-artery.ts';
import { startLocalCluster, type LocalCluster } from '../src/cluster/local-cluster.ts';

let folder: string;
let notices: string[];
let cluster: LocalCluster | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'geo-cluster-'));
  notices = [];
});

afterEach(async () => {
  cluster?.killNow();
  await cluster?.ended();
  cluster = undefined;
  rmSync(folder, { recursive: true });
});

async function start({
  coordinator = 'listens',
  worker = 'waits',
  maxRestarts = 2,
  signal = new AbortController().signal,
  resume = undefined as string | undefined,
  artery = undefined as CoordinatorArtery | undefined,
}): Promise<LocalCluster> {
  const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url));
  const programs = { coordinator: fixture(coordinator), worker: fixture(worker) };
  const onNotice = (text: string): void => void notices.push(text);
  const taken = { ...(resume !== undefined && { resume: { run: resume, from: 50, takeover: true } }), ...(artery && { artery }) };
  cluster = await startLocalCluster({ programs, runsFolder: folder, port: 0, maxRestarts, onNotice, signal, ...taken });
  return cluster;
}

describe('startLocalCluster', () => {
  it('reads where the coordinator listens', async () => {
    expect((await start({})).addresses).toEqual(['127.0.0.1:1']);
  });

  it('says why a coordinator did not start', async () => {
    const message =
      'coordinator: expected a line that says where it listens, got exit code 78: --port: expected a free port, got one in use';
    await expect(start({ coordinator: 'does-not-start' })).rejects.toMatchObject({ code: 'COORDINATOR_START', exitCode: 3, message });
  });

  it('lets a coordinator that takes a run up have the word when it cannot', async () => {
    const message = { code: 'RUN_DAMAGED', message: 'no record', hint: 'geo verify says more' };
    await expect(start({ coordinator: 'is-damaged', resume: 'run-1' })).rejects.toMatchObject(message);
  });

  it('gives up when it is told to', async () => {
    await expect(start({ coordinator: 'waits', signal: AbortSignal.timeout(20) })).rejects.toThrow('timeout');
  });
});

describe('LocalCluster', () => {
  it('starts a killed worker again until the restarts are used up, then fails', async () => {
    const { failed } = await start({ worker: 'is-killed' });
    cluster?.scale(1);
    await expect(failed).rejects.toMatchObject({ code: 'WORKERS_LOST', exitCode: 1 });
    expect(notices).toEqual([
      'worker-1 ended (killed by SIGKILL); started again (1 of 2)',
      'worker-1 ended (killed by SIGKILL); started again (2 of 2)',
      'worker-1 is lost (killed by SIGKILL)',
    ]);
  });

  it('does not start a refused worker again and passes its reason on', async () => {
    const { failed } = await start({ worker: 'is-refused' });
    cluster?.scale(1);
    await expect(failed).rejects.toThrow('worker-1 ended with exit code 78: FINGERPRINT_MISMATCH: engine');
    expect(notices).toEqual(['worker-1 is lost (exit code 78): FINGERPRINT_MISMATCH: engine']);
  });

  it("fails when the coordinator dies, with the coordinator's last words", async () => {
    const { failed } = await start({ coordinator: 'listens-and-dies' });
    const message = 'coordinator: expected it to run until the run is over, got exit code 70: the disk is full';
    await expect(failed).rejects.toMatchObject({ code: 'COORDINATOR_LOST', exitCode: 3, message });
  });

  it('starts a killed coordinator again on its port for its run, until the restarts are used up', async () => {
    const { failed } = await start({ coordinator: 'says-its-arguments', resume: 'run-1' });
    cluster?.belongTo({ runId: 'run-1', directory: folder });
    const log = (): string => readFileSync(join(folder, 'logs', 'coordinator.log'), 'utf8');
    for (const restarts of [1, 2]) {
      cluster?.coordinator.kill('SIGKILL');
      await vi.waitFor(() => expect(log().match(/--port 1 --once --exit-with-parent --resume run-1"/g)).toHaveLength(restarts));
    }
    expect(log()).toContain('--port 0 --once --exit-with-parent --resume run-1 --from 50 --takeover"');
    cluster?.coordinator.kill('SIGKILL');
    await expect(failed).rejects.toMatchObject({ code: 'COORDINATOR_LOST', exitCode: 3 });
    expect(notices).toEqual([
      'coordinator ended (killed by SIGKILL); started again (1 of 2)',
      'coordinator ended (killed by SIGKILL); started again (2 of 2)',
    ]);
  });

  it('starts a lost leader again to stand by, in its place and without a run to take up', async () => {
    const artery = { options: { servers: ['nats://127.0.0.1:1'], cluster: 'main', replicas: 1 }, standby: true };
    const { addresses, coordinatorLeft } = await start({ coordinator: 'says-its-arguments', artery });
    expect(addresses).toHaveLength(2);
    cluster?.belongTo({ runId: 'run-1', directory: folder });
    const log = (name: string): string => readFileSync(join(folder, 'logs', `${name}.log`), 'utf8');
    const shared = '--once --exit-with-parent --nats nats://127.0.0.1:1 --cluster main --ha nats"';
    await vi.waitFor(() =>
      expect(log('coordinator-2')).toContain(`--runs ${join(folder, '.standby')} --host 127.0.0.1 --port 0 ${shared}`),
    );
    cluster?.coordinator.kill('SIGKILL');
    await vi.waitFor(() => expect(log('coordinator')).toContain(`--runs ${folder} --host 127.0.0.1 --port 1 ${shared}`));
    expect(notices).toEqual(['coordinator ended (killed by SIGKILL); started again (1 of 2)']);
    await cluster?.stop({ graceMs: 0, termMs: 2_000 });
    await coordinatorLeft;
  });

  it('scales: starts workers under free names beside those that leave, and starts nobody again who left', async () => {
    await start({});
    const names = (): readonly string[] => cluster?.workers.map(({ name }) => name) ?? [];
    cluster?.scale(3);
    expect(names()).toEqual(['worker-1', 'worker-2', 'worker-3']);
    const [, second] = cluster?.workers ?? [];
    cluster?.expectLeave('worker-2');
    cluster?.scale(3);
    expect(names()).toEqual(['worker-1', 'worker-2', 'worker-3', 'worker-4']);
    second.kill('SIGKILL');
    await second.exited;
    expect(names()).toEqual(['worker-1', 'worker-3', 'worker-4']);
    cluster?.scale(4);
    expect(names()).toEqual(['worker-1', 'worker-2', 'worker-3', 'worker-4']);
    expect(notices).toEqual([]);
  });

  it('ends processes that leave when asked, and kills those that stay', async () => {
    const { failed } = await start({ coordinator: 'listens-and-stays' });
    cluster?.scale(2);
    cluster?.belongTo({ runId: 'run-1', directory: folder });
    await cluster?.stop({ graceMs: 0, termMs: 200 });
    expect(await Promise.race([failed.catch(() => 'failed'), Promise.resolve('quiet')])).toBe('quiet');
    expect(readFileSync(join(folder, 'logs', 'coordinator.log'), 'utf8')).toContain('ignored SIGTERM');
    expect(notices).toEqual([]);
  });
});
