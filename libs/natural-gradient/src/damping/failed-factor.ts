/**
 * A Kronecker factor that left the first rung of its inverse, as it is handed to whoever keeps such matrices for a later look.
 */
import { encodeMatrixDump } from '@geodesic/linalg';
import type { FailedFactor } from './damped-inverse.ts';

/** The factor, which layer's and when. */
export interface FailedLayerFactor extends FailedFactor {
  readonly layer: string;
  /** 1-based. */
  readonly step: number;
}

/** Told of such factors; decides nothing. */
export type FailedFactorObserver = (failure: FailedLayerFactor) => void;

/** A matrix as a file. */
export interface MatrixDump {
  /** `step-000012-stem-S-float64.matrix`; characters of the layer's name that a file name may lack are `_`. */
  readonly name: string;
  /** As encodeMatrixDump of @geodesic/linalg writes it. */
  readonly bytes: Uint8Array;
}

/** The damped factor as a file. */
export function dumpFailedFactor({ layer, factor, step, rung, matrix, n }: FailedLayerFactor): MatrixDump {
  const place = layer.replaceAll(/[^\w.-]/g, '_');
  return { name: `step-${String(step).padStart(6, '0')}-${place}-${factor}-${rung}.matrix`, bytes: encodeMatrixDump(matrix, n) };
}
