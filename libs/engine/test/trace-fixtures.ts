/**
 * Shared by the tests of tracing: running a function eagerly on tfjs' cpu backend, and a graph in the reference interpreter.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { TensorData } from '@geodesic/tensor';
import type { Graph } from '../src/graph.ts';
import { evaluate } from '../src/evaluate.ts';
import type { InputSpec } from '../src/trace/index.ts';

/** One input of a case: shape, dtype (float32 unless told) and values. */
export interface Operand {
  readonly shape: readonly number[];
  readonly dtype?: 'float32' | 'int32' | 'bool';
  readonly values: readonly number[];
}

/** Inputs of a case by name. */
export type Inputs = Readonly<Record<string, Operand>>;

/** Types of the inputs. */
export function inputSpecs(inputs: Inputs): Record<string, InputSpec> {
  return Object.fromEntries(Object.entries(inputs).map(([name, { shape, dtype = 'float32' }]) => [name, { shape, dtype }]));
}

/** Results of eager tfjs. */
export function eager(
  fn: (inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>,
  inputs: Inputs,
): Record<string, { shape: number[]; dtype: string; data: ArrayLike<number> }> {
  const results: Record<string, { shape: number[]; dtype: string; data: ArrayLike<number> }> = {};
  tf.tidy(() => {
    const tensors = Object.entries(inputs).map(([name, { shape, dtype, values }]) => [name, tf.tensor([...values], [...shape], dtype)]);
    const outputs = fn(Object.fromEntries(tensors) as Record<string, tf.Tensor>);
    for (const [name, tensor] of Object.entries(outputs))
      results[name] = { shape: tensor.shape, dtype: tensor.dtype, data: tensor.dataSync() };
  });
  return results;
}

/** Results of a graph in float64; inputs that the graph does not have are left out. */
export function interpret(graph: Graph, inputs: Inputs): Record<string, TensorData> {
  const used = graph.inputs.map(({ name }): [string, TensorData] => {
    const { shape, dtype = 'float32', values } = inputs[name];
    const data = dtype === 'float32' ? Float64Array.from(values) : dtype === 'int32' ? Int32Array.from(values) : Uint8Array.from(values);
    return [name, { shape, dtype: dtype === 'float32' ? 'float64' : dtype, data }];
  });
  return evaluate(graph, Object.fromEntries(used), { precision: 'float64' });
}
