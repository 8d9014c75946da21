/**
 * SpdInverse and LogDet in ONNX: Gauss-Jordan sweeps, batched and unrolled over the pivots. One sweep with pivot d is
 *   row <- row k with entry k set to 1, divided by d;   column <- column k with entry k set to -1;
 *   A <- A with row and column k cleared, minus column row,
 * which needs no difference of nearly equal numbers beyond elimination itself (unlike the rank-one form, whose error
 * grows with d^2). Both kernels of one matrix share the sweeps, since the writer knows equal operations.
 */
import type { Emission, EmissionTable, Site } from './emission.ts';
import { asBatch, flagMatrix, lineOf, unrolledSize } from './unrolled.ts';

/** Names of the inverse [b, n, n] and of the pivots [b, 1, 1]. */
function sweeps(site: Site): { inverse: string; pivots: string[] } {
  const { writer, inputTypes } = site;
  const n = unrolledSize(site);
  const { dtype } = inputTypes[0];
  const [zero, one, minusOne] = [0, 1, -1].map((value) => writer.scalar(dtype, value));
  let a = asBatch(site, 0);
  const pivots: string[] = [];
  for (let k = 0; k < n; k++) {
    const [row, column] = [lineOf(site, a, 1, k), lineOf(site, a, 2, k)];
    const pivot = lineOf(site, row, 2, k);
    pivots.push(pivot);
    const scaledRow = writer.op('Div', [writer.op('Where', [flagMatrix(site, [1, n], (_, j) => j === k), one, row]), pivot]);
    const signedColumn = writer.op('Where', [flagMatrix(site, [n, 1], (i) => i === k), minusOne, column]);
    const cleared = writer.op('Where', [flagMatrix(site, [n, n], (i, j) => i === k || j === k), zero, a]);
    a = writer.op('Sub', [cleared, writer.op('Mul', [signedColumn, scaledRow])]);
  }
  return { inverse: a, pivots };
}

const inverse: Emission = (site) => {
  return site.writer.op('Reshape', [sweeps(site).inverse, site.writer.integers(site.node.shape)]);
};

const logDet: Emission = (site) => {
  const { writer, node } = site;
  const logs = writer.op('Log', [writer.op('Concat', sweeps(site).pivots, { axis: 2 })]);
  return writer.op('Reshape', [writer.op('ReduceSum', [logs, writer.integers([2])], { keepdims: 0 }), writer.integers(node.shape)]);
};

/** Emissions of SpdInverse and LogDet. */
export const spdEmissions: EmissionTable = { SpdInverse: inverse, LogDet: logDet };
