/**
 * The layout of images: convolutions and pools are written with channels first, and what stands between them follows, so that
 * a chain is transposed only where it begins and ends. Layouts are decided going forward: a kernel that can do either takes
 * the layout in which its images were made. No number changes but by the order in which a reduction adds.
 */
import { sameShape, type Shape } from '@geodesic/tensor';
import type { Attributes, Graph, GraphNode } from '../graph.ts';
import { kernelOf } from '../kernels/registry.ts';
import type { EmissionTable, ImageEmissionTable, Site } from './emission.ts';
import { convEmissions } from './emit-conv.ts';
import { filterGradEmissions } from './emit-filter-grad.ts';
import { poolEmissions } from './emit-pool.ts';
import { patchImageEmissions, sharingEmissions } from './emit-sharing.ts';
import { countUses } from './gemm.ts';
import { firstShape, TO_FIRST, type LayoutValues } from './layout-values.ts';
import { isDouble, type OnnxWriter } from './writer.ts';

const natives: ImageEmissionTable = { ...convEmissions, ...filterGradEmissions, ...patchImageEmissions, ...poolEmissions };

/** Kernels that the provider computes in double precision too. */
const DOUBLES: ReadonlySet<string> = new Set(['MaxPool', 'MaxPoolTake', 'MaxPoolPut']);

/** Markers pass their value on. */
const MARKERS: ReadonlySet<string> = new Set(['Tap', 'StopGradient']);

/** Convolutions with a bias, by the node whose value each makes, and the convolutions that only feed them. */
export interface BiasPlan {
  readonly biased: ReadonlyMap<number, { readonly conv: number; readonly bias: number }>;
  readonly absorbed: ReadonlySet<number>;
}

/** Finds the additions of a bias [O] that a convolution can take in, being used by nothing else. */
export function planBiases(graph: Graph, writer: OnnxWriter): BiasPlan {
  const uses = countUses(graph);
  const biased = new Map<number, { conv: number; bias: number }>();
  const absorbed = new Set<number>();
  graph.nodes.forEach((node, id) => {
    if (node.kernel !== 'Add') return;
    const at = node.inputs.findIndex((input) => graph.nodes[input].kernel === 'Conv2D' && uses[input] === 1);
    const [conv, bias] = [node.inputs[at], node.inputs[1 - at]];
    if (at < 0 || !sameShape(graph.nodes[conv].shape, node.shape) || isDouble(writer, node.dtype)) return;
    if (!sameShape(graph.nodes[bias].shape, node.shape.slice(3))) return;
    biased.set(id, { conv, bias });
    absorbed.add(conv);
  });
  return { biased, absorbed };
}

/** A graph being written. */
export interface Emitted {
  readonly writer: OnnxWriter;
  readonly graph: Graph;
  readonly values: LayoutValues;
  /** Emissions of values as they stand in the graph. */
  readonly plain: EmissionTable;
  /** Ids of convolutions and filter gradients that share patches. */
  readonly sharing: ReadonlySet<number>;
}

/** Writes a convolution together with its bias. */
export function emitBiased({ writer, graph, values, sharing }: Emitted, at: { readonly conv: number; readonly bias: number }): string {
  const node = graph.nodes[at.conv];
  const inputs = [values.get(node.inputs[0], 'first'), values.get(node.inputs[1], 'last'), values.get(at.bias, 'last')];
  const { emit } = (sharing.has(at.conv) ? sharingEmissions : natives).Conv2D;
  return emit({ writer, node, inputs, inputTypes: node.inputs.map((id) => graph.nodes[id]) });
}

/** Writes a node of images with channels first, if that is its layout; whether it was. */
export function emitImages(emitted: Emitted, id: number): boolean {
  const { writer, graph, values, plain, sharing } = emitted;
  const node = graph.nodes[id];
  const inputTypes = node.inputs.map((input) => graph.nodes[input]);
  const native = Object.hasOwn(natives, node.kernel) ? (sharing.has(id) ? sharingEmissions : natives)[node.kernel] : undefined;
  if (native) {
    if (!canWrite(writer, node)) return false;
    const inputs = node.inputs.map((input, i) => values.get(input, native.takes[i]));
    values.set(id, native.gives, native.emit({ writer, node, inputs, inputTypes }));
    return true;
  }
  const moved = follow(emitted, id);
  if (!moved) return false;
  const site: Site = {
    writer,
    node: moved,
    inputs: node.inputs.map((input) => values.get(input, 'first')),
    inputTypes: inputTypes.map((type) => ({ dtype: type.dtype, shape: firstShape(type.shape) })),
  };
  values.set(id, node.shape.length === 4 ? 'first' : 'last', plain[node.kernel](site));
  return true;
}

/** Whether the provider has what a kernel's emission with channels first stands on. */
function canWrite(writer: OnnxWriter, { kernel, dtype, attributes }: GraphNode): boolean {
  if (kernel === 'MaxPoolTake' || kernel === 'MaxPoolPut') return writer.can('MaxPool.indices', dtype);
  if (kernel === 'Conv2DInputGrad' && attributes.groups !== 1 && !writer.can('ConvTranspose.groups', dtype)) return false;
  return DOUBLES.has(kernel) || !isDouble(writer, dtype);
}

/** The node as it reads with channels first, if it follows its inputs into that layout. */
function follow({ graph, values }: Emitted, id: number): GraphNode | undefined {
  const node = graph.nodes[id];
  const { kernel, shape, inputs, attributes } = node;
  const first = inputs.filter((input) => values.isFirst(input));
  const demanded = kernel === 'BroadcastTo' && shape.length === 4 && demandsFirst(graph, id);
  if (first.length === 0 && !demanded) return undefined;
  if (MARKERS.has(kernel) || kernelOf(kernel).elementwise) {
    const images = first.some((input) => sameShape(graph.nodes[input].shape, shape));
    return images ? { ...node, shape: firstShape(shape) } : undefined;
  }
  if (kernel === 'Sum' || kernel === 'Max' || kernel === 'Min') return reduction(node);
  const permuted = permutedAttributes(kernel, attributes, shape);
  return permuted && { ...node, shape: firstShape(shape), attributes: permuted };
}

/** Whether a convolution or pool reads this value with channels first. */
function demandsFirst(graph: Graph, id: number): boolean {
  return graph.nodes.some(
    ({ kernel, inputs }) =>
      Object.hasOwn(natives, kernel) && inputs.some((input, i) => input === id && natives[kernel].takes[i] === 'first'),
  );
}

/** A reduction over axes of the other layout, unless the axes that it leaves come in another order. */
function reduction(node: GraphNode): GraphNode | undefined {
  const { axes, keepDims } = node.attributes as { axes: readonly number[]; keepDims: boolean };
  const places = axes.map((axis) => TO_FIRST.indexOf(axis)).sort((a, b) => a - b);
  const kept = TO_FIRST.filter((axis) => !axes.includes(axis));
  if (!keepDims && kept.some((axis, i) => i > 0 && axis < kept[i - 1])) return undefined;
  return { ...node, shape: keepDims ? firstShape(node.shape) : node.shape, attributes: { axes: places, keepDims } };
}

/** The attributes of a kernel that moves images, for channels first; undefined for kernels that do not follow. */
function permutedAttributes(kernel: string, attributes: Attributes, shape: Shape): Attributes | undefined {
  const permute = (name: string): readonly never[] => TO_FIRST.map((axis) => (attributes[name] as readonly never[])[axis]);
  switch (kernel) {
    case 'BroadcastTo':
      return { shape: firstShape(shape) };
    case 'Slice':
      return { begin: permute('begin'), size: permute('size') };
    case 'PadV2':
      return { ...attributes, paddings: permute('paddings') };
    case 'Concat':
      return { axis: TO_FIRST.indexOf(attributes.axis as number) };
    default:
      return undefined;
  }
}
