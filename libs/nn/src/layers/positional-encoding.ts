/**
 * Positions added to a sequence, x [B, T, E] -> x + P: learned vectors, or fixed sinusoids (Vaswani et al. 2017, section 3.5)
 *   P_{t, 2i} = sin(t / 10000^(2i/E)), P_{t, 2i+1} = cos(t / 10000^(2i/E)).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Initializer } from '@geodesic/engine';
import { emptyTables, type Layer } from '../layer.ts';

/** Sizes of a learned encoding. */
export interface LearnedPositionsOptions {
  readonly name: string;
  /** T */
  readonly positions: number;
  /** E */
  readonly width: number;
  /** Default: normal with standard deviation 0.02. */
  readonly initializer?: Initializer;
}

/** Describes learned positions; the parameter is `<name>.positions` [T, E]. It is a bias, so it has no curvature of its own. */
export function learnedPositions(options: LearnedPositionsOptions): Layer {
  const { name, positions, width, initializer = { kind: 'normal', standardDeviation: 0.02 } } = options;
  const parameter = `${name}.positions`;
  return {
    ...emptyTables,
    parameters: [{ name: parameter, shape: [positions, width], initializer }],
    apply: (tensors, x) => tf.add(x, tensors[parameter]),
  };
}

/** Describes sinusoidal positions for x [B, T, E]; a constant of the graph. */
export function sinusoidalPositions(options: { readonly positions: number; readonly width: number }): Layer {
  const { positions, width } = options;
  const table = sinusoids(positions, width);
  return { ...emptyTables, apply: (_, x) => tf.add(x, tf.tensor2d(table, [positions, width])) };
}

function sinusoids(positions: number, width: number): Float32Array {
  return Float32Array.from({ length: positions * width }, (_, at) => {
    const [t, column] = [Math.floor(at / width), at % width];
    const angle = t / 10_000 ** ((column - (column % 2)) / width);
    return column % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}
