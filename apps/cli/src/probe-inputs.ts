/**
 * Plausible inputs for a graph whose structure, not its result, is to be examined: normal draws for features and random inputs,
 * labels in turn, weight 1, parameters at their first values.
 */
import type { Graph } from '@geodesic/engine';
import type { ClassifierModel } from '@geodesic/nn';
import { deriveKey, fillNormal, fillUniform } from '@geodesic/random';
import { allocate, sizeOf, type TensorData } from '@geodesic/tensor';

/** Values for every input of a program's graph; a pure function of its arguments. */
export function probeInputs(graph: Graph, model: ClassifierModel): Record<string, TensorData> {
  const values = graph.inputs.map(({ name, id }): [string, TensorData] => {
    const { shape, dtype } = graph.nodes[id];
    const data = allocate(dtype, sizeOf(shape));
    if (name === 'y') data.forEach((_, row) => (data[row] = row % model.classes));
    else if (name === 'weight') data.fill(1);
    else if (name === 'state') data.fill(1);
    else if (data instanceof Float32Array) (name.startsWith('uniform:') ? fillUniform : fillNormal)(deriveKey(0, 'probe', name), 0, data);
    if (name === 'theta') data.forEach((value, i) => (data[i] = 0.1 * value));
    return [name, { shape, dtype, data }];
  });
  return Object.fromEntries(values);
}
