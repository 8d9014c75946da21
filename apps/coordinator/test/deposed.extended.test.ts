/** A leader that has nothing to append: it finds out by itself that somebody has taken the run over, even when the successor has died since. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommitLog, RunFolder } from '@geodesic/run-store';
import { afterEach, expect, it } from 'vitest';
import { collect, LocalCluster, untilJoined } from './local-cluster.ts';

const clusters: LocalCluster[] = [];

afterEach(async () => {
  await Promise.all(clusters.splice(0).map((cluster) => cluster.dispose()));
});

/** Another coordinator claims the next term and dies. */
async function succeedAndDie(directory: string): Promise<void> {
  const { log } = await CommitLog.takeOver(await RunFolder.open(directory));
  await log.close();
}

it.each(['without workers', 'paused'] as const)('leaves the run, %s, and its workers look for the next leader', async (how) => {
  const cluster = await LocalCluster.start([]);
  clusters.push(cluster);
  const { runId, directory, events } = await cluster.submit({ steps: 100_000 });
  const worker = how === 'paused' ? cluster.addWorker('worker-1') : undefined;
  if (worker) {
    await untilJoined(events, 'worker-1');
    await cluster.client.control({ run: runId, action: 'pause', reason: 'lunch' });
    await collect(cluster.client.watch(runId), ({ type }) => type === 'run.paused');
  }
  await succeedAndDie(directory);
  const { code, stderr } = await cluster.coordinator.ended;
  expect([code, stderr]).toEqual([1, expect.stringContaining('LOG_DEPOSED')]);
  expect(await readFile(join(directory, 'events.ndjson'), 'utf8')).not.toContain('run.finished');
  if (!worker) return;
  expect(worker.child.exitCode).toBe(null);
  await cluster.resume(runId);
  await collect(cluster.client.watch(runId), ({ type, data }) => type === 'worker.joined' && data['pid'] === worker.child.pid);
});
