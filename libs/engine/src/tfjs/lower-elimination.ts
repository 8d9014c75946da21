/**
 * SpdInverse, LogDet, Cholesky and TriangularSolve on tfjs, which has no kernels for them: elimination unrolled over the pivots and
 * batched over leading axes, as the ONNX emission does it. Matrices are [b, n, n].
 */
import { sizeOf } from '@geodesic/tensor';
import { UnsupportedKernelError } from '../errors.ts';
import type { Lowering, LoweringTable, Site } from './plan-writer.ts';

/** Largest matrix that is unrolled. */
const LIMIT = 32;

function unrolledSize({ writer, node, inputs }: Site): number {
  const n = writer.shapeOf(inputs[0]).at(-1) ?? 1;
  if (n <= LIMIT) return n;
  const reason = `matrices up to ${LIMIT} are unrolled, this one is ${n} (use smaller blocks, or newtonSchulzInverse and coupledNewtonRoot)`;
  throw new UnsupportedKernelError(writer.capabilities.executor, node.kernel, reason);
}

function asBatch({ writer, inputs }: Site, at: number): number {
  const shape = writer.shapeOf(inputs[at]);
  return writer.reshape(inputs[at], [sizeOf(shape.slice(0, -2)), ...shape.slice(-2)]);
}

/** Row (axis 1) or column (axis 2) k of matrices; the axis stays with size 1. */
function lineOf({ writer }: Site, x: number, axis: 1 | 2, k: number): number {
  const shape = writer.shapeOf(x);
  return writer.slice(x, [0, 0, 0].with(axis, k), shape.with(axis, 1));
}

function flags({ writer }: Site, [rows, columns]: readonly [number, number], at: (i: number, j: number) => boolean): number {
  const entries = Array.from({ length: rows * columns }, (_, e) => Number(at(Math.floor(e / columns), e % columns)));
  return writer.constant('bool', [1, rows, columns], entries);
}

/** The inverse [b, n, n] and the pivots [b, 1, 1]: Gauss-Jordan sweeps. */
function sweeps(site: Site): { readonly inverse: number; readonly pivots: readonly number[] } {
  const { writer } = site;
  const n = unrolledSize(site);
  const [zero, one, minusOne] = [0, 1, -1].map((value) => writer.scalar('float32', value));
  let a = asBatch(site, 0);
  const pivots: number[] = [];
  for (let k = 0; k < n; k++) {
    const [row, column] = [lineOf(site, a, 1, k), lineOf(site, a, 2, k)];
    const pivot = lineOf(site, row, 2, k);
    pivots.push(pivot);
    const isPivotColumn = flags(site, [1, n], (_, j) => j === k);
    const isPivotRow = flags(site, [n, 1], (i) => i === k);
    const scaledRow = writer.binary('RealDiv', writer.select(isPivotColumn, one, row), pivot);
    const signedColumn = writer.select(isPivotRow, minusOne, column);
    const isPivotCross = flags(site, [n, n], (i, j) => i === k || j === k);
    a = writer.binary('Sub', writer.select(isPivotCross, zero, a), writer.binary('Multiply', signedColumn, scaledRow));
  }
  return { inverse: a, pivots };
}

const inverse: Lowering = (site) => site.writer.reshape(sweeps(site).inverse, site.node.shape);

const logDet: Lowering = (site) => {
  const { writer, node } = site;
  const logs = writer.unary('Log', writer.concat(sweeps(site).pivots, 2));
  return writer.reshape(writer.sum(logs, [2]), node.shape);
};

/** Column k is a_k / sqrt(a_kk), then A <- A - column column^T. */
const cholesky: Lowering = (site) => {
  const { writer, node } = site;
  const n = unrolledSize(site);
  const given = asBatch(site, 0);
  const both = writer.binary('Add', given, writer.transpose(given, [0, 2, 1]));
  let a = writer.binary('Multiply', both, writer.scalar('float32', 0.5));
  const columns: number[] = [];
  for (let k = 0; k < n; k++) {
    const column = lineOf(site, a, 2, k);
    const scaled = writer.binary('RealDiv', column, writer.unary('Sqrt', lineOf(site, column, 1, k)));
    columns.push(scaled);
    const row = writer.transpose(scaled, [0, 2, 1]);
    a = writer.binary('Sub', a, writer.binary('Multiply', scaled, row));
  }
  const isLower = flags(site, [n, n], (i, j) => i >= j);
  return writer.reshape(writer.select(isLower, writer.concat(columns, 2), writer.scalar('float32', 0)), node.shape);
};

/** Row k is b_k / l_kk, then B <- B - l_k row, with column k of L downwards, or its row k upwards for the transpose. */
const triangularSolve: Lowering = (site) => {
  const { writer, node } = site;
  const n = unrolledSize(site);
  const transpose = node.attributes.transpose as boolean;
  const l = transpose ? writer.transpose(asBatch(site, 0), [0, 2, 1]) : asBatch(site, 0);
  let b = asBatch(site, 1);
  const rows: number[] = [];
  for (let step = 0; step < n; step++) {
    const k = transpose ? n - 1 - step : step;
    const column = lineOf(site, l, 2, k);
    const row = writer.binary('RealDiv', lineOf(site, b, 1, k), lineOf(site, column, 1, k));
    rows.push(row);
    b = writer.binary('Sub', b, writer.binary('Multiply', column, row));
  }
  return writer.reshape(writer.concat(transpose ? rows.toReversed() : rows, 1), node.shape);
};

/** Lowerings of elimination. */
export const eliminationLowerings: LoweringTable = {
  SpdInverse: inverse,
  LogDet: logDet,
  Cholesky: cholesky,
  TriangularSolve: triangularSolve,
};
