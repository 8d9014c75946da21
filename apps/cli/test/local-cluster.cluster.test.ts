/** The local cluster with real processes that stand in for coordinator and workers: starts, deaths, restarts and ends. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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
}): Promise<LocalCluster> {
  const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}.mjs`, import.meta.url));
  const programs = { coordinator: fixture(coordinator), worker: fixture(worker) };
  const onNotice = (text: string): void => void notices.push(text);
  cluster = await startLocalCluster({ programs, runsFolder: folder, port: 0, maxRestarts, onNotice, signal });
  return cluster;
}

describe('startLocalCluster', () => {
  it('reads where the coordinator listens', async () => {
    expect((await start({})).address).toBe('127.0.0.1:1');
  });

  it('says why a coordinator did not start', async () => {
    const message =
      'coordinator: expected a line that says where it listens, got exit code 78: --port: expected a free port, got one in use';
    await expect(start({ coordinator: 'does-not-start' })).rejects.toMatchObject({ code: 'COORDINATOR_START', exitCode: 3, message });
  });

  it('gives up when it is told to', async () => {
    await expect(start({ coordinator: 'waits', signal: AbortSignal.timeout(20) })).rejects.toThrow('timeout');
  });
});

describe('LocalCluster', () => {
  it('starts a killed worker again until the restarts are used up, then fails', async () => {
    const { failed } = await start({ worker: 'is-killed' });
    cluster?.startWorkers(1);
    await expect(failed).rejects.toMatchObject({ code: 'WORKERS_LOST', exitCode: 1 });
    expect(notices).toEqual([
      'worker-1 ended (killed by SIGKILL); started again (1 of 2)',
      'worker-1 ended (killed by SIGKILL); started again (2 of 2)',
      'worker-1 is lost (killed by SIGKILL)',
    ]);
  });

  it('does not start a refused worker again and passes its reason on', async () => {
    const { failed } = await start({ worker: 'is-refused' });
    cluster?.startWorkers(1);
    await expect(failed).rejects.toThrow('worker-1 ended with exit code 78: FINGERPRINT_MISMATCH: engine');
    expect(notices).toEqual(['worker-1 is lost (exit code 78): FINGERPRINT_MISMATCH: engine']);
  });

  it("fails when the coordinator dies, with the coordinator's last words", async () => {
    const { failed } = await start({ coordinator: 'listens-and-dies' });
    const message = 'coordinator: expected it to run until the run is over, got exit code 70: the disk is full';
    await expect(failed).rejects.toMatchObject({ code: 'COORDINATOR_LOST', exitCode: 3, message });
  });

  it('ends processes that leave when asked, and kills those that stay', async () => {
    const { failed } = await start({ coordinator: 'listens-and-stays' });
    cluster?.startWorkers(2);
    cluster?.logTo(folder);
    await cluster?.stop({ graceMs: 0, termMs: 200 });
    expect(await Promise.race([failed.catch(() => 'failed'), Promise.resolve('quiet')])).toBe('quiet');
    expect(readFileSync(join(folder, 'logs', 'coordinator.log'), 'utf8')).toContain('ignored SIGTERM');
    expect(notices).toEqual([]);
  });
});
