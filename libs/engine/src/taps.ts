/**
 * Taps: values marked in a model, such as a layer's input or output, that statistics and derivatives are taken of.
 */
import type { Graph } from './graph.ts';

/** A marked value. */
export interface FoundTap {
  /** Id of the Tap node; the marked value itself is its input. */
  readonly id: number;
  readonly layer: string;
  readonly role: string;
}

/** All taps of a graph, in the order of construction. */
export function findTaps(graph: Graph): readonly FoundTap[] {
  return graph.nodes.flatMap(({ kernel, attributes }, id) =>
    kernel === 'Tap' ? [{ id, layer: attributes.layer as string, role: attributes.role as string }] : [],
  );
}
