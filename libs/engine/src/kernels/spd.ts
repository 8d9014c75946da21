/**
 * Inverse and log-determinant of symmetric positive definite matrices over the last two axes, by Gauss-Jordan sweeps:
 * sweeping pivot d = a_kk replaces
 *   a_ij by a_ij - a_ik a_kj / d,   a_kj by a_kj / d,   a_ik by -a_ik / d,   a_kk by 1 / d,
 * after n sweeps A is its inverse, and the pivots' product is the determinant. There is no pivoting, which is stable for
 * SPD matrices; for others a pivot may be zero or negative, and the result shows it as an infinity or NaN.
 */
import { KernelError } from '../errors.ts';
import { describeType, type ValueType } from '../graph.ts';
import { requireFloat, requireRank, type Kernel } from '../kernel.ts';

/** Checks for float matrices [.., n, n]. @throws {KernelError} */
export function requireSquare(kernel: string, input: ValueType): void {
  requireFloat(kernel, input);
  requireRank(kernel, input, 2);
  if (input.shape.at(-1) !== input.shape.at(-2)) throw new KernelError(kernel, 'square matrices [.., n, n]', describeType(input));
}

/** Sweeps one matrix [n, n] in place into its inverse and returns the logarithm of its determinant. */
function sweep(a: Float64Array, n: number): number {
  let logDet = 0;
  for (let k = 0; k < n; k++) {
    const pivot = a[k * n + k];
    logDet += Math.log(pivot);
    a[k * n + k] = 1;
    for (let j = 0; j < n; j++) a[k * n + j] /= pivot;
    for (let i = 0; i < n; i++) {
      if (i === k) continue;
      const factor = a[i * n + k];
      a[i * n + k] = 0;
      for (let j = 0; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
    }
  }
  return logDet;
}

const inverse: Kernel = {
  name: 'SpdInverse',
  arity: 1,
  infer([input]) {
    requireSquare('SpdInverse', input);
    return { ...input, attributes: {} };
  },
  evaluate([{ data, shape }]) {
    const n = shape[shape.length - 1];
    const out = data.slice();
    for (let start = 0; start < out.length; start += n * n) sweep(out.subarray(start, start + n * n), n);
    return out;
  },
  // dY = -Y dA Y, hence the pullback -Y^T c Y^T.
  vjp: (x, { output: y, cotangent: c }) => [() => x.neg(x.matMul(x.matMul(y, c, { transposeA: true }), y, { transposeB: true }))],
  jvp: (x, { output: y, tangents: [tangent] }) => (tangent === undefined ? undefined : x.neg(x.matMul(x.matMul(y, tangent), y))),
};

const logDet: Kernel = {
  name: 'LogDet',
  arity: 1,
  infer([input]) {
    requireSquare('LogDet', input);
    return { shape: input.shape.slice(0, -2), dtype: input.dtype, attributes: {} };
  },
  evaluate([{ data, shape }]) {
    const n = shape[shape.length - 1];
    const work = data.slice();
    return Float64Array.from({ length: data.length / (n * n) }, (_, i) => sweep(work.subarray(i * n * n, (i + 1) * n * n), n));
  },
  // d log det A = tr(A^-1 dA); the transpose of the inverse is the inverse, A being symmetric.
  vjp: (x, { inputs: [a], cotangent: c }) => [() => x.mul(x.reshape(c, [...x.shapeOf(c), 1, 1]), x.unary('SpdInverse', a))],
  jvp(x, { inputs: [a], tangents: [tangent] }) {
    if (tangent === undefined) return undefined;
    const rank = x.shapeOf(a).length;
    return x.sum(x.mul(x.unary('SpdInverse', a), tangent), [rank - 2, rank - 1]);
  },
};

/** Inverse and log-determinant of SPD matrices. */
export const spdKernels: readonly Kernel[] = [inverse, logDet];
