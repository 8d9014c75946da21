/**
 * What a model is trained for: the target of an example, its loss, and how a target is drawn from the model for the Fisher matrix.
 * Everything is per example, in nats where it is a log-likelihood, and never averaged: workers report sums. B rows of a slot.
 */
import type { RandomInput } from '@geodesic/engine';
import type { DType, Shape } from '@geodesic/tensor';
import type { TensorFunction } from './model.ts';

/** Type of one example's target `y`; `below` bounds whole numbers: they lie in [0, below). */
export interface TargetType {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly below?: number;
}

/** A task. */
export interface Task {
  readonly name: 'classification' | 'regression' | (string & {});
  /** Type of one example's target `y`, or `features`: the target is `x` itself (autoencoders). */
  readonly target: TargetType | 'features';
  /** Names of per-example columns; the first is `loss` (unsmoothed, what is reported), the rest e.g. `hit` (reported as accuracy). */
  readonly columns: readonly string[];
  /** forward's outputs, `y`, `x` -> a [B] for every column and `objective` [B], the training loss of each example. */
  readonly terms: TensorFunction;
  /**
   * How the Monte-Carlo Fisher matrix is sampled: `draw` maps forward's outputs and the random inputs to `cotangent`, the derivative of
   * -log p(y~ | x) with respect to the forward output `output`, for y~ drawn from the model. Absent: no Fisher methods.
   */
  readonly sampled?: { readonly output: string; readonly random: readonly RandomInput[]; readonly draw: TensorFunction };
}
