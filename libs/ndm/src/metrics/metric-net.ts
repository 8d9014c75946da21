/**
 * The nets of metrics, on jets: a hidden layer of tanh units and linear heads. tanh is smooth, so that curvature exists everywhere;
 * with ReLU it would be zero or undefined. Parameters are `<name>.weight<k>` [inputs, outputs] and `<name>.bias<k>` [outputs].
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ParameterEntry } from '@geodesic/engine';
import type { Tensors } from '@geodesic/nn';
import { tanh } from '../curvature/jet-functions.ts';
import { linear, shift, type TwoJet } from '../curvature/two-jet.ts';

/** A net and its parameters. */
export interface MetricNet {
  readonly parameters: readonly ParameterEntry[];
  /** x [B, d] -> raw outputs [B, outputs]. */
  readonly apply: (tensors: Tensors, x: TwoJet) => TwoJet;
}

/** Sizes of a net. */
export interface MetricNetOptions {
  readonly name: string;
  readonly inputs: number;
  readonly hidden: number;
  readonly outputs: number;
}

/** Describes a net; its first outputs have a standard deviation of about 1/2 over parameters. */
export function metricNet({ name, inputs, hidden, outputs }: MetricNetOptions): MetricNet {
  const normal = (standardDeviation: number) => ({ kind: 'normal', standardDeviation }) as const;
  const zeros = { kind: 'constant', value: 0 } as const;
  return {
    parameters: [
      { name: `${name}.weight1`, shape: [inputs, hidden], initializer: normal(1 / Math.sqrt(inputs)) },
      { name: `${name}.bias1`, shape: [hidden], initializer: zeros },
      { name: `${name}.weight2`, shape: [hidden, outputs], initializer: normal(0.5 / Math.sqrt(hidden)) },
      { name: `${name}.bias2`, shape: [outputs], initializer: zeros },
    ],
    apply: (t, x) => {
      const layer = (k: 1 | 2, input: TwoJet): TwoJet =>
        shift(
          linear(input, (channel) => tf.matMul(channel, t[`${name}.weight${k}`])),
          t[`${name}.bias${k}`],
        );
      return layer(2, tanh(layer(1, x)));
    },
  };
}
