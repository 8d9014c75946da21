/**
 * The curvature of a task and of the anchor behind it, solved exactly: P = A_new (x) S_new + lambda A_old (x) S_old is no Kronecker product, yet
 * both terms are diagonal in one (non-orthogonal) basis. On each side the pencil (N, N + c O) of the new and the old factor gives V with
 * V^T (N + c O) V = I and V^T N V = diag(n), n in [0, 1], hence V^T O V = (1 - diag(n)) / c; so with X = V_A Y V_S^T
 *   A_new X S_new + lambda A_old X S_old = R   <=>   Y_io (a_i s_o + lambda (1 - a_i)(1 - s_o) / (c_A c_S)) = (V_A^T R V_S)_io.
 * The sum N + c O stands in the place of O as second matrix of the pencil because it is positive definite when either is (golden/10 uses (N, O):
 * the same solution); c = tr N / tr O makes both weigh the same, so that nothing depends on the factors' units.
 * Damping: the new curvature is damped as everywhere in this library (factored Tikhonov, pi-corrected), the old one is taken as it was stored.
 * Source: golden/10; Golub and Van Loan, 8.7 (definite pencils).
 */
import { defaultLinalg, generalisedSymmetricEigen, type Linalg, NotPositiveDefiniteError, trace } from '@geodesic/linalg';
import type { KroneckerFactors } from '../curvature/kronecker-factor.ts';
import { fromBasis, intoBasis, type KroneckerBasis } from '../damping/eigenbasis-damping.ts';
import { dampFactors } from '../damping/factored-damping.ts';
import type { KroneckerAnchor } from './anchor.ts';
import { AnchorError, SingularPairError } from './continual-errors.ts';

/** Values of a definite pencil that leave [0, 1] by more than this are no rounding: a factor is indefinite. */
const roundingOfPencil = Math.sqrt(Number.EPSILON);

/** The decomposed sum: columns of `input` and `output` are V_A and V_S, of no orthonormal basis. */
export interface KroneckerPair extends KroneckerBasis {
  readonly layer: string;
  /** The sum's diagonal in that basis, [rows, columns], all > 0. */
  readonly values: Float64Array;
}

/** The two curvatures: that of the present task (means), and an anchor's with its strength lambda >= 0. */
export interface PairOptions {
  readonly current: KroneckerFactors;
  readonly anchor: KroneckerAnchor;
  readonly strength: number;
  /** Tikhonov damping >= 0 of the current curvature. */
  readonly damping: number;
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg | undefined;
}

/**
 * Decomposes A_new (x) S_new + strength A_old (x) S_old for any number of solves. Two generalised eigendecompositions:
 * O(rows^3 + columns^3); beside the eigenbasis of one curvature, a Cholesky factor and three triangular solves with n columns for each factor.
 * @throws {AnchorError} when the sizes differ
 * @throws {SingularPairError} when the sum is not positive definite, naming the layer
 */
export function decomposePair(options: PairOptions): KroneckerPair {
  const { current, anchor, strength, damping, linalg = defaultLinalg() } = options;
  const { layer, rows, columns } = anchor;
  if (current.rows !== rows || current.columns !== columns)
    throw new AnchorError('decomposePair', layer, `factors for [${rows}, ${columns}]`, `[${current.rows}, ${current.columns}]`);
  const { factors } = dampFactors(current, damping);
  const side = { layer, damping, linalg };
  const a = pencil(factors.input, anchor.input, { ...side, n: rows, factor: 'A' });
  const s = pencil(factors.output, anchor.output, { ...side, n: columns, factor: 'S' });
  const oldScale = strength / (a.balance * s.balance);
  const values = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let o = 0; o < columns; o++)
      values[i * columns + o] = a.values[i] * s.values[o] + oldScale * (1 - a.values[i]) * (1 - s.values[o]);
  // Values of the pencils are right to about n epsilon, so that a smaller sum of their products is no number.
  const least = (rows + columns) * Number.EPSILON * Math.max(1, oldScale);
  const smallest = values.reduce((lowest, value) => Math.min(lowest, value), Infinity);
  if (!(smallest > least))
    throw new SingularPairError({
      layer,
      damping,
      expected: 'a positive definite sum of the new and the old curvature',
      got: `the eigenvalue ${smallest}`,
    });
  return { layer, rows, columns, input: a.vectors, output: s.vectors, values };
}

/** Solves the sum for a gradient [rows, columns]: a new array. O(rows columns (rows + columns)). */
export function solvePair(pair: KroneckerPair, gradient: Float64Array, linalg?: Linalg): Float64Array {
  if (gradient.length !== pair.values.length)
    throw new AnchorError('solvePair', pair.layer, `a gradient with ${pair.values.length} entries`, `${gradient.length} entries`);
  const rotated = intoBasis(pair, gradient, linalg);
  for (let i = 0; i < rotated.length; i++) rotated[i] /= pair.values[i];
  return fromBasis(pair, rotated, linalg);
}

interface Side {
  readonly n: number;
  readonly factor: 'A' | 'S';
  readonly layer: string;
  readonly damping: number;
  readonly linalg: Linalg;
}

/** The pencil (fresh, fresh + c old): values in [0, 1], vectors, c. */
function pencil(fresh: Float64Array, old: Float64Array, { n, factor, layer, damping, linalg }: Side) {
  const [scale, oldScale] = [trace(fresh, n), trace(old, n)];
  const balance = scale > 0 && oldScale > 0 ? scale / oldScale : 1;
  const sum = fresh.map((entry, i) => entry + balance * old[i]);
  const expected = `positive semi-definite factors ${factor}, and a positive definite sum of the new and the old one`;
  try {
    const { values, vectors } = generalisedSymmetricEigen(fresh, sum, { n, linalg });
    const outside = values.find((value) => value < -roundingOfPencil || value > 1 + roundingOfPencil);
    if (outside !== undefined)
      throw new SingularPairError({ layer, damping, expected, got: `the generalised eigenvalue ${outside} outside [0, 1]` });
    return { values: values.map((value) => Math.min(1, Math.max(0, value))), vectors, balance };
  } catch (error) {
    if (!(error instanceof NotPositiveDefiniteError)) throw error;
    throw new SingularPairError({ layer, damping, expected, got: `the pivot ${error.value} in row ${error.pivot}`, cause: error });
  }
}
