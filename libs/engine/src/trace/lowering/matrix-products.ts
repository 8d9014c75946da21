/**
 * Matrix products [.., m, k] x [.., k, n]; batch axes broadcast. Fused products are taken apart: executors fuse as they like.
 */
import type { BatchMatMulAttrs, _FusedMatMulAttrs } from '@tensorflow/tfjs-core';
import { activate } from './activations.ts';
import type { LoweringTable } from './lowering.ts';

/** Lowerings of products. */
export const matrixProducts: LoweringTable = {
  BatchMatMul: (recorder, { a, b }, { transposeA, transposeB }: BatchMatMulAttrs) =>
    recorder.kernel('BatchMatMul', [a, b], { transposeA, transposeB }),
  _FusedMatMul: (recorder, inputs, { transposeA, transposeB, activation, leakyreluAlpha }: _FusedMatMulAttrs) => {
    const { a, b, bias, preluActivationWeights } = inputs;
    const product = recorder.kernel('BatchMatMul', [a, b], { transposeA, transposeB });
    const shifted = bias === undefined ? product : recorder.elementwise('Add', product, bias);
    return activate(recorder, shifted, activation ?? 'linear', { alpha: preluActivationWeights, leakyreluAlpha });
  },
};
