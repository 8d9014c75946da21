/**
 * Matrix products [.., m, k] x [.., k, n]; batch axes broadcast. Fused products are taken apart: executors fuse as they like.
 */
import type { BatchMatMulAttrs, _FusedMatMulAttrs } from '@tensorflow/tfjs-core';
import { activate } from './activations.ts';
import { lowering, type LoweringTable } from './lowering.ts';

/** Lowerings of products. */
export const matrixProducts: LoweringTable = {
  BatchMatMul: lowering<BatchMatMulAttrs>((recorder, { a, b }, { transposeA, transposeB }) =>
    recorder.kernel('BatchMatMul', [a, b], { transposeA, transposeB }),
  ),
  _FusedMatMul: lowering<_FusedMatMulAttrs>((recorder, inputs, { transposeA, transposeB, activation, leakyreluAlpha }) => {
    const { a, b, bias, preluActivationWeights } = inputs;
    const product = recorder.kernel('BatchMatMul', [a, b], { transposeA, transposeB });
    const shifted = bias === undefined ? product : recorder.elementwise('Add', product, bias);
    return activate(recorder, shifted, activation ?? 'linear', { alpha: preluActivationWeights, leakyreluAlpha });
  }),
};
