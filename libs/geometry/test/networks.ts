/** Metric networks of these tests: those of golden 04, and seeded ones of any shape. */
import { flat, loadGolden } from '@geodesic/testing';
import { choleskyField, tanhNetwork, type MetricField, type SmoothMap } from '../src/index.ts';
import { normals } from './seeded.ts';

/** The field of a case of golden 04. */
export function goldenField(name: string): MetricField {
  const { inputs } = loadGolden('04_geometry_neural_metric').cases[name];
  const part = (key: string) => Float64Array.from(flat(inputs.params[key]));
  const layers = [
    { weights: part('W1'), bias: part('b1') },
    { weights: part('W2'), bias: part('b2') },
  ];
  return choleskyField(tanhNetwork(flat(inputs.n)[0], layers), { epsilon: flat(inputs.eps)[0] });
}

/** A network with one hidden layer and normal weights, scaled so that it varies over distances of about 1. */
export function seededNetwork(seed: number, { inputs, hidden, outputs }: Record<'inputs' | 'hidden' | 'outputs', number>): SmoothMap {
  const draw = normals(seed);
  const scaled = (length: number, scale: number) => draw(length).map((entry) => entry * scale);
  return tanhNetwork(inputs, [
    { weights: scaled(inputs * hidden, 0.8 / Math.sqrt(inputs)), bias: scaled(hidden, 0.5) },
    { weights: scaled(hidden * outputs, 0.8 / Math.sqrt(hidden)), bias: scaled(outputs, 0.5) },
  ]);
}
