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
  /** The Hessian of each example's objective in a forward output. Absent: no quadratic model, no products, no `exact` Fisher. */
  readonly curvature?: OutputCurvature;
}

/**
 * H, the Hessian of an example's objective in the forward output `output`; block-diagonal over examples. Where the Hessian is indefinite
 * (the variance of a Gaussian) its expectation over targets drawn from the model stands for it, the Fisher information: positive
 * semi-definite, as a Gauss-Newton matrix has to be.
 */
export interface OutputCurvature {
  readonly output: string;
  /** forward's outputs, `y` and `tangent` (of the output's shape) -> `product` = H tangent, linear in `tangent`. */
  readonly product: TensorFunction;
  /** K: H is the sum of K outer products. */
  readonly roots: number;
  /** forward's outputs and `y` -> `root:0` ... `root:<K - 1>`, each of the output's shape, with sum_k root_k root_k' = H. */
  readonly rootsOf: TensorFunction;
}
