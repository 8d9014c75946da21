/**
 * Where a weight's first values come from. A model is built twice: weights that agree are somebody's choice (read from a file,
 * seeded, zeros) and are taken as they are; weights that differ were drawn by Math.random, and are drawn from the run's seed instead,
 * by the layer's own initialiser. The rules are those of tfjs-layers 4.22.0 (Glorot and Bengio 2010; He et al. 2015; Saxe et al. 2014).
 */
import { storedValues, type Initializer } from '@geodesic/engine';
import { UserModelError } from '../errors.ts';
import type { Described } from './layer-tree.ts';
import type { Weight } from './weights.ts';

/** The initialiser of a weight. @throws {UserModelError} when it was drawn at random by an initialiser that has no rule here */
export function firstValues(weight: Weight, again: Weight): Initializer {
  const values = numbersOf(weight);
  const other = numbersOf(again);
  const agrees = values.length === other.length && values.every((value, i) => Object.is(value, other[i]));
  if (agrees) return storedValues(values);
  const initializer = initializerOf(weight);
  const rule = initializer && ruleOf(initializer, weight.variable.shape as readonly number[]);
  if (rule) return rule;
  throw new UserModelError({
    subject: weight.name,
    expected: 'first values that can be drawn from the seed of the run',
    got: `random ones of ${initializer?.getClassName() ?? 'an initialiser that is not known'}`,
    remedy: 'give the initialiser a seed, or take one of tf.initializers with mean 0',
  });
}

/** The present values of a weight. */
export function numbersOf({ variable }: Pick<Weight, 'variable'>): Float32Array {
  return Float32Array.from(variable.read().dataSync());
}

/** The layer's initialiser of this weight: `kernel` has kernelInitializer, `recurrent_kernel` has recurrentInitializer. */
function initializerOf({ owner, variable }: Weight): Described | undefined {
  const short = variable.originalName.slice(variable.originalName.lastIndexOf('/') + 1);
  const camel = short.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const fields = owner as unknown as Readonly<Record<string, Described | undefined>>;
  return fields[`${camel}Initializer`] ?? fields[`${camel.replace(/Kernel$/, '')}Initializer`];
}

function ruleOf(initializer: Described, shape: readonly number[]): Initializer | undefined {
  const config = initializer.getConfig() as Readonly<Record<string, number | undefined>>;
  const { mean = 0, stddev = 0.05, minval = -0.05, maxval = 0.05, gain = 1 } = config;
  switch (initializer.getClassName()) {
    case 'RandomUniform':
      return { kind: 'uniform', low: minval, high: maxval };
    case 'RandomNormal':
      return mean === 0 ? { kind: 'normal', standardDeviation: stddev } : undefined;
    case 'TruncatedNormal':
      return mean === 0 ? { kind: 'truncated-normal', standardDeviation: stddev } : undefined;
    case 'VarianceScaling':
      return varianceScaling(initializer.getConfig(), shape);
    case 'Orthogonal':
      return { kind: 'orthogonal', gain };
    default:
      return undefined;
  }
}

function varianceScaling(config: Readonly<Record<string, unknown>>, shape: readonly number[]): Initializer {
  const { scale = 1, mode = 'fanIn', distribution = 'normal' } = config as { scale?: number; mode?: string; distribution?: string };
  const { fanIn, fanOut } = fans(shape);
  const fan = mode === 'fanIn' ? fanIn : mode === 'fanOut' ? fanOut : (fanIn + fanOut) / 2;
  const variance = scale / Math.max(1, fan);
  if (distribution === 'normal') return { kind: 'truncated-normal', standardDeviation: Math.sqrt(variance) };
  const limit = Math.sqrt(3 * variance);
  return { kind: 'uniform', low: -limit, high: limit };
}

/** Inputs and outputs of one unit; a convolution's window counts to both. */
function fans(shape: readonly number[]): { fanIn: number; fanOut: number } {
  const size = (axes: readonly number[]): number => axes.reduce((product, length) => product * length, 1);
  if (shape.length >= 3) {
    const window = size(shape.slice(0, -2));
    return { fanIn: window * shape.at(-2)!, fanOut: window * shape.at(-1)! };
  }
  if (shape.length === 2) return { fanIn: shape[0], fanOut: shape[1] };
  return { fanIn: Math.sqrt(size(shape)), fanOut: Math.sqrt(size(shape)) };
}
