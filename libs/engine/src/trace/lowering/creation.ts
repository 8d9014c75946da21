/**
 * Kernels that make values from attributes: constants of the graph, held as doubles, so that a float64 program keeps them.
 */
import type { FillAttrs, LinSpaceAttrs, RangeAttrs } from '@tensorflow/tfjs-core';
import { supportedDtype } from '../refusals.ts';
import type { LoweringTable } from './lowering.ts';

/** Lowerings of creation kernels. */
export const creation: LoweringTable = {
  Fill: (recorder, _, { shape, value, dtype }: FillAttrs) =>
    recorder.constant(Number(value), supportedDtype(dtype ?? 'float32', shape), shape),
  ZerosLike: (recorder, { x }) => recorder.constant(0, x.dtype, x.shape),
  OnesLike: (recorder, { x }) => recorder.constant(1, x.dtype, x.shape),
  Range: (recorder, _, { start, stop, step, dtype }: RangeAttrs) => {
    const stride = stop < start && step === 1 ? -1 : step;
    const length = Math.max(0, Math.ceil((stop - start) / stride));
    return recorder.data(
      Float64Array.from({ length }, (__, i) => start + i * stride),
      dtype ?? 'float32',
      [length],
    );
  },
  LinSpace: (recorder, _, { start, stop, num }: LinSpaceAttrs) => {
    const values = Float64Array.from({ length: num }, (__, i) => (num === 1 ? start : start + ((stop - start) * i) / (num - 1)));
    return recorder.data(values, 'float32', [num]);
  },
};
