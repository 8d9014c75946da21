/**
 * Named rules for first values, by the fans of a weight: fanIn values enter each output, fanOut leave each input. A rule becomes an
 * `Initializer` when a layer is described; the numbers are drawn once, by the coordinator, keyed by run seed and parameter name.
 *   Glorot and Bengio 2010 (keeps tanh and linear layers in scale both ways), LeCun et al. 1998 (forwards only),
 *   He et al. 2015 (relu halves the second moment), Saxe et al. 2014 (orthogonal: all singular values are equal).
 */
import type { Initializer } from '@geodesic/engine';

/** How many values enter an output and leave an input of a layer. */
export interface Fans {
  readonly fanIn: number;
  readonly fanOut: number;
}

/** A rule that needs the size of the layer. */
export type FanRule = (fans: Fans) => Initializer;

/** What layers take for a weight: an initialiser, or a rule that becomes one. */
export type WeightInitializer = Initializer | FanRule;

/** All zeros: biases, and weights of branches that start as nothing. */
export const zeros: Initializer = { kind: 'constant', value: 0 };

/** All ones: gains of norms. */
export const ones: Initializer = { kind: 'constant', value: 1 };

/** Normal with variance 1 / fanIn: linear, tanh, selu and softmax layers. */
export const lecunNormal: FanRule = ({ fanIn }) => normal(1 / fanIn);

/** Normal with variance 2 / fanIn: relu and its kin. */
export const heNormal: FanRule = ({ fanIn }) => normal(2 / fanIn);

/** Normal with variance 2 / (fanIn + fanOut). */
export const glorotNormal: FanRule = ({ fanIn, fanOut }) => normal(2 / (fanIn + fanOut));

/** Uniform with variance 2 / (fanIn + fanOut). */
export const glorotUniform: FanRule = ({ fanIn, fanOut }) => {
  const high = Math.sqrt(6 / (fanIn + fanOut));
  return { kind: 'uniform', low: -high, high };
};

/** Orthonormal columns (or rows, where there are fewer of them) times `gain`, default 1; sqrt(2) suits relu. */
export function orthogonal(gain = 1): Initializer {
  return { kind: 'orthogonal', gain };
}

/** Normal numbers drawn again where they are beyond two standard deviations; the variance that results is 0.774 of the full one. */
export function truncatedNormal(standardDeviation: number): Initializer {
  return { kind: 'truncated-normal', standardDeviation };
}

/** The initialiser of a weight with these fans. */
export function resolveInitializer(choice: WeightInitializer, fans: Fans): Initializer {
  return typeof choice === 'function' ? choice(fans) : choice;
}

function normal(variance: number): Initializer {
  return { kind: 'normal', standardDeviation: Math.sqrt(variance) };
}
