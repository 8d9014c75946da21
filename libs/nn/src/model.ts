/**
 * What a model is to the framework: tables (parameters, layers, state) and ordinary TensorFlow.js functions over named tensors.
 * Nothing here computes; `buildPrograms` traces the functions and joins them into the graphs of a run.
 * B rows of a slot, D features of an example, K classes.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { LayerEntry, ParameterEntry, RandomInput, StateEntry } from '@geodesic/engine';
import type { Shape } from '@geodesic/tensor';

/** Named tensors that enter or leave a traced function. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** A tfjs function over named tensors, and the shapes of what it reads beside parameters and state. */
export type TensorFunction = (tensors: Tensors) => Record<string, tf.Tensor>;

/** A place inside a model where a Riemannian metric lives: a forward output [B, d] whose cotangents are wanted. */
export interface Chart {
  /** Name of the forward output that holds the chart's coordinates. */
  readonly output: string;
  /** Layers whose metric K-FAC factor S is the metric of this chart, pulled back by the chain rule (form II). */
  readonly layers: readonly string[];
}

/** A classifier with a softmax output. */
export interface ClassifierModel {
  readonly featureShape: Shape;
  readonly classes: number;
  /** In layout order; a layer's bias follows its weight. */
  readonly parameters: readonly ParameterEntry[];
  readonly layers: readonly LayerEntry[];
  readonly state: readonly StateEntry[];
  readonly charts: readonly Chart[];
  /**
   * parameters, state, `x` -> `logits` [B, K], every chart's output, and whatever `evolution` wants to see again.
   * Layers tap their inputs (role `input`) and pre-activations (role `output`).
   */
  readonly forward: TensorFunction;
  /**
   * The geometric part of the objective: parameters, state, forward outputs, `score:<chart output>` [B, d] (cotangents of a sampled
   * log-likelihood, treated as constants) -> columns of per-example scalars [B]; `objective` is added to the task loss.
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
