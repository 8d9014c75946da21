/**
 * What a task leaves behind, layer by layer: where the weights were (W*) and how much each direction away from there matters (the curvature
 * of the task's loss at W*). Plain data; in the convention of this library a layer's matrix is [I + 1, O] and a Kronecker curvature is
 * A (x) S with C vec(V) = vec(A V S), so that the penalty <W - W*, S* (W - W*) A*> of texts that hold W as [O, I + 1] is the same number.
 * W weights, A second moment of the inputs, S of the output gradients (or the learned metric), F diagonal Fisher.
 * Sources: Kirkpatrick et al. 2017 (diagonal); Ritter, Botev and Barber 2018 (Kronecker).
 */
import type { KroneckerFactors } from '../curvature/kronecker-factor.ts';
import { AnchorError } from './continual-errors.ts';

/** What all kinds share. Arrays are the anchor's own and are not written to again. */
interface AnchorBase {
  readonly layer: string;
  readonly rows: number;
  readonly columns: number;
  /** W*, [rows, columns] row-major. */
  readonly weights: Float64Array;
}

/** Curvature A* (x) S*: means over the task's examples, symmetric positive semi-definite. */
export interface KroneckerAnchor extends AnchorBase, KroneckerFactors {
  readonly kind: 'kronecker';
}

/** Curvature diag(F): mean squares of the log-likelihood's gradients, >= 0. */
export interface DiagonalAnchor extends AnchorBase {
  readonly kind: 'diagonal';
  /** F, [rows, columns] row-major. */
  readonly fisher: Float64Array;
}

/** Curvature I: the pull of plain L2 towards W*. */
export interface EuclideanAnchor extends AnchorBase {
  readonly kind: 'euclidean';
}

/** The anchor of one layer and one task. */
export type Anchor = KroneckerAnchor | DiagonalAnchor | EuclideanAnchor;

/** Copies weights [rows, columns] and factors into an anchor. @throws {AnchorError} when a size is wrong */
export function kroneckerAnchor(layer: string, weights: ArrayLike<number>, factors: KroneckerFactors): KroneckerAnchor {
  const { rows, columns, input, output } = factors;
  return {
    kind: 'kronecker',
    ...placed(layer, weights, { rows, columns }),
    input: copied(layer, 'A*', input, rows * rows),
    output: copied(layer, 'S*', output, columns * columns),
  };
}

/** Copies weights and a diagonal Fisher matrix, both [rows, columns], into an anchor. @throws {AnchorError} when a size is wrong */
export function diagonalAnchor(
  layer: string,
  weights: ArrayLike<number>,
  { fisher, rows, columns }: { readonly fisher: ArrayLike<number>; readonly rows: number; readonly columns: number },
): DiagonalAnchor {
  return { kind: 'diagonal', ...placed(layer, weights, { rows, columns }), fisher: copied(layer, 'F', fisher, rows * columns) };
}

/** Copies weights [rows, columns] into an anchor with the curvature I. @throws {AnchorError} when a size is wrong */
export function euclideanAnchor(
  layer: string,
  weights: ArrayLike<number>,
  shape: { readonly rows: number; readonly columns: number },
): EuclideanAnchor {
  return { kind: 'euclidean', ...placed(layer, weights, shape) };
}

function placed(
  layer: string,
  weights: ArrayLike<number>,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): AnchorBase {
  return { layer, rows, columns, weights: copied(layer, 'W*', weights, rows * columns) };
}

function copied(layer: string, what: string, values: ArrayLike<number>, length: number): Float64Array {
  if (values.length !== length) throw new AnchorError('anchor', layer, `${what} with ${length} entries`, `${values.length} entries`);
  return Float64Array.from(values);
}
