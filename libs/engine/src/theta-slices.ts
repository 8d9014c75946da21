/**
 * Which values of a phase's graph hold which parameter: pieces of the flat theta, by their places in its layout.
 */
import type { Layout } from '@geodesic/tensor';
import type { Graph } from './graph.ts';

/** Names of parameters by the ids of the slices of `theta` that hold them; of theta itself where it is one parameter. */
export function thetaSlices(graph: Graph, { entries }: Layout): ReadonlyMap<number, string> {
  const theta = graph.inputs.find(({ name }) => name === 'theta')?.id;
  if (theta === undefined) return new Map();
  if (entries.length === 1) return new Map([[theta, entries[0].name]]);
  const names = new Map(entries.map(({ name, offset, size }) => [`${offset}+${size}`, name]));
  const slices = graph.nodes.flatMap(({ kernel, inputs, attributes, shape }, id): [number, string][] => {
    const name = kernel === 'Slice' && inputs[0] === theta ? names.get(`${String(attributes.begin)}+${shape[0]}`) : undefined;
    return name === undefined ? [] : [[id, name]];
  });
  return new Map(slices);
}
