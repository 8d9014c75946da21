/**
 * What connects a coordinator and its runs to NATS, when one is configured: events go out, checkpoints are broadcast, the log may be copied.
 * Without it a run is whole; nothing here is waited for but what a run with a standby needs, and the end of a run for a moment.
 */
import type { CheckpointStore } from '@geodesic/checkpoint';
import type { LogReplica, RunFolder } from '@geodesic/run-store';
import type { ArteryStatus } from '@geodesic/wire';
import type { RunEvents } from './run-events.ts';

export type { ArteryStatus };

/** What an artery needs of a run. */
export interface ArteryRun {
  readonly folder: RunFolder;
  readonly store: CheckpointStore;
  readonly bundle: Uint8Array;
}

/** The artery of one run. */
export interface RunArtery {
  /** The copy of the log, in a cluster with a standby. */
  readonly replica?: LogReplica | undefined;
  /**
   * Resolves when a standby could begin with this checkpoint; at once where there can be none.
   * @throws {WireError} REFUSED when NATS cannot be reached: a run whose standby could not take over is not accepted
   */
  secure(step: number): Promise<void>;
  /** The events are open: they are published, and checkpoints broadcast, from now on; the newest one that is there first. */
  begin(events: RunEvents): void;
  /** A checkpoint is complete on disk. */
  written(step: number): void;
  readonly status: ArteryStatus;
  /** Resolves when the newest checkpoint has been broadcast and is told, when NATS is away, or after `graceMs`. */
  settled(graceMs: number): Promise<void>;
  /** Ends after what there is has gone out; at once when NATS is away, and after `graceMs` at the latest. */
  close(graceMs: number): Promise<void>;
}

/** The artery of a coordinator. */
export interface Artery {
  /** Opens the artery of a run; objects of the one before are served no more. @throws {WireError} REFUSED */
  openRun(run: ArteryRun): RunArtery;
  close(): Promise<void>;
}
