/**
 * Layers that a model has marked itself: taps with the roles `input` and `output`, one pair an application, in order.
 */
import { findTaps, type Graph } from '@geodesic/engine';
import { ModelError } from '../errors.ts';
import type { LayerUse } from './captured-layer.ts';

/** The applications of every tapped layer. @throws {ModelError} naming a layer whose marks are not in pairs */
export function tappedUses(graph: Graph): ReadonlyMap<string, readonly LayerUse[]> {
  const marks = new Map<string, { readonly input: number[]; readonly output: number[] }>();
  for (const { id, layer, role } of findTaps(graph)) {
    if (role !== 'input' && role !== 'output') continue;
    const mark = marks.get(layer) ?? { input: [], output: [] };
    marks.set(layer, mark);
    mark[role].push(id);
  }
  return new Map([...marks].map(([layer, { input, output }]) => [layer, pairs(layer, input, output)] as const));
}

function pairs(layer: string, inputs: readonly number[], outputs: readonly number[]): LayerUse[] {
  if (inputs.length !== outputs.length || inputs.length === 0)
    throw new ModelError(layer, 'taps for its input and its output', `${inputs.length} of inputs and ${outputs.length} of outputs`);
  return inputs.map((input, i) => ({ inputs: [input], output: outputs[i] }));
}

/** Values tapped in the role `moment`: curvature takes them as constants. */
export function momentTaps(graph: Graph): readonly number[] {
  return findTaps(graph).flatMap(({ id, role }) => (role === 'moment' ? [id] : []));
}
