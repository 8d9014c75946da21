/**
 * What an optimiser is: groups of parameters, each with a method and its options, how far steps go, and how factors travel.
 */
import type { FirstOrderGroupSpec } from './first-order-types.ts';
import type { GroupIdentity, ScheduleSpec } from './group-identity.ts';
import type { NaturalGroupSpec } from './natural-types.ts';

/** Parameters that keep their first values, those of an initialisation from data included, to the last bit. */
export interface FrozenGroupSpec extends GroupIdentity {
  readonly method: 'frozen';
}

export type GroupSpec = NaturalGroupSpec | FirstOrderGroupSpec | FrozenGroupSpec;

type WrittenOptions<G> = {
  readonly [K in Exclude<keyof G, 'name' | 'match' | 'method'>]?: K extends 'learningRate' | 'adamLearningRate'
    ? number | Partial<ScheduleSpec>
    : G[K];
};

type Written<G extends GroupSpec> = G extends GroupSpec ? Pick<G, 'name' | 'match' | 'method'> & WrittenOptions<G> : never;

/** A group as a person or a recipe writes it: every option but name, match and method may be left out. */
export type GroupInput = Written<GroupSpec>;

/** Each group goes by its own learning rate, momentum and KL clip. */
export interface FixedSearchSpec {
  readonly rule: 'fixed';
}

/** Step size, momentum and damping from the quadratic model of the loss, for all groups together; natural and frozen groups only. */
export interface QuadraticSearchSpec {
  readonly rule: 'quadratic';
  /** First damping; default 1. */
  readonly damping: number;
  /** Whether the first damping is found by trials on the first batch; default false. */
  readonly calibrate: boolean;
  /** Steps between two adaptations of the damping; default 5. */
  readonly adaptEvery: number;
  /** In (0, 1), per step: the damping changes by this to the power of `adaptEvery`; default 0.85, bolder than the published 0.95. */
  readonly adaptFactor: number;
  /** Default 1e-8. */
  readonly minDamping: number;
  /** Default 1e8. */
  readonly maxDamping: number;
  /** `adaptive`: from the model; a number in [0, 1): fixed. Default adaptive. */
  readonly momentum: 'adaptive' | number;
  /** Share of the batch's slots that the model's curvature is taken from: 1, 0.5, 0.25, 0.125 or 0.0625; default 1. */
  readonly modelShare: number;
  /** Whether steps that raise the objective are taken back, at a round more a step; default true. */
  readonly reject: boolean;
  /** The damping grows by this at a rejection, > 1; default 4. */
  readonly rejectFactor: number;
  /** Rejections in a row after which the run stops; default 6. */
  readonly maxRejections: number;
}

export type SearchSpec = FixedSearchSpec | QuadraticSearchSpec;

/** Rounding of symmetric factors on their way up; smaller, and a little noisier. */
export interface CodecSpec {
  readonly kind: 'bf16' | 'fp16' | 'int8';
  /** Level of the tree over the slots at which sums are rounded, at most log2(batch.slots); default 0, the slot. */
  readonly level: number;
}

/** The optimiser of a run. */
export interface OptimizerSpec {
  /** Without groups the model's default groups hold: see `freezeRunSpec`. */
  readonly groups?: readonly GroupSpec[];
  /** Default {rule: fixed}. */
  readonly search: SearchSpec;
  /** Default null: factors travel as float32. */
  readonly codec: CodecSpec | null;
  /** Steps between two comparisons of each layer's curvature with the exact one, a round each; default 0: never. */
  readonly probeEvery: number;
}
