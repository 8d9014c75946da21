/**
 * First values of the parameters: a pure function of the run's seed and each parameter's name and initialiser.
 */
import { readStoredValues, type ParameterEntry } from '@geodesic/engine';
import { deriveKey, fillNormal, fillUniform, type RandomKey } from '@geodesic/random';
import { makeLayout, viewOf, type Shape } from '@geodesic/tensor';

/** theta before the first step, [P]. */
export function initialParameters(table: readonly ParameterEntry[], seed: number): Float32Array {
  const layout = makeLayout(table);
  const theta = new Float32Array(layout.size);
  for (const entry of table) initialise(entry, deriveKey(seed, 'init', entry.name), viewOf(layout, theta, entry.name));
  return theta;
}

function initialise({ name, shape, initializer }: ParameterEntry, key: RandomKey, values: Float32Array): void {
  switch (initializer.kind) {
    case 'constant':
      values.fill(initializer.value);
      break;
    case 'normal':
      fillNormal(key, 0, values);
      for (let i = 0; i < values.length; i++) values[i] *= initializer.standardDeviation;
      break;
    case 'truncated-normal':
      fillTruncated(key, values);
      for (let i = 0; i < values.length; i++) values[i] *= initializer.standardDeviation;
      break;
    case 'uniform': {
      const { low, high } = initializer;
      fillUniform(key, 0, values);
      for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * values[i];
      break;
    }
    case 'orthogonal':
      fillOrthogonal(key, shape, values);
      for (let i = 0; i < values.length; i++) values[i] *= initializer.gain;
      break;
    case 'values':
      values.set(readStoredValues(name, initializer.base64, values.length));
      break;
  }
}

/** Standard normal numbers within [-2, 2]; an entry outside is drawn again at the next counter. */
function fillTruncated(key: RandomKey, values: Float32Array): void {
  const drawn = new Float64Array(values.length);
  values.fill(NaN);
  for (let counter = 0; values.some(Number.isNaN); counter++) {
    fillNormal(key, counter, drawn);
    drawn.forEach((value, i) => {
      if (Number.isNaN(values[i]) && Math.abs(value) <= 2) values[i] = value;
    });
  }
}

/** Gram and Schmidt, twice for orthogonality to rounding, on normal vectors: the columns, or the rows where there are fewer of them. */
function fillOrthogonal(key: RandomKey, shape: Shape, values: Float32Array): void {
  const columns = shape.at(-1) ?? 1;
  const rows = values.length / columns;
  const [count, length] = columns <= rows ? [columns, rows] : [rows, columns];
  const flat = new Float64Array(values.length);
  fillNormal(key, 0, flat);
  const vectors = Array.from({ length: count }, (_, i) => flat.subarray(i * length, (i + 1) * length));
  vectors.forEach((vector, i) => {
    for (const before of [...vectors.slice(0, i), ...vectors.slice(0, i)]) addScaled(vector, before, -dot(vector, before));
    addScaled(vector, vector, 1 / Math.sqrt(dot(vector, vector)) - 1);
  });
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      values[row * columns + column] = columns <= rows ? vectors[column][row] : vectors[row][column];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function addScaled(to: Float64Array, from: Float64Array, scale: number): void {
  for (let i = 0; i < to.length; i++) to[i] += scale * from[i];
}
