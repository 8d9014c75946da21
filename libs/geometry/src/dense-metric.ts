/**
 * The dense metric g = L L^T + epsilon I for small d: L lower triangular from d(d+1)/2 raw numbers, row-major, its diagonal through
 * softplus. By construction epsilon <= eigenvalues, and the condition number is at most (||L||_F^2 + epsilon) / epsilon.
 */
import { addDiagonal, cholesky, choleskySolve, logDetFromCholesky, matmul, spdInverse } from '@geodesic/linalg';
import { MetricError, requireLength } from './errors.ts';
import type { Metric } from './metric.ts';

/** A metric by its d(d+1)/2 raw numbers (the lower triangle, row-major), dimension d, and least eigenvalue epsilon > 0. */
export interface DenseMetricOptions {
  readonly raw: Float64Array;
  readonly dimension: number;
  readonly epsilon: number;
}

/**
 * A dense metric at one point. O(d^3 / 6) to build, O(d^2) for each vector.
 *
 * Limitations: meant for d of a few dozen at most; a point takes d(d+1)/2 numbers of a network.
 */
export class DenseMetric implements Metric {
  readonly dimension: number;
  readonly epsilon: number;
  /** L [d, d], lower triangular with a positive diagonal. */
  readonly lower: Float64Array;
  readonly #dense: Float64Array;
  /** Cholesky factor of g itself, epsilon included. */
  readonly #root: Float64Array;

  /** @throws {MetricError} when the number of raw entries does not fit or epsilon is not positive */
  constructor({ raw, dimension, epsilon }: DenseMetricOptions) {
    requireLength('DenseMetric', 'raw', raw, (dimension * (dimension + 1)) / 2, `(lower triangle of [${dimension}, ${dimension}])`);
    if (!(epsilon > 0)) throw new MetricError('DenseMetric', 'epsilon', 'a positive number', String(epsilon));
    this.dimension = dimension;
    this.epsilon = epsilon;
    this.lower = lowerFromRaw(raw, dimension);
    const gram = matmul(this.lower, this.lower, { m: dimension, k: dimension, n: dimension, transposeB: true });
    this.#dense = addDiagonal(gram, dimension, epsilon);
    this.#root = cholesky(this.#dense, dimension);
  }

  multiply(v: Float64Array, columns = 1): Float64Array {
    requireLength('DenseMetric.multiply', 'v', v, this.dimension * columns, `[${this.dimension}, ${columns}]`);
    return matmul(this.#dense, v, { m: this.dimension, k: this.dimension, n: columns });
  }

  solve(v: Float64Array, columns = 1): Float64Array {
    requireLength('DenseMetric.solve', 'v', v, this.dimension * columns, `[${this.dimension}, ${columns}]`);
    return choleskySolve(this.#root, this.dimension, v, columns);
  }

  logDet(): number {
    return logDetFromCholesky(this.#root, this.dimension);
  }

  /** g^-1 [d, d], exactly symmetric. O(d^3 / 2). */
  inverse(): Float64Array {
    return spdInverse(this.#dense, this.dimension);
  }

  /** Bounds epsilon <= g <= ||L||_F^2 + epsilon on the eigenvalues of this metric. */
  eigenvalueBounds(): { readonly lower: number; readonly upper: number } {
    return { lower: this.epsilon, upper: this.lower.reduce((sum, entry) => sum + entry * entry, this.epsilon) };
  }

  toDense(): Float64Array {
    return this.#dense.slice();
  }
}

function lowerFromRaw(raw: Float64Array, d: number): Float64Array {
  const lower = new Float64Array(d * d);
  for (let i = 0, at = 0; i < d; i++) for (let j = 0; j <= i; j++, at++) lower[i * d + j] = i === j ? softplus(raw[at]) : raw[at];
  return lower;
}

/** ln(1 + e^x), without overflow for large x. */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}
