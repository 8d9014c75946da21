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

/**
 * For every node the layer of the nearest tap before it: a tap's own, else that of the latest of the node's inputs that has one;
 * undefined before the first tap.
 */
export function nearestLayers(graph: Graph): readonly (string | undefined)[] {
  const layers: (string | undefined)[] = [];
  graph.nodes.forEach(({ kernel, attributes, inputs }, id) => {
    const latest = inputs.filter((input) => layers[input] !== undefined).toSorted((a, b) => b - a)[0];
    layers[id] = kernel === 'Tap' ? (attributes.layer as string) : layers[latest];
  });
  return layers;
}
