/**
 * The SPD inverse with every operation rounded to float32: the textbook loops, for machines without SIMD wasm and as its oracle.
 * Math.fround of a double operation on floats is the float operation, since a double has more than twice a float's digits.
 */
import { NotPositiveDefiniteError } from '../errors.ts';

const round = Math.fround;

/** The inverse [n, n] of a, exactly symmetric; a new array. Reads the lower triangle of a only. @throws {NotPositiveDefiniteError} */
export function spdInverse32(a: Float32Array, n: number): Float32Array {
  const t = triangularInverse(choleskyFactor(a, n), n);
  const inverse = new Float32Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < n; k++) sum = round(sum + round(t[k * n + i] * t[k * n + j]));
      inverse[i * n + j] = sum;
      inverse[j * n + i] = sum;
    }
  return inverse;
}

function choleskyFactor(a: Float32Array, n: number): Float32Array {
  const l = new Float32Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < j; k++) sum = round(sum + round(l[i * n + k] * l[j * n + k]));
      const rest = round(a[i * n + j] - sum);
      if (j < i) l[i * n + j] = rest / l[j * n + j];
      else if (rest > 0 && rest < Infinity) l[i * n + i] = Math.sqrt(rest);
      else throw new NotPositiveDefiniteError('spdInverse32', i, rest);
    }
  return l;
}

/** L^-1, lower triangular; its rows from the first on. */
function triangularInverse(l: Float32Array, n: number): Float32Array {
  const t = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    t[i * n + i] = 1;
    for (let k = 0; k < i; k++) for (let j = 0; j <= k; j++) t[i * n + j] = round(t[i * n + j] - round(l[i * n + k] * t[k * n + j]));
    for (let j = 0; j <= i; j++) t[i * n + j] /= l[i * n + i];
  }
  return t;
}
