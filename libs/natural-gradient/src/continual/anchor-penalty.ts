/**
 * The price of leaving an anchor, to second order: with D = W - W* and the anchor's curvature C,
 *   value = strength / 2 <D, C D>,   gradient = strength C D;
 * C D is A* D S* (Kronecker), F D entry by entry (diagonal) or D (L2). `strength` is the lambda of elastic weight consolidation: with the mean
 * loss of the present task and mean curvatures, 1 is Bayes' rule for tasks of equal size.
 * Several tasks: the penalties of a list of anchors add, which is exact; nothing is merged unless `mergeAnchorsApproximately` is asked to.
 * Sources: Kirkpatrick et al. 2017, equation 3; Huszar 2018 (why it is a sum); Ritter, Botev and Barber 2018, section 3.
 */
import type { Linalg } from '@geodesic/linalg';
import { multiply } from '../curvature/kronecker-factor.ts';
import type { Anchor } from './anchor.ts';
import { AnchorError } from './continual-errors.ts';

/** A penalty and its gradient with respect to the layer's matrix [rows, columns]. */
export interface Penalty {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** How hard anchors pull, >= 0, and what computes. */
export interface PenaltyOptions {
  readonly strength: number;
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg | undefined;
}

/**
 * The penalty of one anchor at weights [rows, columns]; new arrays.
 * O(rows columns (rows + columns)) for Kronecker anchors, O(rows columns) for the others.
 * @throws {AnchorError} when the weights are not [rows, columns]
 */
export function anchorPenalty(anchor: Anchor, weights: ArrayLike<number>, { strength, linalg }: PenaltyOptions): Penalty {
  if (weights.length !== anchor.weights.length)
    throw new AnchorError('anchorPenalty', anchor.layer, `weights with ${anchor.weights.length} entries`, `${weights.length} entries`);
  const away = anchor.weights.map((entry, i) => weights[i] - entry);
  const gradient = timesCurvature(anchor, away, linalg);
  let value = 0;
  for (let i = 0; i < away.length; i++) {
    gradient[i] *= strength;
    value += away[i] * gradient[i];
  }
  return { value: value / 2, gradient };
}

/**
 * The sum of all anchors' penalties, and its gradient for each layer that has anchors. `weightsOf` gives a layer's present matrix.
 * Anchors are taken in their order, so that equal lists give equal bits. Cost and memory grow with the number of tasks.
 */
export function totalPenalty(
  anchors: readonly Anchor[],
  weightsOf: (layer: string) => ArrayLike<number>,
  options: PenaltyOptions,
): { readonly value: number; readonly gradients: ReadonlyMap<string, Float64Array> } {
  const gradients = new Map<string, Float64Array>();
  let total = 0;
  for (const anchor of anchors) {
    const { value, gradient } = anchorPenalty(anchor, weightsOf(anchor.layer), options);
    total += value;
    const before = gradients.get(anchor.layer);
    if (before === undefined) gradients.set(anchor.layer, gradient);
    else for (let i = 0; i < gradient.length; i++) before[i] += gradient[i];
  }
  return { value: total, gradients };
}

function timesCurvature(anchor: Anchor, away: Float64Array, linalg: Linalg | undefined): Float64Array {
  switch (anchor.kind) {
    case 'kronecker':
      return multiply(anchor, away, linalg);
    case 'diagonal':
      return away.map((entry, i) => anchor.fisher[i] * entry);
    case 'euclidean':
      return away.slice();
  }
}
