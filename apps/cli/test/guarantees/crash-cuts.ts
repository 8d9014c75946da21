/** A run whose coordinator has killed itself at a cut point, and how it is taken up again. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogHead } from '@geodesic/cluster';
import { expect } from 'vitest';
import { exampleBundle } from './harness/bundles.ts';
import { TestCluster } from './harness/test-cluster.ts';

/** A real K-FAC run (momentum, moving averages, cached inverses, adaptive damping, taken back steps): 24 steps, a checkpoint every 8. */
export const KFAC_BUNDLE: Uint8Array = exampleBundle('digits-kfac-adaptive', {
  steps: 24,
  'checkpoint.every': 8,
  'evaluate.every': 8,
  'cluster.leaseMs': 1000,
  'cluster.heartbeatMs': 100,
});

/** Where a coordinator dies, about in the middle of {@link KFAC_BUNDLE}. */
export const CUTS = [
  'before-reduce:40',
  'before-append:13',
  'torn-append:13',
  'after-append:13',
  'before-checkpoint-rename:2',
  'after-checkpoint-rename:2',
  'during-take-over',
] as const;

/** One of {@link CUTS}. */
export type Cut = (typeof CUTS)[number];

/** Submits a run and waits until its coordinator has killed itself at the cut. @returns where the log stood then */
export async function crashAt(cluster: TestCluster, bundle: Uint8Array, cut: Cut): Promise<LogHead> {
  await cluster.submit(bundle);
  expect((await cluster.coordinator.ended).signal).toBe('SIGKILL');
  if (cut === 'during-take-over') {
    const next = cluster.startAnother({ args: ['--resume', cluster.runId], env: { GEODESIC_FAILPOINT: cut } });
    expect((await next.ended).signal).toBe('SIGKILL');
  }
  return (await cluster.log()).head;
}

/** Starts a cluster whose first coordinator dies at the cut, or early enough for the next one to die of it. */
export function startDoomed(cut: Cut, workers: number): Promise<TestCluster> {
  const failPoint = cut === 'during-take-over' ? 'after-append:13' : cut;
  return TestCluster.start({ workers, coordinatorEnv: { GEODESIC_FAILPOINT: failPoint } });
}

/** Removes what makes a recovery fast. */
export async function removeJournal(directory: string): Promise<void> {
  await rm(join(directory, 'journal'), { recursive: true });
}

/** Removes the checkpoints of these steps. */
export async function removeCheckpoints(directory: string, steps: readonly number[]): Promise<void> {
  for (const step of steps)
    await rm(join(directory, 'checkpoints', `step-${String(step).padStart(6, '0')}`), { recursive: true, force: true });
}

/** The events of the run say that these processes, and no others, have taken part. */
export function expectSameProcesses(cluster: TestCluster, pids: readonly number[]): void {
  expect(new Set(cluster.feed.of('worker.joined').map(({ data }) => data['pid']))).toEqual(new Set(pids));
}
