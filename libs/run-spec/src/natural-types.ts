/**
 * The groups that solve with a curvature: which matrix, from which statistics, taken and inverted how often.
 * Damping is in units of the curvature of the mean loss; decays lie in [0, 1).
 */
import type { GroupIdentity, ScheduleSpec } from './group-identity.ts';

/**
 * Where output gradients come from: targets drawn from the model (`sampled`), the roots of the loss' Hessian (`exact`), the data's own
 * targets (`empirical`), or nowhere (`forward`: S = I).
 */
export type FisherSpec = 'sampled' | 'exact' | 'empirical' | 'forward';

/** How far the group goes by itself. Absent under the search `quadratic`, which decides it for all groups together. */
interface FixedRates {
  /** Default 0.1. */
  readonly learningRate?: ScheduleSpec;
  /** In [0, 1); default 0.9, for `kernel` 0. */
  readonly momentum?: number;
  /** Bound on the update's squared Fisher norm, or null for none; default 0.01. */
  readonly klClip?: number | null;
  /** Tikhonov damping; default 0.01. */
  readonly damping?: number;
}

interface NaturalGroupBase extends GroupIdentity, FixedRates {
  /** L2 coefficient of the objective; default 0. */
  readonly weightDecay: number;
}

interface StatisticsGroupBase extends NaturalGroupBase {
  /** Decay of the statistics' moving averages, in [0, 1); default 0.95. */
  readonly factorDecay: number;
  /** Steps between two takings of curvature statistics; default 1. */
  readonly statisticsEvery: number;
  /** Steps between two inversions (or bases); default 5, for `ekfac` 10. */
  readonly inverseEvery: number;
  /** At these steps only what has moved by more than this is inverted anew; default 0: everything. */
  readonly inverseWhenMoved: number;
  /** Batches of statistics absorbed before the first step; default 0. */
  readonly burnIn: number;
}

interface FisherGroupBase<F extends FisherSpec> extends StatisticsGroupBase {
  /** Default sampled. */
  readonly fisher: F;
  /** Targets drawn per example; more than 1 for `sampled` only. Default 1. */
  readonly samples: number;
}

/** What is made of positions that share a weight (convolutions, sequences); left out, each layer's own choice holds. */
interface SharedPositions {
  readonly sharing?: 'expand' | 'reduce';
}

/** Natural gradient by Kronecker factors. Takes dense, convolutional, embedding and norm layers. */
export interface KfacGroupSpec extends FisherGroupBase<FisherSpec>, SharedPositions {
  readonly method: 'kfac';
  /** `pi` splits the damping over the two factors, `eigenbasis` damps exactly, `metric` by the learned metric (NDM only). Default pi. */
  readonly dampingRule: 'pi' | 'eigenbasis' | 'metric';
  /** `dampingRule: metric` only: which metric; default pullback. See {@link MetricKfacGroupSpec}. */
  readonly dampingMetric?: 'pullback' | 'local';
  /** Globs over layers whose input factor is left undamped; `pi` only. Default none. */
  readonly undampedInputs: readonly string[];
}

/** Kronecker factors whose output factor is the learned metric of a chart (NDM only). */
export interface MetricKfacGroupSpec extends StatisticsGroupBase, SharedPositions {
  readonly method: 'metric-kfac';
  /** The metric at the output of the layer's chart, pulled back, or at the layer's own output. Default pullback. */
  readonly form: 'pullback' | 'local';
  /** Default pi. */
  readonly dampingRule: 'pi' | 'eigenbasis';
  /** Whether the metric's scale is divided out; default false. */
  readonly normalizeMetric: boolean;
}

/** Second moments in the eigenbasis of the Kronecker factors; a round more at every step. */
export interface EkfacGroupSpec extends FisherGroupBase<Exclude<FisherSpec, 'forward'>>, SharedPositions {
  readonly method: 'ekfac';
}

/** The diagonal of the Fisher matrix, or a dense block for each layer. */
export interface LayerwiseGroupSpec extends FisherGroupBase<Exclude<FisherSpec, 'forward'>> {
  readonly method: 'diagonal' | 'block';
}

type PreconditionerOptions = Pick<FisherGroupBase<FisherSpec>, 'factorDecay' | 'statisticsEvery' | 'inverseEvery' | 'fisher' | 'samples'>;

/** The whole Fisher matrix of the group by conjugate gradients, a round for each iteration. */
export interface CgGroupSpec extends NaturalGroupBase, Partial<PreconditionerOptions> {
  readonly method: 'cg';
  /** At most this many iterations a step; default 20. */
  readonly iterations: number;
  /** Of the residual, relative to the gradient, in (0, 1); default 1e-3. */
  readonly tolerance: number;
  /** Stop when the last tenth of the iterations gained less than this share each, in [0, 1]; 0 never; default 5e-4. */
  readonly progress: number;
  /** The first guess is this share of the last solution, in [0, 1]; default 0.95. */
  readonly warmStart: number;
  /** `kfac`: Kronecker factors of the group's layers, with their options beside it; default null. */
  readonly preconditioner: 'kfac' | null;
}

/** The whole Fisher matrix of the group by the Gram matrix of the batch's examples; dense layers without shared positions. */
export interface KernelGroupSpec extends NaturalGroupBase {
  readonly method: 'kernel';
  /** Default sampled. */
  readonly fisher: 'sampled' | 'empirical';
  /** Momentum inside the proximal problem, in [0, 1); default 0. */
  readonly spring: number;
}

/** Groups that solve with a curvature. */
export type NaturalGroupSpec = KfacGroupSpec | MetricKfacGroupSpec | EkfacGroupSpec | LayerwiseGroupSpec | CgGroupSpec | KernelGroupSpec;
