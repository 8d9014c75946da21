/**
 * What a model is to the framework: tables (parameters, layers, state), ordinary TensorFlow.js functions over named tensors, and the
 * task that it is trained for. Nothing here computes; `buildPrograms` traces the functions and joins them into the graphs of a run.
 * B rows of a slot, d dimension of a chart.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayerEntry, ParameterEntry, RandomInput, StateEntry } from '@geodesic/engine';
import type { Shape } from '@geodesic/tensor';
import type { Task } from './task.ts';

/** Named tensors that enter or leave a traced function. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** A tfjs function over named tensors. */
export type TensorFunction = (tensors: Tensors) => Record<string, tf.Tensor>;

/** How a forward pass is meant. */
export interface ForwardMode {
  /**
   * True in the gradient phases: random inputs are drawn (dropout), and batch norms normalise with the moments of the slot's rows,
   * each weighted by `weight`. False in evaluation: no random inputs, and batch norms use the committed state.
   */
  readonly training: boolean;
}

/** A forward pass; one that has no batch norm and no dropout ignores the mode. */
export type ForwardFunction = (tensors: Tensors, mode: ForwardMode) => Record<string, tf.Tensor>;

/** A place inside a model where a Riemannian metric lives: a forward output [B, d] whose cotangents are wanted. */
export interface Chart {
  /** Name of the forward output that holds the chart's coordinates. */
  readonly output: string;
  /**
   * Layers whose metric K-FAC factor S is the metric of this chart, pulled back by the chain rule (form II). The local metric (form I)
   * needs no entry: it serves the layer whose pre-activation the chart's coordinates are.
   */
  readonly layers: readonly string[];
}

/** A model and its task. */
export interface Model {
  /** Shape of one example's features. */
  readonly featureShape: Shape;
  /** Features are whole numbers in [0, below), such as the ids of tokens; default: any numbers. They travel as float32 all the same. */
  readonly features?: { readonly below: number };
  /** In layout order; a layer's bias follows its weight. */
  readonly parameters: readonly ParameterEntry[];
  readonly layers: readonly LayerEntry[];
  readonly state: readonly StateEntry[];
  readonly charts: readonly Chart[];
  readonly task: Task;
  /** Random inputs of the forward pass while training, such as dropout's. */
  readonly random?: readonly RandomInput[];
  /**
   * `moments`: the forward pass mixes the examples of a slot, by the moments of batch norms and by nothing else. Without it any
   * mixing is refused.
   */
  readonly coupling?: 'moments';
  /**
   * parameters, state, `x`, `weight` [B] -> what the task reads (such as `logits`), every chart's output, and whatever `evolution`
   * wants to see again. While training also an output `sum:<name>` for every sum that a rule `moving-average-of-sum` of the state
   * wants: a sum over the slot's rows, rows weighted; means are taken over positions only.
   * Layers may tap their inputs (role `input`) and pre-activations (role `output`); others are found in the graph (`captureLayers`).
   * A value tapped in the role `moment` is a constant to curvature.
   */
  readonly forward: ForwardFunction;
  /** Layer -> forward output [B, T] of 0 and 1: positions that weigh nothing in the layer's curvature, such as padding of sequences. */
  readonly positionMasks?: Readonly<Record<string, string>>;
  /**
   * The geometric part of the objective: parameters, state, forward outputs, `score:<chart output>` [B, d] (cotangents of a sampled
   * log-likelihood, treated as constants) -> columns of per-example scalars [B]; `objective` is added to the task's.
   */
  readonly evolution?: { readonly columns: readonly string[]; readonly terms: TensorFunction };
  /** Cotangents drawn from the metric: parameters, state, forward outputs, the random inputs -> `<chart output>` [B, d] ~ N(0, g). */
  readonly metricCotangents?: { readonly random: readonly RandomInput[]; readonly draw: TensorFunction };
  /**
   * Data-dependent initialisation over sums: `statistics` maps parameters, state, `x`, `weight` [B] to sums over the rows;
   * `finish` maps `count` and those sums, reduced over all slots, to the parameters that they initialise.
   */
  readonly initialisation?: {
    readonly sums: readonly { readonly name: string; readonly shape: Shape }[];
    readonly statistics: TensorFunction;
    readonly parameters: readonly string[];
    readonly finish: TensorFunction;
  };
}
