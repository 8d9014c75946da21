/**
 * Normalisation by statistics: of a batch, given from outside, and of neighbouring channels.
 */
import type { FusedBatchNormAttrs, LRNAttrs, LRNGradAttrs } from '@tensorflow/tfjs-core';
import type { Recorder, Value } from '../recorder.ts';
import type { LoweringTable } from './lowering.ts';
import { pullBack } from './pull-back.ts';

/** Lowerings of normalisations. */
export const normalisation: LoweringTable = {
  FusedBatchNorm: (recorder, { x, mean, variance, offset, scale }, { varianceEpsilon }: FusedBatchNormAttrs) => {
    const deviation = recorder.elementwise('Rsqrt', recorder.elementwise('Add', variance, varianceEpsilon));
    const factor = scale === undefined ? deviation : recorder.elementwise('Multiply', deviation, scale);
    const normalised = recorder.elementwise('Multiply', recorder.elementwise('Sub', x, mean), factor);
    return offset === undefined ? normalised : recorder.elementwise('Add', normalised, offset);
  },
  LRN: (recorder, { x }, attributes: LRNAttrs) => localResponse(recorder, x, attributes),
  LRNGrad: (recorder, { x, dy }, attributes: LRNGradAttrs) =>
    pullBack(recorder, x, dy, (input) => localResponse(recorder, input, attributes)),
};

/** x (bias + alpha s)^-beta, s the sum of squares over channels at most depthRadius away: a product with a band matrix. */
function localResponse(recorder: Recorder, x: Value, { depthRadius, bias, alpha, beta }: LRNAttrs): Value {
  const channels = x.shape[x.shape.length - 1];
  const band = Float64Array.from({ length: channels * channels }, (_, e) =>
    Number(Math.abs(Math.floor(e / channels) - (e % channels)) <= depthRadius),
  );
  const operands = [recorder.elementwise('Square', x), recorder.data(band, 'float32', [channels, channels])];
  const sums = recorder.kernel('BatchMatMul', operands, { transposeA: false, transposeB: false });
  const base = recorder.elementwise('Add', recorder.elementwise('Multiply', sums, alpha), bias);
  return recorder.elementwise('Multiply', x, recorder.elementwise('Pow', base, -beta));
}
