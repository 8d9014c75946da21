/**
 * What every case of a layer weighs in its curvature: the weight of the example, times the mask of the position where there is one.
 * B examples, T positions of an example in all uses together, T_u in one use; cases stand as rows [B T_u, 1], example by example.
 */
import type { Expressions } from '@geodesic/engine';
import { sizeOf } from '@geodesic/tensor';
import type { CapturedLayer } from './capture/captured-layer.ts';
import { ModelError } from './errors.ts';

/** The weights of the cases of one use. */
export interface PositionWeights {
  /** T_u */
  readonly positions: number;
  /** Weights of the cases, 0 or 1: [B T_u, 1]. */
  readonly cases: number;
  /** 1 / T where every position counts; else 1 / T_n at the positions of example n that do, 0 elsewhere: [B T_u, 1]. */
  readonly share: number | { readonly id: number };
}

/**
 * Weights for each use of a layer.
 * @param options.weight weights of the examples [B]
 * @param options.mask [B, T] 1 at positions that count
 * @throws {ModelError} when the mask is not [B, T]
 */
export function positionWeights(
  x: Expressions,
  layer: CapturedLayer,
  { weight, mask }: { readonly weight: number; readonly mask?: number | undefined },
): PositionWeights[] {
  const [rows] = x.shapeOf(weight);
  const column = x.reshape(weight, [rows, 1]);
  if (mask !== undefined && x.shapeOf(mask).join() !== `${rows},${layer.positions}`)
    throw new ModelError(layer.name, `a position mask [${rows}, ${layer.positions}]`, `[${x.shapeOf(mask).join(', ')}]`);
  const shares = mask === undefined ? undefined : x.div(mask, x.binary('Maximum', x.sum(mask, [1], { keepDims: true }), x.like(mask, 1)));
  let begin = 0;
  return layer.uses.map(({ output }): PositionWeights => {
    const positions = sizeOf(x.shapeOf(output)) / (rows * layer.outputs);
    const part = (id: number): number => x.reshape(x.slice(id, [0, begin], [rows, positions]), [rows * positions, 1]);
    const repeated = x.reshape(x.broadcastTo(column, [rows, positions]), [rows * positions, 1]);
    const cases = mask === undefined ? repeated : x.mul(repeated, part(mask));
    const share = shares === undefined ? 1 / layer.positions : { id: part(shares) };
    begin += positions;
    return { positions, cases, share };
  });
}
