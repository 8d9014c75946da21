/**
 * Gemm fusion: Y = alpha op(A) op(B) + C in one operation. A rank-2 BatchMatMul takes in the scalar factor and the addend
 * (a bias, broadcast over rows) that are its only use, so that a dense layer is one operation.
 */
import { decodeConstant } from '../constant-data.ts';
import type { Graph, GraphNode } from '../graph.ts';
import type { OnnxWriter } from './writer.ts';

/** A fused product; ids are node ids. */
export interface Gemm {
  readonly a: number;
  readonly b: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly alpha: number;
  /** An addend that broadcasts to the product. */
  readonly c?: number;
}

/** The products of a graph, by the node whose value each makes; nodes that only feed a fusion are `absorbed`. */
export interface GemmPlan {
  readonly gemms: ReadonlyMap<number, Gemm>;
  readonly absorbed: ReadonlySet<number>;
}

/** Finds the products of a graph and what each can take in. */
export function planGemms(graph: Graph): GemmPlan {
  const uses = countUses(graph);
  const gemms = new Map<number, Gemm>();
  const absorbed = new Set<number>();
  const take = (node: GraphNode, at: number): Gemm | undefined => {
    const id = node.inputs[at];
    return uses[id] === 1 ? gemms.get(id) : undefined;
  };
  graph.nodes.forEach((node, id) => {
    if (node.kernel === 'BatchMatMul' && node.inputs.every((input) => graph.nodes[input].shape.length === 2)) {
      const { transposeA, transposeB } = node.attributes as { transposeA: boolean; transposeB: boolean };
      gemms.set(id, { a: node.inputs[0], b: node.inputs[1], transposeA, transposeB, alpha: 1 });
    }
    for (const at of [0, 1]) {
      const gemm = take(node, at);
      const grown = gemm && absorb(graph, { node, other: node.inputs[1 - at], gemm, product: graph.nodes[node.inputs[at]] });
      if (!grown) continue;
      gemms.delete(node.inputs[at]);
      gemms.set(id, grown);
      absorbed.add(node.inputs[at]);
      return;
    }
  });
  return { gemms, absorbed };
}

/** A product with a factor or an addend taken in, if this node is one of them. */
function absorb(graph: Graph, site: { node: GraphNode; other: number; gemm: Gemm; product: GraphNode }): Gemm | undefined {
  const { node, other, gemm, product } = site;
  const sameSize = node.shape.length === 2 && node.shape.every((size, axis) => size === product.shape[axis]);
  if (!sameSize || gemm.c !== undefined) return undefined;
  const addend = graph.nodes[other];
  if (node.kernel === 'Multiply' && addend.kernel === 'Constant' && addend.shape.length === 0) {
    return { ...gemm, alpha: gemm.alpha * decodeConstant(addend.dtype, addend.attributes.data, 1)![0] };
  }
  return node.kernel === 'Add' && addend.shape.length <= 2 ? { ...gemm, c: other } : undefined;
}

/** How often each value is used, by id. */
export function countUses(graph: Graph): readonly number[] {
  const uses = graph.nodes.map(() => 0);
  for (const { inputs } of graph.nodes) for (const id of inputs) uses[id]++;
  // An output is a use more than any fusion may take away.
  for (const { id } of graph.outputs) uses[id] += 2;
  return uses;
}

/**
 * Columns of a product that the runtime computes at a time. It transposes a left operand anew for each such panel, so that beyond the
 * first a transpose of its own is cheaper (measured: 10 % of x^T g with x [128, 784], g [128, 512]).
 */
const PANEL = 128;

/** Writes a fused product; `columns` is the width of its value. */
export function emitGemm(
  writer: OnnxWriter,
  gemm: Gemm,
  at: { readonly columns: number; readonly nameOf: (id: number) => string },
): string {
  const [a, ...others] = [gemm.a, gemm.b, ...(gemm.c === undefined ? [] : [gemm.c])].map(at.nameOf);
  const apart = gemm.transposeA && at.columns > PANEL;
  return writer.op('Gemm', [apart ? writer.op('Transpose', [a], { perm: [1, 0] }) : a, ...others], {
    transA: gemm.transposeA && !apart ? 1 : 0,
    transB: gemm.transposeB ? 1 : 0,
    ...(gemm.alpha !== 1 && { alpha: { float: gemm.alpha } }),
  });
}
