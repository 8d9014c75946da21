/**
 * First values of the parameters: a pure function of the run's seed and each parameter's name and initialiser.
 */
import type { ParameterEntry } from '@geodesic/engine';
import { deriveKey, fillNormal } from '@geodesic/random';
import { makeLayout, viewOf } from '@geodesic/tensor';

/** theta before the first step, [P]. */
export function initialParameters(table: readonly ParameterEntry[], seed: number): Float32Array {
  const layout = makeLayout(table);
  const theta = new Float32Array(layout.size);
  for (const { name, initializer } of table) {
    const values = viewOf(layout, theta, name);
    switch (initializer.kind) {
      case 'constant':
        values.fill(initializer.value);
        break;
      case 'normal':
        fillNormal(deriveKey(seed, 'init', name), 0, values);
        for (let i = 0; i < values.length; i++) values[i] *= initializer.standardDeviation;
        break;
    }
  }
  return theta;
}
