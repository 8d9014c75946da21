/**
 * Matrix products [.., m, k] x [.., k, n]; batch axes broadcast. Fused products are taken apart: executors fuse as they like.
 */
import type { BatchMatMulAttrs, _FusedMatMulAttrs } from '@tensorflow/tfjs-core';
import { activate } from './activations.ts';
import type { Value } from '../recorder.ts';
import type { LoweringTable } from './lowering.ts';

/** Lowerings of products. */
export const matrixProducts: LoweringTable = {
  BatchMatMul: (recorder, { a, b }, { transposeA, transposeB }: BatchMatMulAttrs) =>
    recorder.kernel('BatchMatMul', [a, b], { transposeA, transposeB }),
  _FusedMatMul: (recorder, inputs, { transposeA, transposeB, activation, leakyreluAlpha }: _FusedMatMulAttrs) => {
    const { bias, preluActivationWeights: alpha } = inputs;
    // tfjs gives fused products a batch axis of size 1; without it a weight is the matrix that layers and executors know.
    const isMatrix =
      [inputs.a, inputs.b].every(({ shape }) => shape.length === 3 && shape[0] === 1) && rankOf(bias) < 3 && rankOf(alpha) < 3;
    const [a, b] = [inputs.a, inputs.b].map((x) => (isMatrix ? recorder.reshape(x, x.shape.slice(1)) : x));
    const product = recorder.kernel('BatchMatMul', [a, b], { transposeA, transposeB });
    const shifted = bias === undefined ? product : recorder.elementwise('Add', product, bias);
    const activated = activate(recorder, shifted, activation ?? 'linear', { alpha, leakyreluAlpha });
    return isMatrix ? recorder.reshape(activated, [1, ...activated.shape]) : activated;
  },
};

function rankOf(value: Value | undefined): number {
  return value?.shape.length ?? 0;
}
