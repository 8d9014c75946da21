/** Who leads a cluster's runs: a lease in NATS that its holder renews, and that others take when it has not been renewed for long enough. */

/** What the lease says of its holder. */
export interface LeaseHolder {
  /** Fresh for every process. */
  readonly leader: string;
  /** HOST:PORT of its services. */
  readonly address: string;
  /** Names the folder of its runs: two coordinators must not share one. */
  readonly folder: string;
  /** Time without renewal after which others may take it, ms. */
  readonly leaseMs: number;
}

/** A process's part in a cluster: standby first, leader perhaps later. */
export interface Lease {
  /** Who holds it, as far as was seen; undefined before the first look and while nobody does. */
  readonly holder: LeaseHolder | undefined;
  /** Grows with every renewal that was seen; 0 before the first look. */
  readonly seenRevision: number;
  /** Whether this process holds it: it was the last to write it, and nobody was seen to have written since. */
  readonly isHeld: boolean;
  /** Resolves when this process holds it. @throws {EventsError} PERMISSION, STREAM, and the signal's reason */
  acquire(signal: AbortSignal): Promise<void>;
  /** Resolves with who took it from this process. While NATS is away nobody knows, so nothing is lost. */
  readonly lost: Promise<LeaseHolder | undefined>;
  /** Lets it go, so that a standby need not wait. */
  release(): Promise<void>;
}
