/**
 * Kernels that address values by integers: gather, its transpose, one-hot codes, diagonals.
 */
import type { GatherV2Attrs, OneHotAttrs, UnsortedSegmentSumAttrs } from '@tensorflow/tfjs-core';
import { sizeOf } from '@geodesic/tensor';
import { supportedDtype } from '../refusals.ts';
import { TraceError } from '../trace-error.ts';
import { axesOf, type LoweringTable } from './lowering.ts';

/** Lowerings of indexing kernels. */
export const indexing: LoweringTable = {
  GatherV2: (recorder, { x, indices }, { axis, batchDims }: GatherV2Attrs) => {
    if (batchDims) {
      const remedy = 'gather from a reshaped tensor with offset indices, or multiply by a one-hot matrix';
      throw new TraceError({ op: 'gather', shape: x.shape, expected: 'batchDims 0', got: `batchDims ${batchDims}`, remedy });
    }
    return recorder.kernel('GatherV2', [x, recorder.cast(indices, 'int32')], { axis: axesOf(axis, x.shape)[0] });
  },
  UnsortedSegmentSum: (recorder, { x, segmentIds }, { numSegments }: UnsortedSegmentSumAttrs) =>
    recorder.kernel('ScatterAdd', [x, recorder.cast(segmentIds, 'int32')], { axis: 0, size: numSegments }),
  OneHot: (recorder, { indices }, { depth, onValue, offValue, dtype }: OneHotAttrs) => {
    const hot = recorder.kernel('OneHot', [recorder.cast(indices, 'int32')], { depth });
    const scaled = recorder.elementwise('Add', recorder.elementwise('Multiply', hot, onValue - offValue), offValue);
    return recorder.cast(scaled, supportedDtype(dtype ?? 'int32', scaled.shape));
  },
  Diag: (recorder, { x }) => {
    const n = sizeOf(x.shape);
    const eye = recorder.kernel(
      'OneHot',
      [
        recorder.data(
          Int32Array.from({ length: n }, (_, i) => i),
          'int32',
          [n],
        ),
      ],
      { depth: n },
    );
    const diagonal = recorder.elementwise('Multiply', recorder.cast(eye, x.dtype), recorder.reshape(x, [1, n]));
    return recorder.reshape(diagonal, [...x.shape, ...x.shape]);
  },
};
