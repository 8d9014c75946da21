/**
 * The seam between the cluster and the learning side. The coordinator drives a {@link Trainer}, a worker's compute thread a
 * {@link SlotComputer}; neither knows of sockets, workers or time. All arrays are flat, in the parameters' layout order.
 */
import type { Block } from './block.ts';
import type { Combination, CombinationReference } from './combination.ts';
import type { Contribution } from './contribution.ts';
import type { RoundInputs } from './round-inputs.ts';
import type { PhasePlan } from './round.ts';

/** All that a worker needs to hold: parameters [P] and the small, absolute, non-trainable state [Q]. */
export interface Snapshot {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  /** The last committed change [P], zeros before the first; [0] in a run that never reads it. */
  readonly previous: Float32Array;
}

/** A committed change: theta = fround(theta + delta), delta being given or `combine(...)`; the state replaces the old one. */
export type ParameterUpdate = { readonly state: Float32Array } & ({ readonly delta: Float32Array } | { readonly combination: Combination });

/** A committed change as workers get it: a direction is named by its address, and held before the update comes. */
export type StreamedUpdate = { readonly state: Float32Array } & (
  { readonly delta: Float32Array } | { readonly combination: CombinationReference }
);

/** An attempt at a step that was given up. */
export interface Rejection {
  /** In words; no slot or worker in it, so that it is the same in every run of these bits. */
  readonly reason: string;
  /** With which the next attempt is made. */
  readonly damping: number;
}

/** A round that could not be computed: its program fails on any host alike. */
export interface RoundFailure {
  readonly step: number;
  readonly attempt: number;
  readonly phase: string;
  /** What the program did, in the words of the worker that met it first. */
  readonly reason: string;
  readonly worker: string;
}

/** What a finished round led to; no `update` when the phase or a rejected attempt leaves the parameters as they are. */
export interface Absorbed {
  readonly update?: ParameterUpdate;
  /** The attempt was given up; with an `update` that takes the last committed change back, or without. */
  readonly rejected?: Rejection;
  /** What the curvature doctor says of each layer, plain data; for people. */
  readonly layers?: readonly object[];
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
  /**
   * The round planned last could not be computed. Returns how to go on, with an update that takes the last change back or a rejection;
   * undefined, as without this function: the run fails.
   */
  reject?(failure: RoundFailure): Absorbed | undefined;
}

/** What a worker is asked for. */
export interface ComputeRequest {
  readonly step: number;
  readonly attempt: number;
  readonly phase: string;
  readonly block: Block;
  /** Its vectors are held. */
  readonly inputs?: RoundInputs;
}

/** The worker's learning side, in the compute thread; one call at a time. */
export interface SlotComputer {
  /** Everything that decides bits: executor, versions, architecture, threads, graph digests. */
  readonly fingerprint: Readonly<Record<string, string | number>>;
  /** Replaces what is held; returns the checksum of the parameters. */
  load(snapshot: Snapshot): string;
  /** Adds a delta and replaces the state; returns the checksum of the parameters. */
  apply(update: StreamedUpdate): string;
  /** Takes a vector that later computations or updates name; the array is the computer's. */
  hold(digest: string, vector: Float32Array): void;
  /** Gives a held vector up. */
  release(digest: string): void;
  /** The sums over one block; the caller owns the result. `onSlots` may be told of slots as they are done, for those who watch. */
  compute(request: ComputeRequest, onSlots?: (slots: number) => void): Promise<Contribution>;
}
