/** The fault-free run that a disturbed one must equal: one worker, nothing happens to it. Made once for each bundle. */
import { createHash } from 'node:crypto';
import type { Environment } from './child.ts';
import { soundRun } from './run-record.ts';
import type { RunRecord } from './run-record.ts';
import { TestCluster } from './test-cluster.ts';

const made = new Map<string, Promise<RunRecord>>();

/** What the run without faults leaves. @param env {@link FIXTURE_ENVIRONMENT} for a fixture's bundle */
export function undisturbed(bundle: Uint8Array, env: Environment = {}): Promise<RunRecord> {
  const key = createHash('sha256').update(bundle).digest('hex');
  const known = made.get(key);
  if (known) return known;
  const making = make(bundle, env);
  made.set(key, making);
  return making;
}

async function make(bundle: Uint8Array, env: Environment): Promise<RunRecord> {
  const cluster = await TestCluster.start({ workers: 1, env });
  try {
    const { directory } = await cluster.submit(bundle);
    await cluster.finished();
    return await soundRun(directory);
  } finally {
    await cluster.dispose();
  }
}
