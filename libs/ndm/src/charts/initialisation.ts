/**
 * Data-dependent initialisation of the ActNorms in one phase over slot sums. Inside a slot every block normalises with the slot's own
 * moments, so that later blocks see what they would see once normalised; the sums of x and x^2 at every ActNorm's input are then
 * added over all slots and give b = -mean, a = -ln std. Padding rows have weight 0 and enter no moment.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Layer, Model } from '@geodesic/nn';
import { actNormFromSums, actNormParameters } from './act-norm.ts';
import type { ChartBlock } from './chart-block.ts';

/** The parts of a classifier whose norms are initialised; width is d. */
export interface InitialisationOptions {
  readonly stem: Layer;
  readonly blocks: readonly ChartBlock[];
  readonly width: number;
}

/** The `init` phase of a stack of chart blocks behind a stem. */
export function initialiseFromData({ stem, blocks, width }: InitialisationOptions): NonNullable<Model['initialisation']> {
  const norms = blocks.map((_, i) => ({
    ...actNormParameters(`block${i + 1}.norm`),
    sum: `init/block${i + 1}/x`,
    squares: `init/block${i + 1}/xx`,
  }));
  return {
    sums: norms.flatMap(({ sum, squares }) => [
      { name: sum, shape: [width] },
      { name: squares, shape: [width] },
    ]),
    parameters: norms.flatMap(({ logScale, shift }) => [logScale, shift]),
    statistics: (t) => {
      const sums: Record<string, tf.Tensor> = {};
      const weight = tf.expandDims(t.weight, 1);
      const count = tf.sum(t.weight);
      let x = stem.apply(t, t.x);
      blocks.forEach((block, i) => {
        const sum = tf.sum(tf.mul(x, weight), 0);
        const squares = tf.sum(tf.mul(tf.square(x), weight), 0);
        sums[norms[i].sum] = sum;
        sums[norms[i].squares] = squares;
        const { logScale, shift } = actNormFromSums(sum, squares, count);
        x = block.afterNorm.forward(t, tf.mul(tf.exp(logScale), tf.add(x, shift))).value;
      });
      return sums;
    },
    finish: (t) =>
      Object.fromEntries(
        norms.flatMap(({ logScale, shift, sum, squares }) => {
          const found = actNormFromSums(t[sum], t[squares], t.count);
          return [
            [logScale, found.logScale],
            [shift, found.shift],
          ];
        }),
      ),
  };
}
