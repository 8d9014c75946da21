/**
 * Several tasks' Kronecker anchors of one layer as a single one: an APPROXIMATION in two places, for when the exact sum of penalties costs too
 * much memory. (1) sum_k A_k (x) S_k is no Kronecker product; it is replaced by the nearest one in Frobenius norm. With vec(A_k) and vec(S_k)
 * as columns of U and V that is the first singular pair of U V^T, A = U alpha, S = V beta, and takes K x K Gram matrices only. Inner products
 * of positive semi-definite matrices are >= 0, hence (Perron) so are alpha and beta, and A and S are positive semi-definite again.
 * (2) The sum's minimum is taken to be at the last task's weights, where its training ended under the earlier penalties.
 * Sources: Van Loan and Pitsianis 1993 (nearest Kronecker product); Huszar 2018 and Schwarz et al. 2018 (one anchor, the last weights).
 */
import type { KroneckerAnchor } from './anchor.ts';
import { kroneckerAnchor } from './anchor.ts';
import { AnchorError } from './continual-errors.ts';

/** Power iterations; the pair of PSD Gram matrices settles in a few. */
const maxIterations = 200;

/** A merged anchor and what it leaves out. */
export interface MergedAnchor {
  readonly anchor: KroneckerAnchor;
  /** ||sum_k A_k (x) S_k - A (x) S||_F / ||sum_k A_k (x) S_k||_F, in [0, 1): 0 where the sum is a Kronecker product. */
  readonly curvatureError: number;
}

/**
 * Approximates the sum of K anchors of one layer, oldest first, by one. O(K^2 (rows^2 + columns^2)), one anchor of memory.
 * @throws {AnchorError} when the list is empty or mixes layers or sizes
 */
export function mergeAnchorsApproximately(anchors: readonly KroneckerAnchor[]): MergedAnchor {
  const last = anchors.at(-1);
  if (last === undefined) throw new AnchorError('mergeAnchorsApproximately', '', 'at least one anchor', 'none');
  const { layer, rows, columns, weights } = last;
  for (const one of anchors)
    if (one.layer !== layer || one.rows !== rows || one.columns !== columns)
      throw new AnchorError(
        'mergeAnchorsApproximately',
        layer,
        `anchors [${rows}, ${columns}]`,
        `'${one.layer}' [${one.rows}, ${one.columns}]`,
      );
  const inputs = anchors.map(({ input }) => input);
  const outputs = anchors.map(({ output }) => output);
  const { alpha, beta, error } = nearestProduct(gram(inputs), gram(outputs));
  const factors = { rows, columns, input: weighted(inputs, alpha), output: weighted(outputs, beta) };
  return { anchor: kroneckerAnchor(layer, weights, factors), curvatureError: error };
}

/** alpha and beta of the nearest product (U alpha)(V beta)^T to U V^T, from G = U^T U and H = V^T V. */
function nearestProduct(
  g: readonly Float64Array[],
  h: readonly Float64Array[],
): { alpha: Float64Array; beta: Float64Array; error: number } {
  let beta: Float64Array = new Float64Array(h.length).fill(1);
  let alpha = beta;
  let sigma = 0;
  for (let i = 0; i < maxIterations; i++) {
    // Left and right vectors of length one in the metrics G and H: ||U alpha|| = ||V beta|| = 1.
    const left = times(h, beta);
    alpha = scaled(left, 1 / (normIn(g, left) || 1));
    const right = times(g, alpha);
    const before = sigma;
    sigma = normIn(h, right);
    beta = scaled(right, 1 / (sigma || 1));
    if (Math.abs(sigma - before) <= 1e-15 * sigma) break;
  }
  const square = g.reduce((sum, row, k) => sum + row.reduce((inner, entry, l) => inner + entry * h[k][l], 0), 0);
  return { alpha, beta: scaled(beta, sigma), error: square === 0 ? 0 : Math.sqrt(Math.max(0, 1 - sigma ** 2 / square)) };
}

function gram(matrices: readonly Float64Array[]): Float64Array[] {
  return matrices.map((a) => Float64Array.from(matrices, (b) => dot(a, b)));
}

function weighted(matrices: readonly Float64Array[], weights: Float64Array): Float64Array {
  const sum = new Float64Array(matrices[0].length);
  for (const [k, matrix] of matrices.entries()) for (let i = 0; i < sum.length; i++) sum[i] += weights[k] * matrix[i];
  return sum;
}

function times(matrix: readonly Float64Array[], v: Float64Array): Float64Array {
  return Float64Array.from(matrix, (row) => dot(row, v));
}

/** Root of v^T G v. */
function normIn(matrix: readonly Float64Array[], v: Float64Array): number {
  return Math.sqrt(dot(v, times(matrix, v)));
}

function scaled(v: Float64Array, by: number): Float64Array {
  return v.map((entry) => entry * by);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
