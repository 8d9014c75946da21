/**
 * Inverses and inverse roots of symmetric positive definite matrices [.., n, n] by Newton iterations: products of matrices
 * only, so they run wherever BatchMatMul does, at any n, and batched. With the infinity norm N = max_i sum_j |a_ij|, which is
 * at least the largest eigenvalue, and k = N / (smallest eigenvalue), both converge for every SPD matrix; what is left after
 * m iterations is stated with each. Rounding adds at most about u k of the result's largest eigenvalue, u = 6e-8 in
 * float32 and 1e-16 in float64, so in float32 damp a matrix until k is below 1e5 or so.
 *
 * Sources: G. Schulz (1933); C.-H. Guo and N. J. Higham, "A Schur-Newton method for the matrix p-th root and its inverse",
 * SIAM J. Matrix Anal. Appl. 28 (2006), iteration 3.8; its use as a preconditioner: R. Anil et al., arXiv:2002.09018.
 */
import { GraphError } from './errors.ts';
import { Expressions } from './expressions.ts';
import type { GraphBuilder } from './graph-builder.ts';
import { describeType, isFloat } from './graph.ts';

/** Options of {@link newtonSchulzInverse}. */
export interface NewtonSchulzOptions {
  /** Number of iterations m, at least 1; log2(k) + 4 reach float32, log2(k) + 5 float64. Each costs two products. */
  readonly iterations: number;
}

/** Options of {@link coupledNewtonRoot}. */
export interface CoupledNewtonOptions {
  /** p: the result is A^(-1/p). */
  readonly root: 2 | 4;
  /** Number of iterations m, at least 1; 1.2 ln(k) + 5 reach both precisions. Each costs three products, or four for p = 4. */
  readonly iterations: number;
}

/**
 * Appends A^-1 of SPD matrices a [.., n, n]: X_0 = I / N, X <- X (2 I - A X). The residual I - A X is squared in every
 * iteration, so the relative error left is at most exp(-2^m / k).
 * @returns the id of the inverse, of the type of a
 * @throws {GraphError} when a is no float matrix, or there are no iterations
 */
export function newtonSchulzInverse(builder: GraphBuilder, a: number, { iterations }: NewtonSchulzOptions): number {
  requireMatrix(builder, 'newtonSchulzInverse', { a, iterations });
  const x = new Expressions(builder);
  let inverse = x.div(identity(x, a), infinityNorm(x, a));
  for (let i = 0; i < iterations; i++) inverse = x.sub(x.scale(inverse, 2), x.matMul(inverse, x.matMul(a, inverse)));
  return inverse;
}

/**
 * Appends A^(-1/p) of SPD matrices a [.., n, n] by the coupled Newton iteration: M_0 = s A, X_0 = s^(1/p) I with
 * s = (p + 1) / (2 N), then T = ((p + 1) I - M) / p, X <- X T, M <- T^p M. M converges to I: its eigenvalues below 1 grow by
 * up to (1 + 1/p)^p (2.25 and 2.44) at first, and the distance from 1 is squared once they are near.
 * @returns the id of the root, of the type of a
 * @throws {GraphError} when a is no float matrix, or there are no iterations
 */
export function coupledNewtonRoot(builder: GraphBuilder, a: number, { root, iterations }: CoupledNewtonOptions): number {
  requireMatrix(builder, 'coupledNewtonRoot', { a, iterations });
  const x = new Expressions(builder);
  const unit = identity(x, a);
  const scale = x.div(x.like(a, (root + 1) / 2), infinityNorm(x, a));
  const squareRoot = x.unary('Sqrt', scale);
  let power = x.mul(a, scale);
  let result = x.mul(unit, root === 2 ? squareRoot : x.unary('Sqrt', squareRoot));
  for (let i = 0; i < iterations; i++) {
    const step = x.scale(x.sub(x.scale(unit, root + 1), power), 1 / root);
    const squared = x.matMul(step, step);
    result = x.matMul(result, step);
    power = x.matMul(root === 2 ? squared : x.matMul(squared, squared), power);
  }
  return result;
}

function requireMatrix(
  builder: GraphBuilder,
  operation: string,
  { a, iterations }: { readonly a: number; readonly iterations: number },
): void {
  const type = builder.nodeOf(a);
  const square = type.shape.length >= 2 && type.shape.at(-1) === type.shape.at(-2);
  if (!square || !isFloat(type.dtype)) throw new GraphError(operation, 'float matrices [.., n, n]', describeType(type));
  if (!Number.isInteger(iterations) || iterations < 1)
    throw new GraphError(operation, 'a whole number of iterations of at least 1', String(iterations));
}

/** max_i sum_j |a_ij| as [.., 1, 1]. */
function infinityNorm(x: Expressions, a: number): number {
  const rank = x.shapeOf(a).length;
  const sums = x.sum(x.unary('Abs', a), [rank - 1], { keepDims: true });
  return x.builder.add('Max', [sums], { axes: [rank - 2], keepDims: true });
}

/** I [n, n] of a matrix's size and dtype, made of two lists of n numbers. */
function identity(x: Expressions, a: number): number {
  const n = x.shapeOf(a).at(-1) ?? 1;
  const data = Int32Array.from({ length: n }, (_, i) => i);
  const row = x.builder.constant({ dtype: 'int32', shape: [n, 1], data });
  const column = x.builder.constant({ dtype: 'int32', shape: [1, n], data });
  return x.cast(x.binary('Equal', row, column), x.dtypeOf(a));
}
