/** Traces a function of named tensors and interprets the graph in float64; draws keyed inputs for it. */
import { evaluate, type Graph, type ParameterEntry } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import type { TensorFunction } from '@geodesic/nn';
import { deriveKey, fillNormal } from '@geodesic/random';
import { sizeOf, type Shape, type TensorData } from '@geodesic/tensor';

/** Standard normal numbers times `scale`, a function of the name. */
export function normal(name: string, size: number, scale = 1): Float64Array {
  const values = new Float64Array(size);
  fillNormal(deriveKey(5, 'ndm test', name), 0, values);
  return values.map((value) => scale * value);
}

/** A float64 tensor of standard normal numbers times `scale`. */
export function normalTensor(name: string, shape: Shape, scale = 1): TensorData {
  return { dtype: 'float64', shape, data: normal(name, sizeOf(shape), scale) };
}

/** Values for parameters, all of them normal times `scale`: nothing stays at its neutral first value. */
export function normalParameters(table: readonly ParameterEntry[], scale: number): Record<string, TensorData> {
  return Object.fromEntries(table.map(({ name, shape }) => [name, normalTensor(name, shape, scale)]));
}

/** Evaluates a graph in float64 with those of the values that it reads. */
export function interpret(graph: Graph, values: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  return evaluate(graph, Object.fromEntries(graph.inputs.map(({ name }) => [name, values[name]])), { precision: 'float64' });
}

/** Shapes of values, as a trace wants them. */
export function shapesOf(values: Readonly<Record<string, TensorData>>): Record<string, { shape: Shape }> {
  return Object.fromEntries(Object.entries(values).map(([name, { shape }]) => [name, { shape }]));
}

/** The outputs of a tensor function as flat arrays. */
export function evaluateFunction(fn: TensorFunction, inputs: Readonly<Record<string, TensorData>>): Record<string, number[]> {
  const outputs = interpret(trace(fn, shapesOf(inputs)), inputs);
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, [...data]]));
}
