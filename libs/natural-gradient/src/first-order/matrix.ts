/**
 * The matrices among a group's parameters. A weight of rank >= 2 counts as the matrix W [rows, columns] = [product of the leading axes,
 * last axis], row-major as it stands in theta: for a dense layer [in, out], for a filter [kh kw C, O]. Publications write [out, in]; what
 * they do to the left of their gradient is done to the right of ours. Parameters of rank 0 and 1 are vectors.
 */
import type { Linalg } from '@geodesic/linalg';
import type { LayoutEntry } from '@geodesic/tensor';
import type { Span } from '../group.ts';

/** A matrix and where it stands in the group's own vector (not in theta). */
export interface MatrixPlace extends Span {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** The parameters of a group, sorted out; offsets count in the group's own vector. */
export interface PlacedParameters {
  readonly matrices: readonly MatrixPlace[];
  /** Everything else. */
  readonly vectors: readonly Span[];
}

/** Sorts parameters, given in the order of theta, into matrices and vectors; those named in `asVectors` count as vectors. */
export function placeParameters(parameters: readonly LayoutEntry[], asVectors: readonly string[] = []): PlacedParameters {
  const matrices: MatrixPlace[] = [];
  const vectors: Span[] = [];
  let offset = 0;
  for (const { name, shape, size } of parameters) {
    const columns = shape.at(-1) ?? 1;
    if (shape.length < 2 || size === 0 || asVectors.includes(name)) vectors.push({ offset, size });
    else matrices.push({ name, offset, size, rows: size / columns, columns });
    offset += size;
  }
  return { matrices, vectors };
}

/** One of the two sides of a matrix. */
export type Side = 'left' | 'right';

/** The length of a side: rows on the left, columns on the right. */
export function lengthOfSide({ rows, columns }: Pick<MatrixPlace, 'rows' | 'columns'>, side: Side): number {
  return side === 'left' ? rows : columns;
}

/** G G' [rows, rows] on the left, G' G [columns, columns] on the right. */
export function gramOf(linalg: Linalg, g: Float64Array, place: MatrixPlace, side: Side): Float64Array {
  const { rows, columns } = place;
  return side === 'left'
    ? linalg.matmul(g, g, { m: rows, k: columns, n: rows, transposeB: true })
    : linalg.matmul(g, g, { m: columns, k: rows, n: columns, transposeA: true });
}

/** Matrices for the two sides; a side without one is left alone. */
export type Sides = Readonly<Partial<Record<Side, Float64Array>>>;

/** Q_L' X Q_R: into the bases whose vectors are the columns of Q. */
export function rotateInto(linalg: Linalg, { left, right }: Sides, x: Float64Array, { rows, columns }: MatrixPlace): Float64Array {
  const halfway = left ? linalg.matmul(left, x, { m: rows, k: rows, n: columns, transposeA: true }) : x;
  return right ? linalg.matmul(halfway, right, { m: rows, k: columns, n: columns }) : halfway;
}

/** Q_L X Q_R': out of the bases; with symmetric matrices P_L X P_R. */
export function rotateOut(linalg: Linalg, { left, right }: Sides, x: Float64Array, { rows, columns }: MatrixPlace): Float64Array {
  const halfway = left ? linalg.matmul(left, x, { m: rows, k: rows, n: columns }) : x;
  return right ? linalg.matmul(halfway, right, { m: rows, k: columns, n: columns, transposeB: true }) : halfway;
}
