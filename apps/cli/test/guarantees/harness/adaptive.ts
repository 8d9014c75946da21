/**
 * The run that most guarantee tests disturb: examples/digits-kfac-adaptive.yaml, shortened: momentum, moving averages, cached inverses, phases
 * grad-stats, quad and trial, rejected steps. Runs of one length share one undisturbed run, whatever their leases: these decide no bits.
 */
import { exampleBundle } from './bundles.ts';
import type { RunRecord } from './run-record.ts';
import { undisturbed } from './undisturbed.ts';

/** What a test may choose. */
export interface AdaptiveOptions {
  /** Default 60. */
  readonly steps?: number;
  /** Default that of the spec: 3000. */
  readonly leaseMs?: number;
  readonly heartbeatMs?: number;
}

/** A run, and what it must come to. */
export interface AdaptiveRun {
  readonly bundle: Uint8Array;
  readonly reference: RunRecord;
}

/** Makes the bundle, and the undisturbed run where that has not been made before. */
export async function adaptiveRun({ steps = 60, leaseMs, heartbeatMs }: AdaptiveOptions = {}): Promise<AdaptiveRun> {
  const common = { steps, 'evaluate.every': 0, 'checkpoint.every': 25 };
  const reference = await undisturbed(exampleBundle('digits-kfac-adaptive', common));
  const lease = {
    ...(leaseMs !== undefined && { 'cluster.leaseMs': leaseMs }),
    ...(heartbeatMs !== undefined && { 'cluster.heartbeatMs': heartbeatMs }),
  };
  return { bundle: exampleBundle('digits-kfac-adaptive', { ...common, ...lease }), reference };
}
