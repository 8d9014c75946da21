/** The pool of a run's workers, with the options of its spec, its term and the fingerprint that its log names. */
import { contentDigest } from '@geodesic/checkpoint';
import type { PoolObserver } from './pool-options.ts';
import type { RunParts } from './run-parts.ts';
import { WorkerPool } from './worker-pool.ts';

/** Opens the pool of a run. */
export function openPool({ folder, bundle, log, meta, past }: RunParts, observer: PoolObserver): WorkerPool {
  const { leaseMs, heartbeatMs, quarantineMs, backup, quorum } = meta;
  return new WorkerPool({
    run: folder.runId,
    term: log.term,
    bundleDigest: contentDigest(bundle),
    leaseMs,
    heartbeatMs,
    quarantineMs,
    ...(!backup && { backup: false }),
    ...(quorum !== undefined && { quorum }),
    ...(past.fingerprint && !past.mayRebase && { fingerprint: past.fingerprint.fingerprint }),
    observer,
  });
}
