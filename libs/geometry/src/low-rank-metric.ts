/**
 * The low-rank metric g = diag(D) + U U^T with D [d] > 0 and U [d, r], r small.
 * Everything goes through the capacitance K = I_r + U^T D^-1 U (Woodbury 1950):
 *   g^-1 v = D^-1 v - D^-1 U K^-1 U^T D^-1 v,   ln det g = sum ln D + ln det K.
 * Cost O(d r^2 + r^3) once, O(d r) for each vector; [d, d] is never formed but by toDense.
 */
import { addDiagonal, cholesky, choleskySolve, logDetFromCholesky, matmul } from '@geodesic/linalg';
import { MetricError, requireLength } from './errors.ts';
import type { Metric } from './metric.ts';

/** The parts of a low-rank metric: diagonal [d], factor [d, rank] row-major. */
export interface LowRankParts {
  readonly diagonal: Float64Array;
  readonly factor: Float64Array;
  readonly rank: number;
}

/**
 * A low-rank metric at one point. It keeps the arrays it is given: do not write to them afterwards.
 *
 * Limitations: the capacitance squares the ratio of U to D, so that solves lose digits as ||U||^2 / min D nears 1e16; bounded parts
 * (boundedDiagonal, boundedFactor) stay far from it.
 */
export class LowRankMetric implements Metric {
  readonly dimension: number;
  readonly rank: number;
  readonly diagonal: Float64Array;
  readonly factor: Float64Array;
  /** D^-1 U [d, r]. */
  readonly #scaledFactor: Float64Array;
  /** Lower Cholesky factor of K [r, r]. */
  readonly #capacitanceRoot: Float64Array;

  /** @throws {MetricError} when the lengths do not fit or a diagonal entry is not positive and finite */
  constructor({ diagonal, factor, rank }: LowRankParts) {
    const d = diagonal.length;
    requireLength('LowRankMetric', 'factor', factor, d * rank, `[${d}, ${rank}]`);
    const odd = diagonal.findIndex((entry) => !(entry > 0 && entry < Infinity));
    if (odd >= 0) throw new MetricError('LowRankMetric', `diagonal[${odd}]`, 'a positive finite number', String(diagonal[odd]));
    this.dimension = d;
    this.rank = rank;
    this.diagonal = diagonal;
    this.factor = factor;
    this.#scaledFactor = factor.map((entry, at) => entry / diagonal[Math.floor(at / rank)]);
    this.#capacitanceRoot = cholesky(this.capacitance(), rank);
  }

  /** K = I + U^T D^-1 U, [r, r]. */
  capacitance(): Float64Array {
    const { factor, rank, dimension } = this;
    return addDiagonal(matmul(factor, this.#scaledFactor, { m: rank, k: dimension, n: rank, transposeA: true }), rank, 1);
  }

  multiply(v: Float64Array, columns = 1): Float64Array {
    requireLength('LowRankMetric.multiply', 'v', v, this.dimension * columns, `[${this.dimension}, ${columns}]`);
    const { factor, rank, dimension, diagonal } = this;
    const inward = matmul(factor, v, { m: rank, k: dimension, n: columns, transposeA: true });
    const outward = matmul(factor, inward, { m: dimension, k: rank, n: columns });
    return outward.map((entry, at) => diagonal[Math.floor(at / columns)] * v[at] + entry);
  }

  solve(v: Float64Array, columns = 1): Float64Array {
    requireLength('LowRankMetric.solve', 'v', v, this.dimension * columns, `[${this.dimension}, ${columns}]`);
    const { rank, dimension, diagonal } = this;
    const inward = matmul(this.#scaledFactor, v, { m: rank, k: dimension, n: columns, transposeA: true });
    const solved = choleskySolve(this.#capacitanceRoot, rank, inward, columns);
    const outward = matmul(this.#scaledFactor, solved, { m: dimension, k: rank, n: columns });
    return outward.map((entry, at) => v[at] / diagonal[Math.floor(at / columns)] - entry);
  }

  logDet(): number {
    const diagonal = this.diagonal.reduce((sum, entry) => sum + Math.log(entry), 0);
    return diagonal + logDetFromCholesky(this.#capacitanceRoot, this.rank);
  }

  /** Bounds min D <= g <= max D + ||U||_F^2 on the eigenvalues of this metric. O(d r). */
  eigenvalueBounds(): { readonly lower: number; readonly upper: number } {
    const squares = this.factor.reduce((sum, entry) => sum + entry * entry, 0);
    const lower = this.diagonal.reduce((least, entry) => Math.min(least, entry), Infinity);
    return { lower, upper: this.diagonal.reduce((most, entry) => Math.max(most, entry), 0) + squares };
  }

  /**
   * A draw from N(0, g), D^(1/2) e1 + U e2, from standard normals e = [e1; e2] of length d + r; solve() of it is a draw from N(0, g^-1).
   * @throws {MetricError} when the length is wrong
   */
  sample(normals: Float64Array): Float64Array {
    const { factor, rank, dimension, diagonal } = this;
    requireLength('LowRankMetric.sample', 'normals', normals, dimension + rank, `[${dimension} + ${rank}]`);
    const spread = matmul(factor, normals.subarray(dimension), { m: dimension, k: rank, n: 1 });
    return spread.map((entry, i) => Math.sqrt(diagonal[i]) * normals[i] + entry);
  }

  /** The metric g + damping I. @throws {MetricError} when that is no metric */
  damped(damping: number): LowRankMetric {
    const { factor, rank } = this;
    return new LowRankMetric({ diagonal: this.diagonal.map((entry) => entry + damping), factor, rank });
  }

  toDense(): Float64Array {
    const { factor, rank, dimension, diagonal } = this;
    const dense = matmul(factor, factor, { m: dimension, k: rank, n: dimension, transposeB: true });
    for (let i = 0; i < dimension; i++) dense[i * (dimension + 1)] += diagonal[i];
    return dense;
  }
}
