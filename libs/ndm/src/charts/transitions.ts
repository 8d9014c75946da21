/**
 * Transitions between the charts of a chain: maps phi_1 ... phi_n lead from chart 0 to chart n, and phi_{i->k} from chart i to chart k,
 * backwards by inverses. Charts of one manifold satisfy the cocycle condition phi_{j->k} o phi_{i->j} = phi_{i->k}, log-determinants
 * adding; what is left of it in a number format is the cocycle defect.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ModelError, type Tensors } from '@geodesic/nn';
import { identityChart, type ChartMap } from './chart-map.ts';
import { compose } from './compose.ts';
import { pushForwardByReverse } from './derivatives.ts';

/** The inverse of a bijection; its push-forward is derived, not in closed form. @throws {ModelError} for an embedding */
export function invert(map: ChartMap): ChartMap {
  const { inputs, outputs, forward, inverse } = map;
  if (inputs !== outputs) throw new ModelError('invert', 'a bijection', `an embedding of ${inputs} into ${outputs} dimensions`);
  return {
    ...map,
    forward: inverse,
    inverse: forward,
    pushForward: (t, y, w) => ({
      value: inverse(t, y).value,
      tangent: pushForwardByReverse((point) => inverse(t, point).value, y, w),
    }),
  };
}

/**
 * The transition from chart `from` to chart `to` of the chain 0 ... n that `maps` make; the identity where they are equal.
 * @throws {ModelError} for a chart that the chain does not have, and backwards through an embedding
 */
export function transition(maps: readonly ChartMap[], from: number, to: number): ChartMap {
  for (const chart of [from, to])
    if (!Number.isInteger(chart) || chart < 0 || chart > maps.length)
      throw new ModelError('transition', `a chart of 0 ... ${maps.length}`, String(chart));
  if (from === to) return identityChart(from < maps.length ? maps[from].inputs : maps[from - 1].outputs);
  return from < to ? compose(maps.slice(from, to)) : invert(compose(maps.slice(to, from)));
}

/** How far the ways i -> j -> k and i -> k lie apart. */
export interface CocycleDefect {
  /** Largest difference of a coordinate, [B]. */
  readonly value: tf.Tensor;
  /** Difference of the log-determinants, [B] or a scalar, in nats. */
  readonly logDet: tf.Tensor;
}

/** The cocycle defect of three charts of a chain at points x [B, d] of the first. @throws {ModelError} as `transition` does */
export function cocycleDefect(
  maps: readonly ChartMap[],
  charts: readonly [number, number, number],
): (t: Tensors, x: tf.Tensor) => CocycleDefect {
  const [i, j, k] = charts;
  const [direct, first, second] = [transition(maps, i, k), transition(maps, i, j), transition(maps, j, k)];
  return (t, x) => {
    const straight = direct.forward(t, x);
    const there = first.forward(t, x);
    const onwards = second.forward(t, there.value);
    return {
      value: tf.max(tf.abs(tf.sub(onwards.value, straight.value)), 1),
      logDet: tf.abs(tf.sub(tf.add(there.logDet, onwards.logDet), straight.logDet)),
    };
  };
}
