/**
 * A graph as an ONNX model (opset 18). Inputs are named `in:<name>` and outputs `out:<name>`, since in ONNX all values
 * share one space of names.
 */
import { sizeOf } from '@geodesic/tensor';
import { decodeConstant } from '../constant-data.ts';
import { UnsupportedKernelError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { nearestLayers } from '../taps.ts';
import { cpuCapabilities, type Capabilities } from './capabilities.ts';
import type { EmissionTable } from './emission.ts';
import { choleskyEmissions } from './emit-cholesky.ts';
import { elementwiseEmissions } from './emit-elementwise.ts';
import { indexingEmissions } from './emit-indexing.ts';
import { emitBiased, emitImages, planBiases, type Emitted } from './emit-images.ts';
import { layoutEmissions } from './emit-layout.ts';
import { maxPoolEmissions } from './emit-max-pool.ts';
import { roundingEmissions } from './emit-rounding.ts';
import { spdEmissions } from './emit-spd.ts';
import { trigonometryEmissions } from './emit-trigonometry.ts';
import { patchEmissions } from './emit-patches.ts';
import { planSharing } from './emit-sharing.ts';
import { emitGemm, planGemms } from './gemm.ts';
import { LayoutValues } from './layout-values.ts';
import { planSoftmaxes } from './softmax.ts';
import { isDouble, OnnxWriter, type Precision } from './writer.ts';

const emissions: EmissionTable = {
  ...elementwiseEmissions,
  ...trigonometryEmissions,
  ...roundingEmissions,
  ...layoutEmissions,
  ...indexingEmissions,
  ...spdEmissions,
  ...choleskyEmissions,
  ...patchEmissions,
  ...maxPoolEmissions,
};

/** Name of a graph input in the emitted model. */
export function inputName(name: string): string {
  return `in:${name}`;
}

/** Name of a graph output in the emitted model. */
export function outputName(name: string): string {
  return `out:${name}`;
}

/** Options of {@link emitOnnx}. */
export interface EmitOptions {
  /** What holds the graph's float32 values; default float32. float64 constants lose nothing. */
  readonly precision?: Precision;
  /** The provider that is written for; default the CPU's. */
  readonly capabilities?: Capabilities;
}

/**
 * Emits a graph as ONNX bytes.
 * @throws {UnsupportedKernelError} for a kernel, type or size that the provider lacks
 */
export function emitOnnx(graph: Graph, options: EmitOptions = {}): Uint8Array {
  return writeGraph(graph, options).encode();
}

/** The ONNX operations that a graph becomes, outputs apart: by them a provider's support of a kernel is classified. */
export function emittedOperations(graph: Graph, options: EmitOptions = {}): readonly string[] {
  return writeGraph(graph, options).operations();
}

function writeGraph(graph: Graph, options: EmitOptions): OnnxWriter {
  const writer = new OnnxWriter(options.precision ?? 'float32', options.capabilities ?? cpuCapabilities);
  const layers = nearestLayers(graph);
  const { gemms, absorbed } = planGemms(graph);
  const convolutions = planBiases(graph, writer);
  const softmaxes = planSoftmaxes(graph);
  const values = new LayoutValues(writer, graph);
  const emitted: Emitted = { writer, graph, values, plain: emissions, sharing: planSharing(graph, writer) };
  const nameOf = (id: number): string => values.get(id, 'last');
  graph.nodes.forEach(({ kernel, dtype }, id) => {
    if (isDouble(writer, dtype) && !writer.capabilities.float64)
      throw new UnsupportedKernelError(writer.capabilities.executor, kernel, 'it has no float64 (use onnx-cpu or reference)');
    writer.enter({ id, kernel, ...(layers[id] !== undefined && { layer: layers[id] }) });
    if ([absorbed, convolutions.absorbed, softmaxes.absorbed].some((nodes) => nodes.has(id))) return;
    const [gemm, biased, logits] = [gemms.get(id), convolutions.biased.get(id), softmaxes.logits.get(id)];
    if (gemm) values.set(id, 'last', emitGemm(writer, gemm, { columns: graph.nodes[id].shape[1], nameOf }));
    else if (logits !== undefined) values.set(id, 'last', writer.op('Softmax', [nameOf(logits)], { axis: -1 }));
    else if (biased) values.set(id, 'first', emitBiased(emitted, biased));
    else if (!emitImages(emitted, id)) values.set(id, 'last', emitNode(writer, graph, id, nameOf));
  });
  for (const { name, id } of graph.outputs) writer.output(outputName(name), nameOf(id), graph.nodes[id]);
  return writer;
}

function emitNode(writer: OnnxWriter, graph: Graph, id: number, nameOf: (id: number) => string): string {
  const node = graph.nodes[id];
  const { kernel, shape, dtype, attributes } = node;
  if (kernel === 'Input') return writer.input(inputName(attributes.name as string), shape, dtype);
  if (kernel === 'Constant') return writer.constant(dtype, shape, decodeConstant(dtype, attributes.data, sizeOf(shape))!);
  const emission = emissions[kernel];
  if (!emission) throw new UnsupportedKernelError(writer.capabilities.executor, kernel, 'it has no emission');
  return emission({ writer, node, inputs: node.inputs.map(nameOf), inputTypes: node.inputs.map((input) => graph.nodes[input]) });
}
