/**
 * Reductions, softmax and cumulative sums. A mean is a sum times 1/n, with 1/n kept as a double.
 */
import { backend_util } from '@tensorflow/tfjs-core';
import type { ArgMaxAttrs, ArgMinAttrs, CumsumAttrs, LogSoftmaxAttrs, MaxAttrs, SoftmaxAttrs, SumAttrs } from '@tensorflow/tfjs-core';
import { sizeOf, type Shape } from '@geodesic/tensor';
import type { Recorder, Value } from '../recorder.ts';
import { TraceError } from '../trace-error.ts';
import { axesOf, axisOf, type LoweringTable } from './lowering.ts';

/** Reduction lowerings. */
export const reductions: LoweringTable = {
  Sum: (recorder, { x }, { axis, keepDims }: SumAttrs) => {
    const summand = x.dtype === 'bool' ? recorder.cast(x, 'int32') : x;
    return reduce(recorder, 'Sum', summand, { axes: axesOf(axis, x.shape), keepDims });
  },
  Mean: (recorder, { x }, { axis, keepDims }: SumAttrs) => {
    const axes = axesOf(axis, x.shape);
    const sum = reduce(recorder, 'Sum', recorder.cast(x, 'float32'), { axes, keepDims });
    return recorder.elementwise('Multiply', sum, 1 / sizeOf(axes.map((a) => x.shape[a])));
  },
  Max: (recorder, { x }, { reductionIndices, keepDims }: MaxAttrs) =>
    reduce(recorder, 'Max', x, { axes: axesOf(reductionIndices, x.shape), keepDims }),
  Min: (recorder, { x }, { axis, keepDims }: SumAttrs) => reduce(recorder, 'Min', x, { axes: axesOf(axis, x.shape), keepDims }),
  All: (recorder, { x }, { axis, keepDims }: SumAttrs) => quantify(recorder, 'Min', x, { axes: axesOf(axis, x.shape), keepDims }),
  Any: (recorder, { x }, { axis, keepDims }: SumAttrs) => quantify(recorder, 'Max', x, { axes: axesOf(axis, x.shape), keepDims }),
  ArgMax: (recorder, { x }, { axis }: ArgMaxAttrs) => recorder.kernel('ArgMax', [x], { axis: axesOf(axis, x.shape)[0] }),
  ArgMin: (recorder, { x }, { axis }: ArgMinAttrs) => recorder.kernel('ArgMin', [x], { axis: axesOf(axis, x.shape)[0] }),
  Cumsum: (recorder, { x }, { axis, exclusive, reverse }: CumsumAttrs) =>
    recorder.kernel('Cumsum', [x], { axis: axisOf(axis, x.shape.length), exclusive, reverse }),
  LogSoftmax: (recorder, { logits }, { axis }: LogSoftmaxAttrs) => logSoftmax(recorder, logits, axis),
  Softmax: (recorder, { logits }, { dim }: SoftmaxAttrs) => recorder.elementwise('Exp', logSoftmax(recorder, logits, dim)),
};

interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

function reduce(recorder: Recorder, kernel: 'Sum' | 'Max' | 'Min', x: Value, { axes, keepDims }: Reduction): Value {
  if (recorder.isSplat(x)) {
    const splat: Value = { ...x, shape: reducedShape(x.shape, axes, keepDims) };
    return kernel === 'Sum' ? recorder.elementwise('Multiply', splat, sizeOf(axes.map((axis) => x.shape[axis]))) : splat;
  }
  return axes.length === 0 ? x : recorder.kernel(kernel, [x], { axes, keepDims: keepDims ?? false });
}

/** "All" and "any" as the least and the greatest of zeros and ones. */
function quantify(recorder: Recorder, kernel: 'Min' | 'Max', x: Value, reduction: Reduction): Value {
  return recorder.cast(reduce(recorder, kernel, recorder.cast(x, 'int32'), reduction), 'bool');
}

function reducedShape(shape: Shape, axes: readonly number[], keepDims: boolean): Shape {
  const [kept] = backend_util.computeOutAndReduceShapes([...shape], [...axes]);
  return keepDims ? backend_util.expandShapeToKeepDim(kept, [...axes]) : kept;
}

function logSoftmax(recorder: Recorder, logits: Value, axis: number): Value {
  if (axisOf(axis, logits.shape.length) !== logits.shape.length - 1) {
    const remedy = 'transpose so that the classes come last';
    throw new TraceError({ op: 'softmax', shape: logits.shape, expected: 'the last axis', got: `axis ${axis}`, remedy });
  }
  return recorder.kernel('LogSoftmax', [logits]);
}
