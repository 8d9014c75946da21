/**
 * What connects a coordinator and its runs to NATS, when one is configured: events go out, checkpoints are broadcast, the log may be copied.
 * Without it a run is whole; nothing here is waited for but what a run with a standby needs.
 */
import type { CheckpointStore } from '@geodesic/checkpoint';
import type { LogReplica, RunFolder } from '@geodesic/run-store';
import type { RunEvents } from './run-events.ts';

/** How a run's artery is. */
export interface ArteryStatus {
  /** Whether a server is there now. */
  readonly connected: boolean;
  /** Connections made anew since the start. */
  readonly reconnects: number;
  /** Events that are in the run's file and not yet in NATS: the lag, and the spool. */
  readonly behind: number;
  /** Bytes of the spool. */
  readonly behindBytes: number;
  readonly published: number;
  /** Publications that had to be tried again. */
  readonly retries: number;
  /** Events whose data did not fit into a message and was left out of it. */
  readonly oversized: number;
  /** Checkpoints broadcast, and left out since a newer one was there when it was their turn. */
  readonly checkpoints: number;
  readonly checkpointsSkipped: number;
}

/** What an artery needs of a run. */
export interface ArteryRun {
  readonly folder: RunFolder;
  readonly store: CheckpointStore;
  readonly bundle: Uint8Array;
}

/** The artery of one run. */
export interface RunArtery {
  /** The copy of the log, in a cluster with a standby. */
  readonly replica?: LogReplica;
  /**
   * Resolves when a standby could begin with this checkpoint; at once where there can be none.
   * @throws {WireError} REFUSED when NATS cannot be reached: a run whose standby could not take over is not accepted
   */
  secure(step: number): Promise<void>;
  /** The events are open: they are published, and checkpoints broadcast, from now on. */
  begin(events: RunEvents): void;
  readonly status: ArteryStatus;
  /** Ends after what there is has gone out, or after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** The artery of a coordinator. */
export interface Artery {
  openRun(run: ArteryRun): RunArtery;
  close(): Promise<void>;
}
