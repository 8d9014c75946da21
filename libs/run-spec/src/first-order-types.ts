/**
 * The first-order peers: groups that move by the gradient and its history alone. Decays lie in [0, 1) where nothing else is said.
 */
import type { GroupIdentity, ScheduleSpec } from './group-identity.ts';

interface PeerGroupBase extends GroupIdentity {
  readonly learningRate: ScheduleSpec;
  /** Decoupled weight decay (`lbfgs`: L2 coefficient); default 0. */
  readonly weightDecay: number;
}

/** Adam with decoupled weight decay. */
export interface AdamGroupSpec extends PeerGroupBase {
  readonly method: 'adam';
  /** Default 0.9. */
  readonly beta1: number;
  /** Default 0.999. */
  readonly beta2: number;
  /** Default 1e-8. */
  readonly epsilon: number;
}

/** Stochastic gradient descent with (Nesterov) momentum. */
export interface SgdGroupSpec extends PeerGroupBase {
  readonly method: 'sgd';
  /** Default 0.9. */
  readonly momentum: number;
  /** Default false. */
  readonly nesterov: boolean;
}

/** SOAP: Adam in the eigenbasis of Shampoo. Default learning rate 3e-3. */
export interface SoapGroupSpec extends PeerGroupBase {
  readonly method: 'soap';
  /** Default 0.95. */
  readonly beta1: number;
  /** Default 0.95. */
  readonly beta2: number;
  /** Decay of the two covariances, in [0, 1); default 0.95. */
  readonly shampooBeta: number;
  /** Default 1e-8. */
  readonly epsilon: number;
  /** Steps between two refreshes of the basis; default 10. */
  readonly refreshEvery: number;
  /** Sides above this are not rotated; default 10000. */
  readonly maxDimension: number;
}

/** Shampoo with grafting. Default learning rate 1e-3. */
export interface ShampooGroupSpec extends PeerGroupBase {
  readonly method: 'shampoo';
  /** Decay of the two covariances, in [0, 1], 1 for sums; default 0.99. */
  readonly beta2: number;
  /** Default 0.9. */
  readonly momentum: number;
  /** Default 1e-8. */
  readonly epsilon: number;
  /** Steps between two refreshes of the roots; default 10. */
  readonly refreshEvery: number;
  /** Whose length a step has; default adam. */
  readonly graft: 'adam' | 'sgd' | 'none';
  /** The first step that is preconditioned; before it the grafted method alone moves. Default 1. */
  readonly startStep: number;
  /** Sides above this have no preconditioner; default 1024. */
  readonly maxDimension: number;
}

/** Muon: momentum, orthogonalised. Default learning rate 0.02. */
export interface MuonGroupSpec extends PeerGroupBase {
  readonly method: 'muon';
  /** Default 0.95. */
  readonly momentum: number;
  /** Default true. */
  readonly nesterov: boolean;
  /** Newton-Schulz iterations; default 5. */
  readonly iterations: number;
  /** Globs over parameters of the group that go by Adam though they are matrices; default none. */
  readonly adamParameters: readonly string[];
  /** Of those, and of vectors; default 1e-3. */
  readonly adamLearningRate: ScheduleSpec;
}

/** L-BFGS with Powell's damping, for whole batches. Default learning rate 1. */
export interface LbfgsGroupSpec extends PeerGroupBase {
  readonly method: 'lbfgs';
  /** Pairs of steps and changes of the gradient that are kept; default 10. */
  readonly history: number;
}

/** Groups that move by the gradient and its history alone. */
export type FirstOrderGroupSpec = AdamGroupSpec | SgdGroupSpec | SoapGroupSpec | ShampooGroupSpec | MuonGroupSpec | LbfgsGroupSpec;
