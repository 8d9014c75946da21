/**
 * Small models whose curvature can be recomputed by hand: the "sampled" target is the given one, so the gradients g of the curvature
 * sums are those of the loss, and a slot with one example in it has that example's gradient as its sum.
 */
import * as tf from '@tensorflow/tfjs-core';
import { evaluate, type LayerEntry, type ParameterEntry, type PhaseProgram } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import { makeLayout, type Shape, type TensorData } from '@geodesic/tensor';
import {
  buildPrograms,
  captureLayers,
  classificationTask,
  type CaptureOptions,
  type ForwardFunction,
  type LayerCurvature,
  type Model,
  type Task,
  type Tensors,
} from '../src/index.ts';
import { labels, tensor } from './evaluate-function.ts';
import { normal } from './run-layer.ts';

export const classes = 3;

/** K-FAC of drawn targets, the default. */
export const kronecker: LayerCurvature = { source: 'sampled', form: 'kronecker' };

/** Classification whose curvature is that of the given labels. */
export const givenLabels: Task = {
  ...classificationTask({ classes }),
  sampled: {
    output: 'logits',
    random: [],
    draw: ({ logits, y }) => ({ cotangent: tf.sub(tf.softmax(logits), tf.oneHot(y as tf.Tensor1D, classes, 1, 0, 'float32')) }),
  },
};

/** What a test's model is made of. */
export interface CurvatureModelOptions {
  readonly features: Shape;
  readonly parameters: Readonly<Record<string, Shape>>;
  readonly logits: (t: Tensors) => tf.Tensor;
  /** Default: as they are captured. */
  readonly layers?: readonly LayerEntry[];
  readonly sharing?: NonNullable<CaptureOptions['sharing']>;
  /** What else differs. */
  readonly model?: Partial<Model>;
}

/** A classifier from a plain function: its layers are captured from its graph. */
export function curvatureModel({ features, parameters: shapes, logits, layers, sharing = {}, model }: CurvatureModelOptions): Model {
  const parameters = Object.entries(shapes).map(([name, shape]): ParameterEntry => ({
    name,
    shape,
    initializer: { kind: 'constant', value: 0 },
  }));
  const forward: ForwardFunction = (t) => ({ logits: logits(t) });
  const inputs = {
    x: { shape: [2, ...features] },
    weight: { shape: [2] },
    ...Object.fromEntries(parameters.map(({ name, shape }) => [name, { shape }])),
  };
  const entries =
    layers ??
    captureLayers(
      trace((t) => forward(t, { training: true }), inputs),
      parameters,
      { sharing },
    ).layers;
  return { featureShape: features, task: givenLabels, parameters, layers: entries, state: [], charts: [], forward, ...model };
}

/** A slot: features and labels by row, parameters, and which rows are examples. */
export interface Slot {
  readonly x: TensorData;
  readonly weight: readonly number[];
}

/** Keyed features in a slot of which the last row is padding that holds junk. */
export function slotOf(model: Model, rows: number, x: TensorData = normal('x', [rows, ...model.featureShape])): Slot {
  const width = x.data.length / rows;
  const data = x.data.map((value, i) => (i < (rows - 1) * width ? value : 1));
  return { x: { ...x, data }, weight: Array.from({ length: rows }, (_, row) => (row < rows - 1 ? 1 : 0)) };
}

/** The label of a row. */
export const labelOf = (row: number): number => (2 * row + 1) % classes;

/** Values of parameters by name, keyed. */
export function parametersOf({ parameters }: Model): Record<string, TensorData> {
  return Object.fromEntries(parameters.map(({ name, shape }) => [name, normal(name, shape, 0.7)]));
}

/** The sums of `grad-stats` over a slot. */
export function sumsOf(model: Model, { x, weight }: Slot): Record<string, number[]> {
  const [rows] = x.shape;
  const curvature = new Map(model.layers.map(({ name }) => [name, kronecker]));
  const { graph }: PhaseProgram = buildPrograms({ model, slotSize: rows, curvature }).phases['grad-stats'];
  const flat = Object.values(parametersOf(model)).flatMap(({ data }) => [...data]);
  const values: Record<string, TensorData> = {
    theta: tensor([makeLayout(model.parameters).size], flat),
    x,
    y: labels(Array.from({ length: rows }, (_, row) => labelOf(row))),
    weight: tensor([rows], weight),
  };
  const outputs = evaluate(graph, Object.fromEntries(graph.inputs.map(({ name }) => [name, values[name]])), { precision: 'float64' });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name.replace(/^sum:/, ''), [...data]]));
}

/** sum over rows of row row^T, as a flat square matrix. */
export function outerSum(rows: readonly (readonly number[])[]): number[] {
  const width = rows[0].length;
  return Array.from({ length: width * width }, (_, i) => rows.reduce((sum, row) => sum + row[Math.floor(i / width)] * row[i % width], 0));
}
