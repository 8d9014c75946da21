/**
 * SpdInverse and LogDet in ONNX: Gauss-Jordan sweeps, batched and unrolled over the pivots. One sweep with pivot d is
 *   row <- row k with entry k set to 1, divided by d;   column <- column k with entry k set to -1;
 *   A <- A with row and column k cleared, minus column row,
 * which needs no difference of nearly equal numbers beyond elimination itself (unlike the rank-one form, whose error
 * grows with d^2). Both kernels of one matrix share the sweeps, since the writer knows equal operations.
 */
import { sizeOf } from '@geodesic/tensor';
import { UnsupportedKernelError } from '../errors.ts';
import type { Emission, EmissionTable, Site } from './emission.ts';

/** Largest matrix that is unrolled. */
const LIMIT = 32;

/** Names of the inverse [b, n, n] and of the pivots [b, 1, 1]. */
function sweeps(site: Site): { inverse: string; pivots: string[] } {
  const { writer, inputs, inputTypes, node } = site;
  const [{ shape, dtype }] = inputTypes;
  const n = shape[shape.length - 1];
  if (n > LIMIT)
    throw new UnsupportedKernelError(
      'onnx-cpu',
      node.kernel,
      `matrices up to ${LIMIT} are unrolled, this one is ${n} (use smaller blocks)`,
    );
  const mask = (dims: readonly number[], at: (i: number, j: number) => number): string => {
    const [, columns] = dims.slice(-2);
    return writer.constant(
      dtype,
      dims,
      Array.from({ length: sizeOf(dims) }, (_, e) => at(Math.floor(e / columns), e % columns)),
    );
  };
  let a = writer.op('Reshape', [inputs[0], writer.integers([sizeOf(shape) / (n * n), n, n])]);
  const pivots: string[] = [];
  for (let k = 0; k < n; k++) {
    const at = (axis: number, of: string): string =>
      writer.op('Slice', [of, writer.integers([k]), writer.integers([k + 1]), writer.integers([axis])]);
    const [row, column] = [at(1, a), at(2, a)];
    const pivot = at(2, row);
    pivots.push(pivot);
    const one = writer.scalar(dtype, 1);
    const unit = writer.constant(
      'bool',
      [1, 1, n],
      Array.from({ length: n }, (_, j) => Number(j === k)),
    );
    const unitColumn = writer.constant(
      'bool',
      [1, n, 1],
      Array.from({ length: n }, (_, i) => Number(i === k)),
    );
    const scaledRow = writer.op('Div', [writer.op('Where', [unit, one, row]), pivot]);
    const signedColumn = writer.op('Where', [unitColumn, writer.scalar(dtype, -1), column]);
    const cleared = writer.op('Mul', [a, mask([1, n, n], (i, j) => Number(i !== k && j !== k))]);
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
