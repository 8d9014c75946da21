/**
 * The gated recurrent unit (Cho et al. 2014, in the form of cuDNN, PyTorch and Keras): for t = 1 .. T, x [B, T, I], h_t [B, H], h_0 = 0
 *   [r z n]  = x_t W + b            one product for all steps, the dense layer `<name>.input` [I, 3 H]
 *   [r' z' n'] = h_(t-1) U + c      the dense layer `<name>.recurrent` [H, 3 H], applied T times
 *   h_t = (1 - Z) tanh(n + R n') + Z h_(t-1), R = sigmoid(r + r'), Z = sigmoid(z + z')
 * At padding (mask 0) the state stays, so that the last state is the one of the last real position.
 *
 * Limitations: the recurrence is unrolled into the graph, 20 nodes a step (23 with a mask) and twice that with the gradient, so that
 * compiling takes time in proportion; beyond some 100 steps prefer attention or convolutions.
 */
import * as tf from '@tensorflow/tfjs-core';
import { glorotUniform, orthogonal, type WeightInitializer } from '../initializers.ts';
import { joinTables, type Layer } from '../layer.ts';
import { dense } from './dense.ts';
import { sharingOf } from './positions.ts';

/** Sizes of a GRU. */
export interface GruOptions {
  readonly name: string;
  /** I */
  readonly inputs: number;
  /** H */
  readonly units: number;
  /** T */
  readonly positions: number;
  /** What comes out: the states of all positions [B, T, H], or the last one [B, H]. */
  readonly returns: 'sequence' | 'last';
  /** Of W; default Glorot uniform. */
  readonly weightInitializer?: WeightInitializer;
  /** Of U; default orthogonal. */
  readonly recurrentInitializer?: WeightInitializer;
  /** What curvature makes of positions; default `expand`. */
  readonly sharing?: 'expand' | 'reduce';
}

/** Describes a GRU. `apply` takes `mask` [B, T]. */
export function gru(options: GruOptions): Layer {
  const { name, inputs, units, positions, returns, weightInitializer = glorotUniform, recurrentInitializer = orthogonal() } = options;
  const sharing = options.sharing && { sharing: options.sharing };
  const outputs = 3 * units;
  const input = dense({ name: `${name}.input`, inputs, outputs, weightInitializer, positions, ...sharing });
  const recurrent = dense({ name: `${name}.recurrent`, inputs: units, outputs, weightInitializer: recurrentInitializer });
  const tables = joinTables([input, recurrent]);
  const shared = sharingOf({ positions, ...sharing });
  return {
    ...tables,
    // The recurrent layer itself sees one position; its applications over time are the positions that share its weight.
    entries: tables.entries.map((entry) => ({ ...entry, ...shared })),
    apply: (tensors, x, { mask } = {}) => {
      const projected = tf.unstack(input.apply(tensors, x), 1);
      const real = mask && tf.unstack(tf.greater(tf.expandDims(mask, 2), 0), 1);
      const states: tf.Tensor[] = [];
      projected.forEach((gates, t) => {
        const before = states[t - 1] ?? tf.zeros([x.shape[0], units]);
        const after = step(gates, recurrent.apply(tensors, before), before);
        states.push(real ? tf.where(real[t], after, before) : after);
      });
      return returns === 'last' ? states[positions - 1] : tf.stack(states, 1);
    },
  };
}

/** One step: gates from the input and from the state [B, 3 H], the state [B, H] -> the next state. */
function step(fromInput: tf.Tensor, fromState: tf.Tensor, state: tf.Tensor): tf.Tensor {
  const units = state.shape[1]!;
  const [inputGates, inputCandidate] = tf.split(fromInput, [2 * units, units], 1);
  const [stateGates, stateCandidate] = tf.split(fromState, [2 * units, units], 1);
  const [reset, keep] = tf.split(tf.sigmoid(tf.add(inputGates, stateGates)), 2, 1);
  const candidate = tf.tanh(tf.add(inputCandidate, tf.mul(reset, stateCandidate)));
  return tf.add(candidate, tf.mul(keep, tf.sub(state, candidate)));
}
