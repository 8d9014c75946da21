/**
 * BatchMatMul: C = op(A) op(B) over the last two axes, op an optional transpose; leading axes broadcast.
 *   op(A) [.., m, k], op(B) [.., k, n], C [.., m, n]
 */
import { broadcastShapes, sizeOf, type Shape } from '@geodesic/tensor';
import { KernelError } from '../errors.ts';
import { describeType, type ValueType } from '../graph.ts';
import { flagAttribute, requireFloat, requireRank, requireSameDtype, type Inferred, type Kernel } from '../kernel.ts';
import { broadcastStrides, offsets } from './offsets.ts';
import { bilinearTangent } from './tangents.ts';

function inferMatMul(inputs: readonly ValueType[], attributes: Inferred['attributes']): Inferred {
  const [a, b] = inputs;
  requireSameDtype('BatchMatMul', inputs);
  requireFloat('BatchMatMul', a);
  inputs.forEach((input) => requireRank('BatchMatMul', input, 2));
  const transposeA = flagAttribute('BatchMatMul', attributes, 'transposeA');
  const transposeB = flagAttribute('BatchMatMul', attributes, 'transposeB');
  const [m, k] = matrix(a.shape, transposeA);
  const [k2, n] = matrix(b.shape, transposeB);
  const both = `${describeType(a)}${transposeA ? ' transposed' : ''} and ${describeType(b)}${transposeB ? ' transposed' : ''}`;
  if (k !== k2) throw new KernelError('BatchMatMul', 'equal inner sizes', both);
  try {
    const batch = broadcastShapes(a.shape.slice(0, -2), b.shape.slice(0, -2));
    return { shape: [...batch, m, n], dtype: a.dtype, attributes: { transposeA, transposeB } };
  } catch {
    throw new KernelError('BatchMatMul', 'leading axes that broadcast', both);
  }
}

/** Rows and columns of op(A). */
function matrix(shape: Shape, transposed: boolean): [number, number] {
  const [rows, columns] = shape.slice(-2);
  return transposed ? [columns, rows] : [rows, columns];
}

/** Where each matrix of the broadcast batch begins. */
function matrixStarts(shape: Shape, batch: Shape): Int32Array {
  const each = shape[shape.length - 1] * shape[shape.length - 2];
  return offsets(batch, broadcastStrides(shape.slice(0, -2), batch)).map((at) => at * each);
}

/** BatchMatMul. */
export const matMulKernel: Kernel = {
  name: 'BatchMatMul',
  arity: 2,
  infer: inferMatMul,
  evaluate([a, b], { shape, attributes }) {
    const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
    const [m, k] = matrix(a.shape, transposeA);
    const n = shape[shape.length - 1];
    const [aRow, aColumn] = transposeA ? [1, m] : [k, 1];
    const [bRow, bColumn] = transposeB ? [1, k] : [n, 1];
    const batch = shape.slice(0, -2);
    const bStarts = matrixStarts(b.shape, batch);
    const out = new Float64Array(sizeOf(shape));
    matrixStarts(a.shape, batch).forEach((aStart, at) => {
      for (let i = 0; i < m; i++) {
        const row = (at * m + i) * n;
        for (let l = 0; l < k; l++) {
          const factor = a.data[aStart + i * aRow + l * aColumn];
          const bStart = bStarts[at] + l * bRow;
          for (let j = 0; j < n; j++) out[row + j] += factor * b.data[bStart + j * bColumn];
        }
      }
    });
    return out;
  },
  // With C = op(A) op(B): d op(A) = dC op(B)^T and d op(B) = op(A)^T dC, each transposed back where op transposes.
  vjp(x, { inputs: [a, b], cotangent: c, attributes }) {
    const { transposeA, transposeB } = attributes as { transposeA: boolean; transposeB: boolean };
    const toA = (): number =>
      transposeA ? x.matMul(b, c, { transposeA: transposeB, transposeB: true }) : x.matMul(c, b, { transposeB: !transposeB });
    const toB = (): number =>
      transposeB ? x.matMul(c, a, { transposeA: true, transposeB: transposeA }) : x.matMul(a, c, { transposeA: !transposeA });
    return [() => x.reduceTo(toA(), x.shapeOf(a)), () => x.reduceTo(toB(), x.shapeOf(b))];
  },
  jvp: bilinearTangent('BatchMatMul'),
};
