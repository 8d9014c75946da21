/**
 * What a run asks of a layer's curvature, and which programs its optimiser's rounds want; see `buildPrograms`.
 */
import type { FactorCodec } from '@geodesic/engine';

/** The statistics of one layer. */
export interface LayerCurvature {
  /**
   * Where output gradients come from: targets drawn from the model (`sampled`), the roots of the loss' Hessian (`exact`), the data's own
   * targets (`empirical`), nowhere (`forward`: S = I), or the learned metric, pulled back from the layer's chart (form II) or at the layer's
   * own output (form I).
   */
  readonly source: 'sampled' | 'exact' | 'empirical' | 'forward' | 'metric-pullback' | 'metric-local';
  /** Which sums: Kronecker factors, the diagonal, the dense block, or Kronecker factors and second moments in their eigenbasis. */
  readonly form: 'kronecker' | 'diagonal' | 'dense' | 'eigenbasis';
  /** Targets drawn per example; `sampled` only. Default 1. */
  readonly samples?: number;
  /** Also the metric's own sum `M/<layer>`, for damping by the metric. */
  readonly dampingMetric?: 'pullback' | 'local';
  /** What is made of shared positions; default: what the layer says. */
  readonly sharing?: 'expand' | 'reduce';
  /** Rounding of the symmetric factors on their way up. Default none. */
  readonly codec?: FactorCodec;
}

/** Programs beside `grad`, `grad-stats` and `eval`; all default to not built. */
export interface SearchPrograms {
  /** A column `objective` in the gradient programs. */
  readonly objective?: boolean;
  readonly quad?: boolean;
  readonly trial?: boolean;
  readonly product?: boolean;
  readonly probe?: boolean;
  readonly burnin?: boolean;
  readonly gram?: { readonly layers: readonly string[]; readonly fisher: 'sampled' | 'empirical' };
  /** Every step sees every example, so that the input factor of raw features never changes. */
  readonly wholeBatch?: boolean;
  /** Level of the tree at which coded factors are rounded; default 0. */
  readonly codecLevel?: number;
}
