/**
 * The matrices of S10 and what must hold of a result: largest entry of the residual, over the largest entry of the matrix.
 */
import { matmul } from '../../libs/linalg/dist/index.js';
import { deriveKey, fillNormal } from '../../libs/random/dist/index.js';

/** X X^T / 2n + 0.01 I with X [n, 2n] standard normal: symmetric positive definite, condition about 30. */
export function spdMatrix(n, seed) {
  const x = new Float32Array(2 * n * n);
  fillNormal(deriveKey(seed, 'bench.spd'), n, x);
  const rows = Float64Array.from(x);
  const a = matmul(rows, rows, { m: n, k: 2 * n, n, transposeB: true });
  return a.map((entry, at) => entry / (2 * n) + (at % (n + 1) === 0 ? 0.01 : 0));
}

/** The residual of what an operation answered. */
export function residualOf(operation, a, n, result) {
  const times = (x, y, options = {}) => matmul(x, y, { m: n, k: n, n, ...options });
  switch (operation) {
    case 'inverse':
      return largest(times(a, result).map((entry, at) => entry - (at % (n + 1) === 0 ? 1 : 0)));
    case 'cholesky':
      return difference(times(result, result, { transposeB: true }), a);
    case 'qr':
      return difference(times(result.q, result.r), a);
    case 'eigen': {
      const scaled = result.vectors.map((entry, at) => entry * result.values[at % n]);
      return difference(times(scaled, result.vectors, { transposeB: true }), a);
    }
  }
}

function difference(x, a) {
  return largest(x.map((entry, at) => entry - a[at])) / largest(a);
}

function largest(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
