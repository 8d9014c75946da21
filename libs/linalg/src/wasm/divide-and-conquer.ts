/**
 * Eigenvectors of a symmetric tridiagonal matrix by divide and conquer (Cuppen 1981): two halves and a rank-one update that joins them,
 * whose eigenvectors are found from the secular equation and multiplied by those of the halves on the fast product. The z of the update
 * is recomputed from its roots, which makes the vectors orthogonal to rounding (Gu and Eisenstat 1995).
 * Eigenvectors are the rows of Z; those of a block are zero outside its columns.
 */
import { identity } from '../matrix.ts';
import { applyRotations } from '../plain/apply-rotations.ts';
import { implicitQl } from '../plain/implicit-ql.ts';
import type { Arena } from './arena.ts';
import { deflate, type Fill } from './deflation.ts';
import { part, type Kernels, type Pointer } from './kernels.ts';
import { secularRoot } from './secular.ts';

const double = 8;
/** Blocks up to this order are left to QL. */
const base = 24;

/** A tridiagonal matrix in the arena, its eigenvectors to be, and scratch; views hold until the memory grows, which it does not here. */
interface Problem {
  readonly kernels: Kernels;
  readonly n: number;
  /** Becomes the eigenvalues, ascending within each block. */
  readonly diagonal: Float64Array;
  readonly beside: Float64Array;
  readonly z: Float64Array;
  /** Coefficients of new vectors, [k, k]. */
  readonly atU: Pointer;
  readonly u: Float64Array;
  /** Old vectors by halves. */
  readonly atOld: Pointer;
  readonly old: Float64Array;
  /** New vectors, not yet sorted. */
  readonly atNew: Pointer;
  readonly fresh: Float64Array;
}

interface Block {
  readonly low: number;
  readonly middle: number;
  readonly high: number;
}

/**
 * Eigenvalues, ascending, over `atDiagonal` [n]; eigenvectors as the rows of Z [n, n], which comes filled with zeros. Entries are of
 * ordinary size: the caller scales.
 */
export function divideAndConquer(
  kernels: Kernels,
  arena: Arena,
  at: { readonly n: number; readonly atDiagonal: Pointer; readonly atBeside: Pointer; readonly atZ: Pointer },
): void {
  const { n, atDiagonal, atBeside, atZ } = at;
  const bytes = n * n * double;
  arena.scoped(() => {
    const [atU, atOld, atNew] = [arena.block(bytes), arena.block(bytes), arena.block(bytes)];
    const view = (pointer: Pointer, length: number): Float64Array => arena.view(pointer, length);
    const problem: Problem = {
      kernels,
      n,
      diagonal: view(atDiagonal, n),
      beside: view(atBeside, n),
      z: view(atZ, n * n),
      atU,
      u: view(atU, n * n),
      atOld,
      old: view(atOld, n * n),
      atNew,
      fresh: view(atNew, n * n),
    };
    solve(problem, 0, n);
  });
}

function solve(problem: Problem, low: number, high: number): void {
  if (high - low <= base) return solveBase(problem, low, high);
  const { diagonal, beside } = problem;
  const middle = (low + high) >> 1;
  const joint = beside[middle - 1];
  diagonal[middle - 1] -= Math.abs(joint);
  diagonal[middle] -= Math.abs(joint);
  solve(problem, low, middle);
  solve(problem, middle, high);
  merge(problem, { low, middle, high }, joint);
}

function solveBase({ n, diagonal, beside, z }: Problem, low: number, high: number): void {
  const size = high - low;
  const values = diagonal.slice(low, high);
  const vectors = identity(size);
  applyRotations(vectors, size, implicitQl(values, beside.slice(low, high - 1)));
  const order = Array.from(values.keys()).sort((p, q) => values[p] - values[q]);
  order.forEach((column, i) => {
    diagonal[low + i] = values[column];
    for (let k = 0; k < size; k++) z[(low + i) * n + low + k] = vectors[k * size + column];
  });
}

/** Joins two solved halves whose matrix is theirs plus |joint| v v^T, v being one at middle - 1 and the joint's sign at middle. */
function merge(problem: Problem, block: Block, joint: number): void {
  const { n, diagonal, z: rows, fresh } = problem;
  const { low, middle, high } = block;
  const size = high - low;
  const d = diagonal.slice(low, high);
  const half = Math.SQRT1_2;
  const z = Float64Array.from({ length: size }, (_, i) =>
    i < middle - low ? half * rows[(low + i) * n + middle - 1] : half * Math.sign(joint) * rows[(low + i) * n + middle],
  );
  const fill = Array.from({ length: size }, (_, i): Fill => (i < middle - low ? 'first' : 'second'));
  const rotate = (p: number, q: number, c: number, s: number): void => rotateRows(problem, block, [p, q], [c, s]);
  const { kept, deflated } = deflate({ d, z, fill, rho: 2 * Math.abs(joint), rotate });
  const roots = newVectors(problem, block, { d, z, fill, kept, rho: 2 * Math.abs(joint) });
  deflated.forEach((row, i) => {
    const from = (low + row) * n;
    fresh.set(rows.subarray(from + low, from + high), (kept.length + i) * size);
  });
  const values = [...roots, ...deflated.map((row) => d[row])];
  const order = Array.from(values.keys()).sort((p, q) => values[p] - values[q]);
  order.forEach((row, i) => {
    diagonal[low + i] = values[row];
    rows.set(fresh.subarray(row * size, (row + 1) * size), (low + i) * n + low);
  });
}

function rotateRows({ n, z }: Problem, { low, high }: Block, [p, q]: readonly [number, number], [c, s]: readonly [number, number]): void {
  const [first, second] = [(low + p) * n, (low + q) * n];
  for (let column = low; column < high; column++) {
    const [x, y] = [z[first + column], z[second + column]];
    z[first + column] = c * x + s * y;
    z[second + column] = c * y - s * x;
  }
}

interface Update {
  readonly d: Float64Array;
  readonly z: Float64Array;
  readonly fill: readonly Fill[];
  readonly kept: readonly number[];
  readonly rho: number;
}

/** The roots of the update among the kept rows; their vectors become the first rows of `fresh` [size, size]. */
function newVectors(problem: Problem, block: Block, update: Update): Float64Array {
  const { kernels, n, z: rows, u, atU, atOld, old, atNew, fresh } = problem;
  const { low, middle, high } = block;
  const { kept, fill } = update;
  const k = kept.length;
  const size = high - low;
  // Old vectors that fill the first half, both, the second half: each half's product leaves out those that are zero there.
  const place = { first: 0, both: 1, second: 2 } as const;
  const sorted = Array.from(kept.keys()).sort((p, q) => place[fill[kept[p]]] - place[fill[kept[q]]] || p - q);
  const column = new Int32Array(k);
  sorted.forEach((at, to) => (column[at] = to));
  const roots = coefficients(update, u, column);
  fresh.fill(0, 0, k * size);
  const inFirst = sorted.filter((at) => fill[kept[at]] !== 'second').length;
  const fromSecond = sorted.filter((at) => fill[kept[at]] === 'first').length;
  for (const [from, to, left, width] of [
    [0, inFirst, low, middle - low],
    [fromSecond, k, middle, high - middle],
  ]) {
    for (let at = from; at < to; at++) {
      const row = (low + kept[sorted[at]]) * n + left;
      old.set(rows.subarray(row, row + width), (at - from) * width);
    }
    const target = atNew + (left - low) * double;
    kernels.gemm64(k, width, to - from, false, atU + from * double, k, 1, atOld, width, 1, target, size, part.full);
  }
  return roots;
}

/** Solves the secular equation and writes the coefficients of the new vectors: row i for root i, old vector j in column[j]. */
function coefficients({ d: all, z: allZ, kept, rho }: Update, u: Float64Array, column: Int32Array): Float64Array {
  const k = kept.length;
  const d = Float64Array.from(kept, (row) => all[row]);
  const squares = Float64Array.from(kept, (row) => allZ[row] * allZ[row]);
  const roots = new Float64Array(k);
  for (let i = 0; i < k; i++) roots[i] = secularRoot({ d, squares, rho }, i, u.subarray(i * k, (i + 1) * k));
  const z = consistent(d, u, k);
  for (let j = 0; j < k; j++) if (allZ[kept[j]] < 0) z[j] = -z[j];
  const vector = new Float64Array(k);
  for (let i = 0; i < k; i++) {
    const row = u.subarray(i * k, (i + 1) * k);
    let square = 0;
    for (let j = 0; j < k; j++) {
      vector[j] = z[j] / row[j];
      square += vector[j] * vector[j];
    }
    const scale = 1 / Math.sqrt(square);
    for (let j = 0; j < k; j++) row[column[j]] = scale * vector[j];
  }
  return roots;
}

/** The |z| of which the computed roots are exact: z_j^2 = prod over i of (root_i - d_j) over prod over i != j of (d_i - d_j). */
function consistent(d: Float64Array, differences: Float64Array, k: number): Float64Array {
  const product = new Float64Array(k).fill(1);
  for (let i = 0; i < k; i++) {
    const at = i * k;
    const pole = d[i];
    for (let j = 0; j < i; j++) product[j] *= differences[at + j] / (d[j] - pole);
    product[i] *= differences[at + i];
    for (let j = i + 1; j < k; j++) product[j] *= differences[at + j] / (d[j] - pole);
  }
  return product.map((value) => Math.sqrt(Math.abs(value)));
}
