/**
 * Composition of chart maps, first one first: inverses in reverse order, log-determinants add. After an embedding R^k -> R^n volumes are
 * those of k-dimensional images; they add as long as isometries follow, and are Gram determinants 1/2 log det J^T J otherwise.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ModelError, type Tensors } from '@geodesic/nn';
import type { ChartMap, Mapped, Pushed } from './chart-map.ts';
import { gramLogVolume } from './derivatives.ts';

/**
 * The composition of maps. Where something other than isometries follows an embedding, each log-determinant takes k push-forwards.
 * @throws {ModelError} for no maps, for widths that do not fit, and for a map into fewer dimensions, which is no chart
 */
export function compose(maps: readonly ChartMap[]): ChartMap {
  requireChain(maps);
  const run =
    (order: readonly ChartMap[], direction: 'forward' | 'inverse') =>
    (t: Tensors, x: tf.Tensor): Mapped =>
      order.reduce<Mapped>(
        (so, map) => {
          const { value, logDet } = map[direction](t, so.value);
          return { value, logDet: tf.add(so.logDet, logDet) };
        },
        { value: x, logDet: tf.scalar(0) },
      );
  const chain: ChartMap = {
    inputs: maps[0].inputs,
    outputs: maps[maps.length - 1].outputs,
    isometry: maps.every(({ isometry }) => isometry),
    parameters: maps.flatMap((map) => map.parameters),
    layers: maps.flatMap((map) => map.layers),
    forward: run(maps, 'forward'),
    inverse: run(maps.toReversed(), 'inverse'),
    pushForward: (t, x, v) => maps.reduce<Pushed>((so, map) => map.pushForward(t, so.value, so.tangent), { value: x, tangent: v }),
  };
  return volumesAdd(maps) ? chain : withGramVolume(chain);
}

/** @throws {ModelError} naming the map that does not fit */
function requireChain(maps: readonly ChartMap[]): void {
  if (maps.length === 0) throw new ModelError('compose', 'at least one map', 'none (identityChart is the empty composition)');
  maps.forEach((map, i) => {
    const subject = `compose, map ${i}`;
    if (map.outputs < map.inputs) {
      const remedy = 'a narrowing is no chart: use submersion as a layer between charts';
      throw new ModelError(subject, `at least ${map.inputs} outputs`, `${map.outputs} (${remedy})`);
    }
    if (i > 0 && maps[i - 1].outputs !== map.inputs)
      throw new ModelError(subject, `${maps[i - 1].outputs} inputs, the outputs before it`, String(map.inputs));
  });
}

function volumesAdd(maps: readonly ChartMap[]): boolean {
  const embedding = maps.findIndex(({ inputs, outputs }) => outputs > inputs);
  return embedding < 0 || maps.slice(embedding + 1).every(({ isometry }) => isometry);
}

/** The same map with log-volumes from its Jacobian. */
function withGramVolume(chain: ChartMap): ChartMap {
  const volumeAt = (t: Tensors, x: tf.Tensor): tf.Tensor => gramLogVolume(chain, t, { x });
  return {
    ...chain,
    forward: (t, x) => ({ value: chain.forward(t, x).value, logDet: volumeAt(t, x) }),
    inverse: (t, y) => {
      const { value } = chain.inverse(t, y);
      return { value, logDet: tf.neg(volumeAt(t, value)) };
    },
  };
}
