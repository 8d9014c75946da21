/**
 * Compositions of chart maps; the standard block is ActNorm, Householder mix, coupling (a | b), coupling (b | a).
 * Log-determinants add along a composition.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Tensors } from '@geodesic/nn';
import { actNorm } from './act-norm.ts';
import { affineCoupling } from './affine-coupling.ts';
import type { ChartMap, Mapped } from './chart-map.ts';
import { householder } from './householder.ts';

/** Sizes of a standard block on R^width. */
export interface ChartBlockOptions {
  readonly name: string;
  readonly width: number;
  readonly hidden: number;
  readonly reflections: number;
  readonly scaleMax: number;
}

/** A standard block: its ActNorm (initialised from data) and the maps after it. */
export interface ChartBlock extends ChartMap {
  readonly afterNorm: ChartMap;
}

/** The composition of maps, first one first. */
export function compose(maps: readonly ChartMap[]): ChartMap {
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
  return {
    parameters: maps.flatMap((map) => map.parameters),
    layers: maps.flatMap((map) => map.layers),
    forward: run(maps, 'forward'),
    inverse: run(maps.toReversed(), 'inverse'),
  };
}

/** Describes a standard block; the two couplings swap the halves of the coordinates. */
export function chartBlock(options: ChartBlockOptions): ChartBlock {
  const { name, width, hidden, reflections, scaleMax } = options;
  const half = width >> 1;
  const first = Array.from({ length: half }, (_, i) => i);
  const second = Array.from({ length: width - half }, (_, i) => half + i);
  const norm = actNorm({ name: `${name}.norm`, width });
  const afterNorm = compose([
    householder({ name: `${name}.mix`, width, reflections }),
    affineCoupling({ name: `${name}.coupling1`, kept: first, moved: second, hidden, scaleMax }),
    affineCoupling({ name: `${name}.coupling2`, kept: second, moved: first, hidden, scaleMax }),
  ]);
  return { ...compose([norm, afterNorm]), afterNorm };
}
