/**
 * Computing in 16 bits with float32 masters: the operands of products and convolutions are rounded to a 16-bit format, and sums
 * stay in the type of the graph. Parameters, statistics and everything between products keep their precision. Applied to finished
 * graphs, so that the products of gradients are rounded as well.
 */
import { GraphBuilder } from '../graph-builder.ts';
import type { Graph } from '../graph.ts';
import type { HalfFormat } from '../kernels/round-to.ts';

/** Kernels whose operands devices multiply in 16 bits. */
const PRODUCTS: ReadonlySet<string> = new Set(['BatchMatMul', 'Conv2D', 'Conv2DInputGrad', 'Conv2DFilterGrad']);

/**
 * The graph with its products' float32 operands rounded; inputs and outputs keep names and types. Rounding a value that several
 * products read costs once.
 *
 * Limitations: float16 has no loss scaling: gradients below 6e-8 vanish, and operands beyond 65504 become infinite.
 */
export function withComputeType(graph: Graph, format: HalfFormat): Graph {
  const builder = new GraphBuilder();
  const names = new Map(graph.inputs.map(({ name, id }) => [id, name]));
  const ids: number[] = [];
  const round = (id: number): number => {
    const { kernel, dtype, attributes } = builder.nodeOf(id);
    const isRounded = kernel === 'RoundTo' && attributes.format === format;
    return dtype !== 'float32' || isRounded ? id : builder.add('RoundTo', [id], { format });
  };
  graph.nodes.forEach((node, id) => {
    const name = names.get(id);
    const inputs = node.inputs.map((input) => ids[input]);
    const operands = PRODUCTS.has(node.kernel) ? inputs.map(round) : inputs;
    ids[id] = name === undefined ? builder.addNode({ ...node, inputs: operands }) : builder.input(name, node.shape, node.dtype);
  });
  for (const { name, id } of graph.outputs) builder.output(name, ids[id]);
  return builder.build();
}
