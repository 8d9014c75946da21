/**
 * The reference interpreter: every kernel in float64, in plain TypeScript. It is the oracle of all other executors and of
 * every derivative; it is not fast.
 */
import { allocate, sameShape, sizeOf, type NumericArray, type TensorData } from '@geodesic/tensor';
import { decodeConstant } from './constant-data.ts';
import { ProgramInputError } from './errors.ts';
import { describeType, isFloat, type Graph, type GraphNode, type ValueType } from './graph.ts';
import type { Operand } from './kernel.ts';
import { kernelOf } from './kernels/registry.ts';

/** Values by name. */
export type NamedTensors = Readonly<Record<string, TensorData>>;

/**
 * Evaluates a graph in float64. Float inputs may be float32 or float64; float outputs are float64, others keep their dtype.
 * @throws {ProgramInputError} when an input is missing, unknown, or of another shape or dtype
 */
export function evaluate(graph: Graph, inputs: NamedTensors, options: { readonly precision: 'float64' }): Record<string, TensorData> {
  checkInputs(graph, inputs, options);
  const values: Operand[] = [];
  for (const node of graph.nodes) values.push({ shape: node.shape, dtype: node.dtype, data: evaluateNode(node, values, inputs) });
  const outputs = graph.outputs.map(({ name, id }): [string, TensorData] => {
    const { shape, dtype, data } = values[id];
    return [name, isFloat(dtype) ? { shape, dtype: 'float64', data: data.slice() } : { shape, dtype, data: storeAs(dtype, data) }];
  });
  return Object.fromEntries(outputs);
}

/** The value of one node in float64, from those of the nodes before it. */
export function evaluateNode(node: GraphNode, values: readonly Operand[], inputs: NamedTensors): Float64Array {
  if (node.kernel === 'Input') return Float64Array.from(inputs[node.attributes.name as string].data);
  if (node.kernel === 'Constant') return decodeConstant(node.dtype, node.attributes.data, sizeOf(node.shape))!;
  return kernelOf(node.kernel).evaluate(
    node.inputs.map((id) => values[id]),
    node,
  );
}

/** Copies doubles into the array type of a dtype, rounding to it. */
export function storeAs(dtype: TensorData['dtype'], data: Float64Array): NumericArray {
  const out = allocate(dtype, data.length);
  out.set(data);
  return out;
}

/**
 * Checks that values fit a graph's inputs, by name, shape, dtype and, where their data is at hand, length.
 * @param options.precision float64: any float dtype will do for a float input
 * @throws {ProgramInputError} naming the input
 */
export function checkInputs(
  graph: Graph,
  inputs: Readonly<Record<string, ValueType & { readonly data?: NumericArray }>>,
  options: { readonly precision: 'float64' | 'declared' },
): void {
  for (const { name, id } of graph.inputs) {
    const node = graph.nodes[id];
    const given = inputs[name] as (typeof inputs)[string] | undefined;
    if (!given) throw new ProgramInputError(name, describeType(node), 'nothing (feed every input of the program)');
    const floats = options.precision === 'float64' && isFloat(node.dtype) && isFloat(given.dtype);
    if (!sameShape(given.shape, node.shape) || (given.dtype !== node.dtype && !floats))
      throw new ProgramInputError(name, describeType(node), describeType(given));
    if (given.data && given.data.length !== sizeOf(node.shape))
      throw new ProgramInputError(name, `${sizeOf(node.shape)} entries`, `${given.data.length} entries`);
  }
  const known = new Set(graph.inputs.map(({ name }) => name));
  const unknown = Object.keys(inputs).find((name) => !known.has(name));
  if (unknown !== undefined)
    throw new ProgramInputError(unknown, `one of ${[...known].join(', ') || 'no inputs'}`, 'an input the program does not have');
}
