/** Traces a function of named tensors and interprets the graph in float64. */
import { evaluate } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import type { Shape, TensorData } from '@geodesic/tensor';
import type { TensorFunction } from '../src/index.ts';

/** A float64 tensor; float32 where a graph's float inputs are declared. */
export function tensor(shape: Shape, data: ArrayLike<number>): TensorData {
  return { dtype: 'float64', shape, data: Float64Array.from(data) };
}

/** An int32 vector of class labels. */
export function labels(data: readonly number[]): TensorData {
  return { dtype: 'int32', shape: [data.length], data: Int32Array.from(data) };
}

/** The outputs of a tensor function as flat arrays; inputs that it does not use are left out. */
export function evaluateFunction(fn: TensorFunction, inputs: Readonly<Record<string, TensorData>>): Record<string, number[]> {
  const shapes = Object.entries(inputs).map(([name, { shape, dtype }]) => [name, dtype === 'int32' ? { shape, dtype } : { shape }]);
  const graph = trace(fn, Object.fromEntries(shapes));
  const used = Object.fromEntries(graph.inputs.map(({ name }) => [name, inputs[name]]));
  const outputs = evaluate(graph, used, { precision: 'float64' });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, [...data]]));
}
