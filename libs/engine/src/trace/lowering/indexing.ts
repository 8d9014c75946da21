/**
 * Kernels that address values by integers along whole axes: gather, its transpose, one-hot codes, diagonals, counts.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type {
  BincountAttrs,
  DenseBincountAttrs,
  GatherV2Attrs,
  OneHotAttrs,
  SearchSortedAttrs,
  TensorInfo,
  UnsortedSegmentSumAttrs,
} from '@tensorflow/tfjs-core';
import { sizeOf } from '@geodesic/tensor';
import type { Recorder, Value } from '../recorder.ts';
import { supportedDtype } from '../refusals.ts';
import { axesOf, type LoweringTable } from './lowering.ts';

/** Lowerings of indexing kernels. */
export const indexing: LoweringTable = {
  GatherV2: (recorder, { x, indices }, { axis, batchDims }: GatherV2Attrs) => {
    const [at] = axesOf(axis, x.shape);
    const positions = recorder.cast(indices, 'int32');
    if (batchDims) return batchedGather(recorder, x, positions, { axis: at, batchDims });
    return recorder.kernel('GatherV2', [x, positions], { axis: at });
  },
  // Sums are float32, as the cpu backend of tfjs computes them.
  UnsortedSegmentSum: (recorder, { x, segmentIds }, { numSegments }: UnsortedSegmentSumAttrs) => {
    const operands = [recorder.cast(x, 'float32'), recorder.cast(segmentIds, 'int32')];
    return recorder.kernel('ScatterAdd', operands, { axis: 0, size: numSegments });
  },
  OneHot: (recorder, { indices }, { depth, onValue, offValue, dtype }: OneHotAttrs) => {
    const hot = recorder.kernel('OneHot', [recorder.cast(indices, 'int32')], { depth });
    const scaled = recorder.elementwise('Add', recorder.elementwise('Multiply', hot, onValue - offValue), offValue);
    return recorder.cast(scaled, supportedDtype(dtype ?? 'int32', scaled.shape));
  },
  Diag: (recorder, { x }) => {
    const n = sizeOf(x.shape);
    const eye = recorder.kernel('OneHot', [iota(recorder, n)], { depth: n });
    const diagonal = recorder.elementwise('Multiply', recorder.cast(eye, x.dtype), recorder.reshape(x, [1, n]));
    return recorder.reshape(diagonal, [...x.shape, ...x.shape]);
  },
  Bincount: (recorder, { x, weights }, { size }: BincountAttrs) => {
    const row = [1, sizeOf(x.shape)];
    return recorder.reshape(count(recorder, recorder.reshape(x, row), recorder.reshape(weights, row), size), [size]);
  },
  DenseBincount: (recorder, { x, weights }, { size, binaryOutput }: DenseBincountAttrs) => {
    const rows = x.shape.length === 2 ? x.shape : [1, sizeOf(x.shape)];
    const [values, factors] = [recorder.reshape(x, rows), recorder.reshape(weights, rows)];
    // The cpu backend of tfjs leaves binaryOutput out of account for vectors.
    const counts =
      binaryOutput && x.shape.length === 2 ? presence(recorder, values, factors, size) : count(recorder, values, factors, size);
    return recorder.reshape(counts, [...x.shape.slice(0, -1), size]);
  },
  // A sorted row has as many entries below a value as the position at which the value would be put in.
  SearchSorted: (recorder, { sortedSequence, values }, { side }: SearchSortedAttrs) => {
    const [rows, length] = sortedSequence.shape;
    const entries = recorder.reshape(sortedSequence, [rows, 1, length]);
    const sought = recorder.reshape(values, [...values.shape, 1]);
    const below = recorder.elementwise(side === 'left' ? 'Less' : 'LessEqual', entries, sought);
    return recorder.kernel('Sum', [recorder.cast(below, 'int32')], { axes: [2], keepDims: false });
  },
};

function iota(recorder: Recorder, n: number): Value {
  const data = Int32Array.from({ length: n }, (_, i) => i);
  return recorder.data(data, 'int32', [n]);
}

/** Sums of the weights [B, N] of equal entries of x [B, N]: [B, size]; entries beyond are left out. */
function count(recorder: Recorder, x: Value, weights: Value, size: number): Value {
  const [rows, length] = x.shape;
  const hot = recorder.kernel('OneHot', [recorder.cast(x, 'int32')], { depth: size });
  const factors = recorder.reshape(recorder.cast(weights, 'float32'), [rows, 1, length]);
  const sums = recorder.kernel('BatchMatMul', [factors, hot], { transposeA: false, transposeB: false });
  return recorder.cast(recorder.reshape(sums, [rows, size]), weights.dtype);
}

/** Ones where an entry occurs in its row. */
function presence(recorder: Recorder, x: Value, weights: Value, size: number): Value {
  const hot = recorder.kernel('OneHot', [recorder.cast(x, 'int32')], { depth: size });
  return recorder.cast(recorder.kernel('Max', [hot], { axes: [1], keepDims: false }), weights.dtype);
}

/** Rows of a batch share one axis, [B D, O, S], in which the positions of row b begin at b D. */
function batchedGather(
  recorder: Recorder,
  x: Value,
  indices: Value,
  { axis, batchDims }: { readonly axis: number; readonly batchDims: number },
): Value {
  const [from, at] = [x, indices].map(({ shape, dtype }): TensorInfo => ({ dataId: {}, shape: [...shape], dtype: dtype as 'int32' }));
  const info = backend_util.segment_util.collectGatherOpShapeInfo(from, at, axis, batchDims);
  const { batchSize: batch, outerSize: outer, dimSize: size, sliceSize: inner, outputShape } = info;
  const count = sizeOf(indices.shape) / batch;
  const rows = recorder.kernel('Transpose', [recorder.reshape(x, [batch, outer, size, inner])], { perm: [0, 2, 1, 3] });
  const starts = recorder.reshape(recorder.elementwise('Multiply', iota(recorder, batch), size), [batch, 1]);
  const positions = recorder.reshape(recorder.elementwise('Add', recorder.reshape(indices, [batch, count]), starts), [batch * count]);
  const picked = recorder.kernel('GatherV2', [recorder.reshape(rows, [batch * size, outer, inner]), positions], { axis: 0 });
  const ordered = recorder.kernel('Transpose', [recorder.reshape(picked, [batch, count, outer, inner])], { perm: [0, 2, 1, 3] });
  return recorder.reshape(ordered, outputShape);
}
