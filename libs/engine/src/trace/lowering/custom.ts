/**
 * Our own ops as tfjs kernels: taps, stopped gradients, inverses and log-determinants of small SPD matrices. Their tape
 * gradients stand here too, so that a user's tf.grad passes through them like the graph's VJP does.
 */
import { matMul, mul, neg, reshape, zerosLike, engine } from '@tensorflow/tfjs-core';
import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';
import type { Attributes } from '../../graph.ts';
import { lowering, type LoweringTable } from './lowering.ts';

/** Lowerings of our own kernels. */
export const custom: LoweringTable = {
  Tap: lowering<Attributes>((recorder, { x }, attributes) => recorder.kernel('Tap', [x], attributes)),
  StopGradient: (recorder, { x }) => recorder.kernel('StopGradient', [x]),
  SpdInverse: (recorder, { x }) => recorder.kernel('SpdInverse', [x]),
  LogDet: (recorder, { x }) => recorder.kernel('LogDet', [x]),
};

/** Tape gradients of our own kernels. */
export const customGradients: readonly GradConfig[] = [
  { kernelName: 'Tap', gradFunc: (dy) => ({ x: () => (dy as Tensor).clone() }) },
  { kernelName: 'StopGradient', gradFunc: (dy) => ({ x: () => zerosLike(dy as Tensor) }) },
  {
    // d(A^-1) = -A^-1 dA A^-1, hence the cotangent -Y^T dY Y^T.
    kernelName: 'SpdInverse',
    outputsToSave: [true],
    gradFunc: (dy, [y]) => ({ x: () => neg(matMul(matMul(y, dy as Tensor, true, false), y, false, true)) }),
  },
  {
    kernelName: 'LogDet',
    inputsToSave: ['x'],
    gradFunc: (dy, [x]) => ({
      x: () => mul(reshape(dy as Tensor, [...(dy as Tensor).shape, 1, 1]), engine().runKernel('SpdInverse', { x })),
    }),
  },
];
