/**
 * A graph as an ONNX model (opset 18). Inputs are named `in:<name>` and outputs `out:<name>`, since in ONNX all values
 * share one space of names.
 */
import { sizeOf } from '@geodesic/tensor';
import { decodeConstant } from '../constant-data.ts';
import { UnsupportedKernelError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import type { EmissionTable } from './emission.ts';
import { elementwiseEmissions } from './emit-elementwise.ts';
import { layoutEmissions } from './emit-layout.ts';
import { spdEmissions } from './emit-spd.ts';
import { emitGemm, planGemms } from './gemm.ts';
import { OnnxWriter, type Precision } from './writer.ts';

const emissions: EmissionTable = { ...elementwiseEmissions, ...layoutEmissions, ...spdEmissions };

/** Name of a graph input in the emitted model. */
export function inputName(name: string): string {
  return `in:${name}`;
}

/** Name of a graph output in the emitted model. */
export function outputName(name: string): string {
  return `out:${name}`;
}

/**
 * Emits a graph as ONNX bytes.
 * @param options.precision what holds the graph's float32 values; default float32. float64 constants lose nothing.
 * @throws {UnsupportedKernelError} for a kernel, type or size that the CPU provider lacks
 */
export function emitOnnx(graph: Graph, options: { readonly precision?: Precision } = {}): Uint8Array {
  const writer = new OnnxWriter(options.precision ?? 'float32');
  const { gemms, absorbed } = planGemms(graph);
  const names: string[] = [];
  const nameOf = (id: number): string => names[id];
  graph.nodes.forEach((_, id) => {
    if (absorbed.has(id)) return;
    const gemm = gemms.get(id);
    names[id] = gemm ? emitGemm(writer, gemm, { columns: graph.nodes[id].shape[1], nameOf }) : emitNode(writer, graph, id, nameOf);
  });
  for (const { name, id } of graph.outputs) writer.output(outputName(name), names[id], graph.nodes[id]);
  return writer.encode();
}

function emitNode(writer: OnnxWriter, graph: Graph, id: number, nameOf: (id: number) => string): string {
  const node = graph.nodes[id];
  const { kernel, shape, dtype, attributes } = node;
  if (kernel === 'Input') return writer.input(inputName(attributes.name as string), shape, dtype);
  if (kernel === 'Constant') return writer.constant(dtype, shape, decodeConstant(dtype, attributes.data, sizeOf(shape))!);
  const emission = emissions[kernel];
  if (!emission) throw new UnsupportedKernelError('onnx-cpu', kernel, 'it has no emission');
  return emission({ writer, node, inputs: node.inputs.map(nameOf), inputTypes: node.inputs.map((input) => graph.nodes[input]) });
}
