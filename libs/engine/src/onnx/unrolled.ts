/**
 * Elimination over the pivots of small matrices, unrolled into a number of operations linear in n and batched over leading
 * axes: what SpdInverse, LogDet, Cholesky and TriangularSolve share. Matrices are [b, n, n].
 */
import { sizeOf } from '@geodesic/tensor';
import { UnsupportedKernelError } from '../errors.ts';
import type { Site } from './emission.ts';

/** Largest matrix that is unrolled. */
const LIMIT = 32;

/** Side of the matrices that a node eliminates. @throws {UnsupportedKernelError} when they are too large to unroll */
export function unrolledSize({ writer, node, inputTypes }: Site): number {
  const { shape } = inputTypes[0];
  const n = shape[shape.length - 1];
  if (n <= LIMIT) return n;
  throw new UnsupportedKernelError(
    writer.capabilities.executor,
    node.kernel,
    `matrices up to ${LIMIT} are unrolled, this one is ${n} (use smaller blocks, or newtonSchulzInverse and coupledNewtonRoot)`,
  );
}

/** An input as a batch of matrices [b, rows, columns]. */
export function asBatch({ writer, inputs, inputTypes }: Site, at: number): string {
  const { shape } = inputTypes[at];
  return writer.op('Reshape', [inputs[at], writer.integers([sizeOf(shape.slice(0, -2)), ...shape.slice(-2)])]);
}

/** Row (axis 1) or column (axis 2) k of matrices, or of rows and columns; the axis stays with size 1. */
export function lineOf({ writer }: Site, value: string, axis: 1 | 2, k: number): string {
  return writer.op('Slice', [value, writer.integers([k]), writer.integers([k + 1]), writer.integers([axis])]);
}

/** A constant matrix [1, n, columns] of flags. */
export function flagMatrix({ writer }: Site, [n, columns]: readonly [number, number], at: (i: number, j: number) => boolean): string {
  const entries = Array.from({ length: n * columns }, (_, e) => Number(at(Math.floor(e / columns), e % columns)));
  return writer.constant('bool', [1, n, columns], entries);
}
