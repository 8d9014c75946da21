/** Small steps that several guarantee tests share: waiting for a time in a step, for members, for commits. */
import type { Child } from './child.ts';
import type { EventTest, SeenEvent } from './event-feed.ts';
import { quantile } from './report-bound.ts';
import type { TestCluster } from './test-cluster.ts';

/** A commit, and when it was seen. */
export const isCommit: EventTest = ({ type }) => type === 'step.committed';

/** A worker of this name takes part, from this process where one is given. */
export function joins(worker: string, pid?: number): EventTest {
  return ({ type, data }) => type === 'worker.joined' && data['worker'] === worker && (pid === undefined || data['pid'] === pid);
}

/** A worker of this name is lost. */
export function isLost(worker: string): EventTest {
  return ({ type, data }) => type === 'worker.lost' && data['worker'] === worker;
}

/** A point of time: what is broken is broken at a fraction of a step, which no event marks. */
export function after(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The time between the commits among these events, ms. */
export function stepTimes(events: readonly SeenEvent[]): number[] {
  const commits = events.filter(isCommit).map(({ seenMs }) => seenMs);
  return commits.slice(1).map((at, i) => at - commits[i]);
}

/** The median time of the last few steps, ms. */
export function usualStep(cluster: TestCluster, steps = 9): number {
  const times = stepTimes(cluster.feed.events).slice(-steps);
  return times.length === 0 ? 0 : quantile(times, 0.5);
}

/** Waits for so many further commits; @returns the last of them */
export async function commits(cluster: TestCluster, count: number): Promise<SeenEvent> {
  let seen = await cluster.until(isCommit, cluster.feed.now);
  for (let i = 1; i < count; i++) seen = await cluster.until(isCommit, cluster.feed.events.indexOf(seen) + 1);
  return seen;
}

/** Stops the run between two steps until `meanwhile` is done, so that no step is made with fewer workers than a test needs. */
export async function whilePaused(cluster: TestCluster, meanwhile: () => Promise<unknown>): Promise<void> {
  const run = cluster.runId;
  await cluster.client.control({ run, action: 'pause', reason: 'the test prepares the next fault' });
  await meanwhile();
  await cluster.client.control({ run, action: 'resume', reason: 'prepared' });
}

/** How often the process of each worker has joined, by pid: once each where nobody was restarted and nobody lost its place. */
export function joinsByPid(cluster: TestCluster): ReadonlyMap<number, number> {
  const joined = new Map<number, number>();
  for (const { data } of cluster.feed.of('worker.joined')) {
    const pid = Number(data['pid']);
    joined.set(pid, (joined.get(pid) ?? 0) + 1);
  }
  return joined;
}

/** The processes that run. */
export function alive(children: readonly Child[]): readonly string[] {
  return children.filter(({ isRunning }) => isRunning).map(({ name }) => name);
}
