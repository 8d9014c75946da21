/**
 * Symmetric eigendecomposition on the kernels: blocked tridiagonalisation A = Q T Q^T, divide and conquer for the
 * eigenvectors of T, Q applied to them by blocks of reflections.
 */
import type { SymmetricEigen } from '../backend.ts';
import type { Arena } from './arena.ts';
import { divideAndConquer } from './divide-and-conquer.ts';
import type { Kernels } from './kernels.ts';
import { ordinaryScale, scaleBy } from './scale.ts';

const double = 8;

/** All eigenvalues and eigenvectors of a [n, n], finite, whose lower triangle is read. */
export function symmetricEigen(kernels: Kernels, arena: Arena, a: Float64Array, n: number): SymmetricEigen {
  const scale = ordinaryScale(a);
  return arena.scoped(() => {
    const atA = arena.copyOf(scale === 1 ? a : scaleBy(a.slice(), scale));
    const [atDiagonal, atBeside, atTau] = [arena.zeros(n * double), arena.zeros(n * double), arena.zeros(n * double)];
    const atZ = arena.zeros(n * n * double);
    const work = arena.block(kernels.tridiagonalWork(n) * double);
    kernels.tridiagonalize(n, atA, atDiagonal, atBeside, atTau, work);
    divideAndConquer(kernels, arena, { n, atDiagonal, atBeside, atZ });
    kernels.applyBasis(n, atA, atTau, n, atZ, work);
    const values = scaleBy(arena.doubles(atDiagonal, n), 1 / scale);
    return { values, vectors: columnsOf(arena.view(atZ, n * n), n) };
  });
}

/** The transpose of Z [n, n], by squares that fit the cache: its rows, ascending already, become columns. */
function columnsOf(z: Float64Array, n: number): Float64Array {
  const columns = new Float64Array(n * n);
  const square = 16;
  for (let top = 0; top < n; top += square)
    for (let left = 0; left < n; left += square)
      for (let i = top; i < Math.min(n, top + square); i++)
        for (let j = left; j < Math.min(n, left + square); j++) columns[i * n + j] = z[j * n + i];
  return columns;
}
