/**
 * The seam between the cluster and the learning side. The coordinator drives a {@link Trainer}, a worker's compute thread a
 * {@link SlotComputer}; neither knows of sockets, workers or time. All arrays are flat, in the parameters' layout order.
 */
import type { Block } from './block.ts';
import type { Contribution } from './contribution.ts';
import type { PhasePlan } from './round.ts';

/** All that a worker needs to hold: parameters [P] and the small, absolute, non-trainable state [Q]. */
export interface Snapshot {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
}

/** A committed change: theta = fround(theta + delta); the state replaces the old one. */
export interface ParameterUpdate {
  readonly delta: Float32Array;
  readonly state: Float32Array;
}

/** What a finished round led to; no `update` when the phase or a rejected attempt leaves the parameters as they are. */
export interface Absorbed {
  readonly update?: ParameterUpdate;
  /** Fields for the commit log that decide later bits (damping, attempt, ...); finite numbers and plain data. */
  readonly record?: Readonly<Record<string, unknown>>;
  /** Numbers for people. */
  readonly measurements?: Readonly<Record<string, number>>;
  readonly evaluation?: {
    readonly split: string;
    readonly loss: number;
    /** Share of hits; classification only. */
    readonly accuracy?: number;
    /** Means of the task's other columns, by name. */
    readonly columns?: Readonly<Record<string, number>>;
    readonly examples: number;
  };
}

/** The coordinator's learning side: plans a round, absorbs its total, until the run is over. */
export interface Trainer {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  /** The next round; undefined when the run is over. */
  plan(): PhasePlan | undefined;
  /** Takes the total of the round planned last, and ownership of its buffers. */
  absorb(total: Contribution): Absorbed;
}

/** What a worker is asked for. */
export interface ComputeRequest {
  readonly step: number;
  readonly attempt: number;
  readonly phase: string;
  readonly block: Block;
}

/** The worker's learning side, in the compute thread; one call at a time. */
export interface SlotComputer {
  /** Everything that decides bits: executor, versions, architecture, threads, graph digests. */
  readonly fingerprint: Readonly<Record<string, string | number>>;
  /** Replaces what is held; returns the checksum of the parameters. */
  load(snapshot: Snapshot): string;
  /** Adds a delta and replaces the state; returns the checksum of the parameters. */
  apply(update: ParameterUpdate): string;
  /** The sums over one block; the caller owns the result. */
  compute(request: ComputeRequest): Promise<Contribution>;
}
