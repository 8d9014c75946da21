/**
 * Cholesky and TriangularSolve in ONNX, unrolled over the pivots. Rows and columns that are done are not masked away: what
 * elimination writes there is not read again.
 */
import type { Emission, EmissionTable } from './emission.ts';
import { asBatch, flagMatrix, lineOf, unrolledSize } from './unrolled.ts';

/** Column k is a_k / sqrt(a_kk), then A <- A - column column^T. */
const cholesky: Emission = (site) => {
  const { writer, inputTypes, node } = site;
  const n = unrolledSize(site);
  const { dtype } = inputTypes[0];
  const given = asBatch(site, 0);
  const both = writer.op('Add', [given, writer.op('Transpose', [given], { perm: [0, 2, 1] })]);
  let a = writer.op('Mul', [both, writer.scalar(dtype, 0.5)]);
  const columns: string[] = [];
  for (let k = 0; k < n; k++) {
    const column = lineOf(site, a, 2, k);
    const scaled = writer.op('Div', [column, writer.op('Sqrt', [lineOf(site, column, 1, k)])]);
    columns.push(scaled);
    const row = writer.op('Reshape', [scaled, writer.integers([-1, 1, n])]);
    a = writer.op('Sub', [a, writer.op('Mul', [scaled, row])]);
  }
  const joined = writer.op('Concat', columns, { axis: 2 });
  const lower = writer.op('Where', [flagMatrix(site, [n, n], (i, j) => i >= j), joined, writer.scalar(dtype, 0)]);
  return writer.op('Reshape', [lower, writer.integers(node.shape)]);
};

/** Row k is b_k / l_kk, then B <- B - l_k row, with column k of L downwards, or its row k upwards for the transpose. */
const triangularSolve: Emission = (site) => {
  const { writer, node } = site;
  const n = unrolledSize(site);
  const transpose = node.attributes.transpose as boolean;
  const given = asBatch(site, 0);
  const l = transpose ? writer.op('Transpose', [given], { perm: [0, 2, 1] }) : given;
  let b = asBatch(site, 1);
  const rows: string[] = [];
  for (let step = 0; step < n; step++) {
    const k = transpose ? n - 1 - step : step;
    const column = lineOf(site, l, 2, k);
    const row = writer.op('Div', [lineOf(site, b, 1, k), lineOf(site, column, 1, k)]);
    rows.push(row);
    b = writer.op('Sub', [b, writer.op('Mul', [column, row])]);
  }
  const ordered = transpose ? rows.toReversed() : rows;
  return writer.op('Reshape', [writer.op('Concat', ordered, { axis: 1 }), writer.integers(node.shape)]);
};

/** Emissions of Cholesky and TriangularSolve. */
export const choleskyEmissions: EmissionTable = { Cholesky: cholesky, TriangularSolve: triangularSolve };
