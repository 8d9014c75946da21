/** A cluster in the middle of a run: every worker has joined, and some steps are committed. */
import { joins } from './faults.ts';
import { TestCluster } from './test-cluster.ts';
import type { TestClusterOptions } from './test-cluster.ts';

/** Steps that are committed before a test goes on: the usual length of a step is known by then. */
const STEPS = 5;

/**
 * Starts a cluster, has it begin a run, and waits until that is under way.
 * @param clusters receives the cluster before anything can fail, for whoever disposes of them
 */
export async function underWay(
  clusters: TestCluster[],
  bundle: Uint8Array,
  options: TestClusterOptions & { readonly workers: number },
): Promise<{ readonly cluster: TestCluster; readonly names: readonly string[] }> {
  const cluster = await TestCluster.start(options);
  clusters.push(cluster);
  await cluster.submit(bundle);
  const names = Array.from({ length: options.workers }, (_, i) => `worker-${i + 1}`);
  for (const name of names) await cluster.until(joins(name));
  await cluster.untilStep(STEPS);
  return { cluster, names };
}
