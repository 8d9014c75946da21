/**
 * Layers made of layers: one after the other, and a branch around which the input is added again (He et al. 2016).
 */
import * as tf from '@tensorflow/tfjs-core';
import { ModelError } from '../errors.ts';
import { joinTables, type Layer } from '../layer.ts';

/** The composition of layers, first one first; options reach all of them. */
export function sequential(layers: readonly Layer[]): Layer {
  return {
    ...joinTables(layers),
    apply: (tensors, x, options) => layers.reduce((value, layer) => layer.apply(tensors, value, options), x),
  };
}

/**
 * x + branch(x); with a `shortcut`, shortcut(x) + branch(x), where the branch changes the shape.
 * @throws {ModelError} while tracing, when the two shapes differ
 */
export function residual(branch: Layer, options: { readonly shortcut?: Layer } = {}): Layer {
  const { shortcut } = options;
  return {
    ...joinTables(shortcut ? [branch, shortcut] : [branch]),
    apply: (tensors, x, applyOptions) => {
      const around = shortcut ? shortcut.apply(tensors, x, applyOptions) : x;
      const through = branch.apply(tensors, x, applyOptions);
      if (around.shape.join() !== through.shape.join())
        throw new ModelError('residual', `a branch of shape [${around.shape.join(', ')}], as its input`, `[${through.shape.join(', ')}]`);
      return tf.add(around, through);
    },
  };
}
