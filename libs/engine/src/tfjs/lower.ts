/**
 * Plans graphs for a backend of TensorFlow.js: each of our kernels becomes a kernel of tfjs, or several. What has no lowering is
 * refused here, before anything runs.
 */
import { sizeOf } from '@geodesic/tensor';
import { decodeConstant } from '../constant-data.ts';
import { UnsupportedKernelError } from '../errors.ts';
import type { Graph, GraphNode } from '../graph.ts';
import type { TfjsCapabilities } from './capabilities.ts';
import { convLowerings } from './lower-conv.ts';
import { elementwiseLowerings } from './lower-elementwise.ts';
import { eliminationLowerings } from './lower-elimination.ts';
import { indexingLowerings } from './lower-indexing.ts';
import { layoutLowerings } from './lower-layout.ts';
import { poolLowerings } from './lower-pool.ts';
import { reductionLowerings } from './lower-reduction.ts';
import { PlanWriter, type LoweringTable } from './plan-writer.ts';
import type { Plan } from './plan.ts';

const LOWERINGS: LoweringTable = {
  ...elementwiseLowerings,
  ...layoutLowerings,
  ...reductionLowerings,
  ...indexingLowerings,
  ...eliminationLowerings,
  ...convLowerings,
  ...poolLowerings,
};

/** Plans a graph. @throws {UnsupportedKernelError} naming the first kernel that has no lowering, or is of float64 */
export function planTfjs(graph: Graph, capabilities: TfjsCapabilities): Plan {
  const writer = new PlanWriter(capabilities);
  const values: number[] = [];
  graph.nodes.forEach((node, id) => {
    writer.begin(id);
    values.push(planNode(writer, node, values));
  });
  return { steps: writer.steps, outputs: graph.outputs.map(({ name, id }) => ({ name, id: values[id] })) };
}

/** Kernels of tfjs that a graph is planned with, in order. @throws {UnsupportedKernelError} as planTfjs does */
export function plannedKernels(graph: Graph, capabilities: TfjsCapabilities): readonly string[] {
  return planTfjs(graph, capabilities).steps.flatMap(({ source }) => (source.kind === 'call' ? [source.kernel] : []));
}

function planNode(writer: PlanWriter, node: GraphNode, values: readonly number[]): number {
  const { kernel, dtype, shape, attributes } = node;
  const { executor } = writer.capabilities;
  if (dtype === 'float64') throw new UnsupportedKernelError(executor, kernel, 'it has no float64 (use onnx-cpu or reference)');
  if (kernel === 'Input') return writer.input(attributes.name as string, node);
  if (kernel === 'Constant') return writer.constant(dtype, shape, decodeConstant(dtype, attributes.data, sizeOf(shape))!);
  const lowering = Object.hasOwn(LOWERINGS, kernel) ? LOWERINGS[kernel] : undefined;
  if (!lowering) throw new UnsupportedKernelError(executor, kernel, 'tfjs has nothing to make it of (use onnx-cpu or reference)');
  return lowering({ writer, node, inputs: node.inputs.map((id) => values[id]) });
}
