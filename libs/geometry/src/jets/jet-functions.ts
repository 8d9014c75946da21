/**
 * Smooth functions of jets and products of matrices of jets. Each function gives its derivatives to any order by a recursion, so that
 * jets of higher order (curvature of a pull-back needs three) cost no new code.
 * Matrices are jets of rows * columns entries, row-major.
 */
import { requireLength } from '../errors.ts';
import type { Derivatives, Jet } from './jet.ts';

/** e^x. */
export function exp(x: Jet): Jet {
  return x.map((at, out) => out.fill(Math.exp(at)));
}

/** x^p for x > 0; for a whole p >= 0 any x. */
export function power(x: Jet, p: number): Jet {
  return x.map((at, out) => {
    let falling = 1;
    for (let q = 0; q < out.length; q++) {
      out[q] = falling === 0 ? 0 : falling * at ** (p - q);
      falling *= p - q;
    }
  });
}

/** 1 / x. */
export function reciprocal(x: Jet): Jet {
  return power(x, -1);
}

/** The square root of x > 0. */
export function squareRoot(x: Jet): Jet {
  return power(x, 0.5);
}

/** x^2. */
export function square(x: Jet): Jet {
  return x.multiply(x);
}

/** sin x, x in radians. */
export function sin(x: Jet): Jet {
  return x.map((at, out) => cycle(out, [Math.sin(at), Math.cos(at), -Math.sin(at), -Math.cos(at)]));
}

/** cos x, x in radians. */
export function cos(x: Jet): Jet {
  return x.map((at, out) => cycle(out, [Math.cos(at), -Math.sin(at), -Math.cos(at), Math.sin(at)]));
}

/** tanh x. */
export function tanh(x: Jet): Jet {
  return x.map(tanhTower);
}

/** The logistic function 1 / (1 + e^-x) = (1 + tanh(x/2)) / 2. */
export function sigmoid(x: Jet): Jet {
  return x.map(sigmoidTower);
}

/** ln(1 + e^x), without overflow for large x. */
export function softplus(x: Jet): Jet {
  return x.map((at, out) => {
    if (out.length > 1) sigmoidTower(at, out.subarray(1));
    out[0] = Math.max(at, 0) + Math.log1p(Math.exp(-Math.abs(at)));
  });
}

/** The product of matrices a [m, p] and b [p, n]: [m, n]. @throws {MetricError} when a length is wrong */
export function matrixProduct(a: Jet, b: Jet, { m, p, n }: { readonly m: number; readonly p: number; readonly n: number }): Jet {
  requireLength('matrixProduct', 'a', a.values, m * p, `[${m}, ${p}]`);
  requireLength('matrixProduct', 'b', b.values, p * n, `[${p}, ${n}]`);
  return a.bilinear(b, m * n, (left, right, scale, out) => {
    for (let i = 0; i < m; i++)
      for (let k = 0; k < p; k++) {
        const factor = scale * left[i * p + k];
        if (factor !== 0) for (let j = 0; j < n; j++) out[i * n + j] += factor * right[k * n + j];
      }
  });
}

/** The transpose of a [m, n]: [n, m]. @throws {MetricError} when the length is wrong */
export function transposed(a: Jet, m: number, n: number): Jet {
  requireLength('transposed', 'a', a.values, m * n, `[${m}, ${n}]`);
  return a.linear(m * n, (entries, out) => {
    for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) out[j * m + i] = entries[i * n + j];
  });
}

/** The diagonal matrix [n, n] of n entries. */
export function diagonalMatrix(entries: Jet): Jet {
  const n = entries.size;
  return entries.linear(n * n, (from, out) => from.forEach((entry, i) => (out[i * (n + 1)] = entry)));
}

/** t = tanh x has t' = 1 - t^2, hence t^(q+1) = - sum over i of (q choose i) t^(i) t^(q-i). */
const tanhTower: Derivatives = (x, out) => {
  out[0] = Math.tanh(x);
  if (out.length > 1) out[1] = 1 - out[0] * out[0];
  for (let q = 1; q + 1 < out.length; q++) {
    let sum = 0;
    for (let i = 0, choose = 1; i <= q; i++) {
      sum += choose * out[i] * out[q - i];
      choose = (choose * (q - i)) / (i + 1);
    }
    out[q + 1] = -sum;
  }
};

const sigmoidTower: Derivatives = (x, out) => {
  tanhTower(x / 2, out);
  out[0] = (1 + out[0]) / 2;
  for (let q = 1; q < out.length; q++) out[q] *= 0.5 ** (q + 1);
};

function cycle(out: Float64Array, period: readonly number[]): void {
  for (let q = 0; q < out.length; q++) out[q] = period[q % period.length];
}
