/**
 * Splats: values whose entries are all one known number. They are kept as a scalar Constant under at most one BroadcastTo.
 */
import type { DType, Shape } from '@geodesic/tensor';
import { decodeConstant } from '../constant-data.ts';
import type { GraphBuilder } from '../graph-builder.ts';
import type { GraphNode } from '../graph.ts';

/** A rewriting of an operation that is about to be appended: an equal value's id, or undefined where the rule does not apply. */
export type Rule = (builder: GraphBuilder, node: GraphNode) => number | undefined;

/** The number that fills a value, if it is a splat. */
export function splatOf(builder: GraphBuilder, id: number): number | undefined {
  const node = builder.nodeOf(id);
  if (node.kernel === 'BroadcastTo') return splatOf(builder, node.inputs[0]);
  return node.kernel === 'Constant' && node.shape.length === 0 ? decodeConstant(node.dtype, node.attributes.data, 1)?.[0] : undefined;
}

/** A splat of a given type. */
export function makeSplat(builder: GraphBuilder, value: number, type: { readonly shape: Shape; readonly dtype: DType }): number {
  return broadcast(builder, builder.constant(value, type.dtype), type.shape);
}

/** Broadcasts a value; itself where it has the shape already. */
export function broadcast(builder: GraphBuilder, id: number, shape: Shape): number {
  return builder.add('BroadcastTo', [id], { shape });
}

/** The node that makes a value, if it is of this kernel. */
export function madeBy(builder: GraphBuilder, id: number, kernel: string): GraphNode | undefined {
  const node = builder.nodeOf(id);
  return node.kernel === kernel ? node : undefined;
}
