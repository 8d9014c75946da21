/**
 * Cholesky factors and triangular solves over the last two axes; leading axes are batches.
 *   Cholesky(A) = L, lower triangular with a positive diagonal, L L^T = (A + A^T) / 2: a function of the symmetric part of
 *   A, so its derivative is symmetric. A that is not positive definite shows as NaN.
 *   TriangularSolve(L, B) = L^-1 B, or L^-T B with `transpose`; only the lower triangle of L is read.
 * Derivatives: I. Murray, "Differentiation of the Cholesky decomposition" (2016), equations 8 and 10.
 */
import { sizeOf } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import type { Expressions } from '../expressions.ts';
import { describeType } from '../graph.ts';
import { flagAttribute, requireSameDtype, type Kernel } from '../kernel.ts';
import { requireSquare } from './spd.ts';
import { sumOfTerms } from './tangents.ts';

/** The lower triangle with or without its diagonal, zeros elsewhere. */
function triangle(x: Expressions, input: number, keep: 'GreaterEqual' | 'Greater'): number {
  const n = x.shapeOf(input).at(-1) ?? 1;
  const data = Int32Array.from({ length: n }, (_, i) => i);
  const row = x.builder.constant({ dtype: 'int32', shape: [n, 1], data });
  const column = x.builder.constant({ dtype: 'int32', shape: [1, n], data });
  return x.where(x.binary(keep, row, column), input);
}

/** The lower triangle with half of the diagonal: Phi of Murray (2016). */
function halfLowerTriangle(x: Expressions, input: number): number {
  return x.scale(x.add(triangle(x, input, 'GreaterEqual'), triangle(x, input, 'Greater')), 0.5);
}

/** The permutation that transposes matrices. */
function swapped(x: Expressions, input: number): number[] {
  const rank = x.shapeOf(input).length;
  return Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
}

function solve(x: Expressions, factor: number, b: number, transpose: boolean): number {
  return x.builder.add('TriangularSolve', [factor, b], { transpose });
}

/** (M + M^T) / 2. */
function symmetricPart(x: Expressions, input: number): number {
  return x.scale(x.add(input, x.transpose(input, swapped(x, input))), 0.5);
}

/** Factors one matrix [n, n] at `start` of `a` into `out`. */
function factor(a: Float64Array, out: Float64Array, start: number, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = (a[start + i * n + j] + a[start + j * n + i]) / 2;
      for (let k = 0; k < j; k++) rest -= out[start + i * n + k] * out[start + j * n + k];
      out[start + i * n + j] = i === j ? Math.sqrt(rest) : rest / out[start + j * n + j];
    }
  }
}

const cholesky: Kernel = {
  name: 'Cholesky',
  arity: 1,
  infer([input]) {
    requireSquare('Cholesky', input);
    return { ...input, attributes: {} };
  },
  evaluate([{ data, shape }]) {
    const n = shape[shape.length - 1];
    const out = new Float64Array(data.length);
    for (let start = 0; start < data.length; start += n * n) factor(data, out, start, n);
    return out;
  },
  // dA_bar = sym(L^-T Phi(L^T L_bar) L^-1); the right factor is applied by solving with the transpose.
  vjp: (x, { output: l, cotangent }) => [
    () => {
      const inner = halfLowerTriangle(x, x.matMul(l, cotangent, { transposeA: true }));
      const left = solve(x, l, inner, true);
      const both = solve(x, l, x.transpose(left, swapped(x, left)), true);
      return symmetricPart(x, both);
    },
  ],
  // dL = L Phi(L^-1 dA L^-T).
  jvp(x, { output: l, tangents: [tangent] }) {
    if (tangent === undefined) return undefined;
    const left = solve(x, l, symmetricPart(x, tangent), false);
    const both = solve(x, l, x.transpose(left, swapped(x, left)), false);
    return x.matMul(l, halfLowerTriangle(x, both));
  },
};

/** Solves L x = b in place for every column, or L^T x = b; b is [n, k] at `start`. */
function substitute(l: Float64Array, out: Float64Array, at: { l: number; b: number; n: number; k: number; transpose: boolean }): void {
  const { n, k, transpose } = at;
  for (let step = 0; step < n; step++) {
    const i = transpose ? n - 1 - step : step;
    for (let column = 0; column < k; column++) {
      let rest = out[at.b + i * k + column];
      for (let done = 0; done < step; done++) {
        const j = transpose ? n - 1 - done : done;
        rest -= l[at.l + (transpose ? j * n + i : i * n + j)] * out[at.b + j * k + column];
      }
      out[at.b + i * k + column] = rest / l[at.l + i * n + i];
    }
  }
}

const triangularSolve: Kernel = {
  name: 'TriangularSolve',
  arity: 2,
  infer(inputs, attributes) {
    const [l, b] = inputs;
    requireSameDtype('TriangularSolve', inputs);
    requireSquare('TriangularSolve', l);
    const n = l.shape[l.shape.length - 1];
    const fits = b.shape.length === l.shape.length && b.shape.slice(0, -1).every((size, axis) => size === l.shape[axis]);
    if (!fits) throw new KernelError('TriangularSolve', `right sides [${l.shape.slice(0, -2).join(',')}.., ${n}, k]`, describeType(b));
    return { ...b, attributes: { transpose: flagAttribute('TriangularSolve', attributes, 'transpose') } };
  },
  evaluate([l, b], { shape, attributes }) {
    const [n, k] = shape.slice(-2);
    const out = b.data.slice();
    for (let i = 0; i < sizeOf(shape.slice(0, -2)); i++)
      substitute(l.data, out, { l: i * n * n, b: i * n * k, n, k, transpose: attributes.transpose as boolean });
    return out;
  },
  // X = L^-1 B: B_bar = L^-T X_bar, L_bar = -lower(B_bar X^T). X = L^-T B: B_bar = L^-1 X_bar, L_bar = -lower(X B_bar^T).
  vjp(x, { inputs: [l], output, cotangent, attributes }) {
    const transpose = attributes.transpose as boolean;
    const toB = (): number => solve(x, l, cotangent, !transpose);
    const toL = (): number => {
      const pair = transpose ? [output, toB()] : [toB(), output];
      return x.neg(triangle(x, x.matMul(pair[0], pair[1], { transposeB: true }), 'GreaterEqual'));
    };
    return [toL, toB];
  },
  // op(L) dX = dB - op(dL) X.
  jvp(x, { inputs: [l], output, tangents: [dl, db], attributes }) {
    const transpose = attributes.transpose as boolean;
    const moved = dl === undefined ? undefined : x.neg(x.matMul(triangle(x, dl, 'GreaterEqual'), output, { transposeA: transpose }));
    const right = sumOfTerms(x, [db, moved]);
    return right === undefined ? undefined : solve(x, l, right, transpose);
  },
};

/** Cholesky and TriangularSolve. */
export const choleskyKernels: readonly Kernel[] = [cholesky, triangularSolve];
