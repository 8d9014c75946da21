/**
 * Kernels that make values from attributes: constants of the graph, held as doubles, so that a float64 program keeps them.
 */
import type { FillAttrs, LinSpaceAttrs, RangeAttrs } from '@tensorflow/tfjs-core';
import type { DType } from '@geodesic/tensor';
import { lowering, type LoweringTable } from './lowering.ts';

/** Lowerings of creation kernels. */
export const creation: LoweringTable = {
  Fill: lowering<FillAttrs>((recorder, _, { shape, value, dtype }) => recorder.constant(Number(value), (dtype ?? 'float32') as DType, shape)),
  ZerosLike: (recorder, { x }) => recorder.constant(0, x.dtype, x.shape),
  OnesLike: (recorder, { x }) => recorder.constant(1, x.dtype, x.shape),
  Range: lowering<RangeAttrs>((recorder, _, { start, stop, step, dtype }) => {
    const stride = stop < start && step === 1 ? -1 : step;
    const length = Math.max(0, Math.ceil((stop - start) / stride));
    return recorder.data(Float64Array.from({ length }, (__, i) => start + i * stride), dtype ?? 'float32', [length]);
  }),
  LinSpace: lowering<LinSpaceAttrs>((recorder, _, { start, stop, num }) => {
    const values = Float64Array.from({ length: num }, (__, i) => (num === 1 ? start : start + ((stop - start) * i) / (num - 1)));
    return recorder.data(values, 'float32', [num]);
  }),
};
