import { evaluate, type PhaseProgram } from '@geodesic/engine';
import { deriveKey, fillNormal } from '@geodesic/random';
import { makeLayout, type TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { buildPrograms, mlpClassifier } from '../src/index.ts';
import { kronecker } from './curvature-model.ts';

const model = mlpClassifier({ inputs: 4, classes: 3, hidden: [5], activation: 'tanh', labelSmoothing: 0.1 });
const size = makeLayout(model.parameters).size;
const real = 5;

function normal(name: string, length: number): Float64Array {
  const values = new Float64Array(length);
  fillNormal(deriveKey(3, 'padding', name), 0, values);
  return values;
}

/** Five examples, then padding rows that hold `junk` in every input but the weight. */
function slot(rows: number, junk: number): Record<string, TensorData> {
  const padded = (name: string, width: number): Float64Array => {
    const values = new Float64Array(rows * width).fill(junk);
    values.set(normal(name, real * width));
    return values;
  };
  return {
    theta: { dtype: 'float64', shape: [size], data: normal('theta', size) },
    x: { dtype: 'float64', shape: [rows, 4], data: padded('x', 4) },
    y: { dtype: 'int32', shape: [rows], data: Int32Array.from({ length: rows }, (_, row) => (row < real ? row % 3 : 2)) },
    weight: { dtype: 'float64', shape: [rows], data: Float64Array.from({ length: rows }, (_, row) => (row < real ? 1 : 0)) },
    'uniform:label': { dtype: 'float64', shape: [rows, 1], data: Float64Array.from({ length: rows }, (_, row) => ((row * 7) % 11) / 11) },
  };
}

function run({ graph }: PhaseProgram, values: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  return evaluate(graph, Object.fromEntries(graph.inputs.map(({ name }) => [name, values[name]])), { precision: 'float64' });
}

const programs = (rows: number): Readonly<Record<string, PhaseProgram>> =>
  buildPrograms({ model, slotSize: rows, curvature: new Map(model.layers.map(({ name }) => [name, kronecker])) }).phases;

describe('a program of buildPrograms', () => {
  it.each(['grad', 'grad-stats', 'eval'])('%s: padding rows leave every bit of every sum as it is, whatever they hold', (phase) => {
    const bare = run(programs(real)[phase], slot(real, 0));
    for (const junk of [0, 1e3]) {
      const padded = run(programs(8)[phase], slot(8, junk));
      for (const [name, { data }] of Object.entries(padded)) {
        const expected = new Float64Array(data.length);
        expected.set(bare[name].data);
        // Added zeros may be negative, which no sum can tell.
        expect({ [name]: Array.from(data, (value) => value + 0) }).toEqual({ [name]: Array.from(expected, (value) => value + 0) });
      }
    }
  });

  it('keeps the sum of the weights in the last diagonal entry of A: counts count examples only', () => {
    const { 'sum:A/head': a } = run(programs(8)['grad-stats'], slot(8, 1e3));
    expect(a.data[a.data.length - 1]).toBe(real);
  });
});
