/**
 * Plausible inputs for a graph whose structure, not its result, is to be examined: normal draws for features and random inputs,
 * whole targets in turn and others in (0, 1), weight 1, parameters and state near their first values.
 */
import type { Graph } from '@geodesic/engine';
import type { Model } from '@geodesic/nn';
import { deriveKey, fillNormal, fillUniform } from '@geodesic/random';
import { allocate, sizeOf, type TensorData } from '@geodesic/tensor';

/** Values for every input of a program's graph; a pure function of its arguments. */
export function probeInputs(graph: Graph, { task: { target }, features }: Model): Record<string, TensorData> {
  const classes = target === 'features' ? 1 : (target.below ?? 2);
  const values = graph.inputs.map(({ name, id }): [string, TensorData] => {
    const { shape, dtype } = graph.nodes[id];
    const data = allocate(dtype, sizeOf(shape));
    if (name === 'weight' || name === 'state') data.fill(1);
    else if (name === 'x' && features) data.forEach((_, i) => (data[i] = (7 * i + 3) % features.below));
    else if (data instanceof Float32Array)
      (name === 'y' || name.startsWith('uniform:') ? fillUniform : fillNormal)(deriveKey(0, 'probe', name), 0, data);
    else data.forEach((_, i) => (data[i] = i % classes));
    if (name === 'theta') data.forEach((value, i) => (data[i] = 0.1 * value));
    return [name, { shape, dtype, data }];
  });
  return Object.fromEntries(values);
}
