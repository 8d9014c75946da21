/**
 * Our own ops as tfjs kernels: taps, stopped gradients, Gelu, and functions of matrices.
 */
import type { Attributes } from '../../graph.ts';
import type { LoweringTable } from './lowering.ts';

/** Lowerings of our own kernels. */
export const custom: LoweringTable = {
  Tap: (recorder, { x }, attributes: Attributes) => recorder.kernel('Tap', [x], attributes),
  StopGradient: (recorder, { x }) => recorder.kernel('StopGradient', [x]),
  Gelu: (recorder, { x }) => recorder.elementwise('Gelu', x),
  SpdInverse: (recorder, { x }) => recorder.kernel('SpdInverse', [x]),
  LogDet: (recorder, { x }) => recorder.kernel('LogDet', [x]),
  Cholesky: (recorder, { x }) => recorder.kernel('Cholesky', [x]),
  TriangularSolve: (recorder, { x, b }, { transpose }: Attributes) => recorder.kernel('TriangularSolve', [x, b], { transpose }),
};
