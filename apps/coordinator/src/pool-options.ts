/** What a pool of workers is given, and gives. */
import type { Contribution, CoordinatorOptions, CoverageEntry, Fingerprint } from '@geodesic/cluster';
import type { RunEventType } from '@geodesic/events';

/** What a run hears of its workers. */
export interface PoolObserver {
  /** A worker takes part. */
  joined(worker: string, details: { pid: number; fingerprint: Fingerprint }): void;
  /** Something for people, see {@link RunEventType}. */
  event(type: RunEventType, data: Readonly<Record<string, unknown>>): void;
}

/** Options of {@link WorkerPool}. */
export interface WorkerPoolOptions extends CoordinatorOptions {
  readonly run: string;
  /** The coordinator's leadership number. */
  readonly term: number;
  readonly bundleDigest: string;
  readonly heartbeatMs: number;
  readonly observer: PoolObserver;
}

/** A finished round. */
export interface CompletedRound {
  /** Owned by the receiver. */
  readonly total: Contribution;
  readonly coverage: readonly CoverageEntry[];
  /** Slots that were left out, ascending; none in an exact run. */
  readonly dropped: readonly number[];
}
