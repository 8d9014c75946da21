/**
 * An anchor in the space of outputs: a few stored examples b of a task with their outputs z*_b and the metric g*_b that was there (the output's
 * Fisher matrix, or the learned metric), whatever the weights become:
 *   value = strength / (2 B) sum_b (z_b - z*_b)^T g*_b (z_b - z*_b).
 * With g* the Fisher matrix of the likelihood this is the KL divergence from the old predictions to second order; with z linear in W it is the
 * Kronecker penalty without its factoring error, E[a a^T (x) g]. B examples, O outputs.
 * Sources: this project; Pan et al. 2020 and Titsias et al. 2020 (functional regularisation of the memorable past).
 */
import { AnchorError } from './continual-errors.ts';
import type { Penalty } from './anchor-penalty.ts';

/** Stored outputs of a layer (the logits, say). Plain data; arrays are the caller's and are only read. */
export interface FunctionalAnchor {
  readonly layer: string;
  readonly count: number;
  readonly columns: number;
  /** z*, [B, O] row-major. */
  readonly outputs: Float64Array;
  /** g*, [B, O, O] row-major, each symmetric positive semi-definite. */
  readonly metrics: Float64Array;
}

/**
 * The penalty of present outputs z [B, O] of the stored examples, with its gradient with respect to z [B, O], the cotangent that a backward pass
 * takes. O(B O^2). @throws {AnchorError} when a size is wrong
 */
export function functionalPenalty(
  anchor: FunctionalAnchor,
  outputs: ArrayLike<number>,
  { strength }: { readonly strength: number },
): Penalty {
  const { layer, count, columns } = anchor;
  requireLength(layer, 'z*', anchor.outputs, count * columns);
  requireLength(layer, 'g*', anchor.metrics, count * columns * columns);
  requireLength(layer, 'z', outputs, count * columns);
  const away = anchor.outputs.map((entry, i) => outputs[i] - entry);
  const gradient = new Float64Array(count * columns);
  let value = 0;
  for (let i = 0; i < gradient.length; i++) {
    const row = i - (i % columns);
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += anchor.metrics[i * columns + j] * away[row + j];
    // A mean over the buffer, so that the strength does not depend on how many examples are stored.
    gradient[i] = (strength * sum) / count;
    value += gradient[i] * away[i];
  }
  return { value: value / 2, gradient };
}

function requireLength(layer: string, what: string, values: ArrayLike<number>, length: number): void {
  if (values.length !== length)
    throw new AnchorError('functionalPenalty', layer, `${what} with ${length} entries`, `${values.length} entries`);
}
