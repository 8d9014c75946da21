/**
 * The layers that a traced forward pass shows: what K-FAC can precondition of a model that marks nothing.
 */
import type { Graph, LayerEntry, ParameterEntry } from '@geodesic/engine';
import { captureLayers } from '@geodesic/nn';

/** Table entries of the dense and convolutional layers of a graph, each with its bias in the next parameter or with none. */
export function capturedLayers(graph: Graph, parameters: readonly ParameterEntry[]): readonly LayerEntry[] {
  return captureLayers(graph, parameters).layers.flatMap(({ uses: _uses, biasParameter: _bias, ...entry }) =>
    entry.kind === 'dense' || entry.kind === 'conv' ? [entry] : [],
  );
}
