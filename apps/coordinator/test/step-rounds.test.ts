import type { PhaseProgram } from '@geodesic/engine';
import { describe, expect, it } from 'vitest';
import { asFloat32, inputsOf, phaseOf, programOf, totalsOf } from '../src/step-rounds.ts';

const program: PhaseProgram = {
  graph: {
    nodes: [
      { kernel: 'Input', inputs: [], attributes: { name: 'theta' }, shape: [3], dtype: 'float32' },
      { kernel: 'Input', inputs: [], attributes: { name: 'vector:QA/a' }, shape: [2, 2], dtype: 'float32' },
      { kernel: 'Input', inputs: [], attributes: { name: 'vector:QA/b' }, shape: [3, 1], dtype: 'float32' },
    ],
    inputs: [
      { name: 'theta', id: 0 },
      { name: 'vector:QA/a', id: 1 },
      { name: 'vector:QA/b', id: 2 },
    ],
    outputs: [],
  },
  columns: ['loss', 'hit'],
  sums: [
    { name: 'gradient', shape: [3], symmetric: false },
    { name: 'A/a', shape: [2, 2], symmetric: true },
  ],
  rows: [{ name: 'a/a', width: 2 }],
  random: [],
};

describe('phaseOf', () => {
  it('names a round by its program, and by its index where it has one', () => {
    expect([phaseOf({ program: 'quad' }), phaseOf({ program: 'burnin', index: 0 }), phaseOf({ program: 'product', index: 12 })]).toEqual([
      'quad',
      'burnin/0',
      'product/12',
    ]);
    expect(programOf('product/12')).toBe('product');
  });
});

describe('inputsOf', () => {
  it('brings what is asked for, and zeros for what the program declares and nobody fills', () => {
    const basis = Float32Array.of(1, 2, 3, 4);
    const inputs = inputsOf(program, { program: 'basis', vectors: { 'QA/a': basis } })!;
    expect(inputs.vectors['QA/a']).toBe(basis);
    expect(inputs.vectors['QA/b']).toEqual(new Float32Array(3));
    expect(inputs.move).toBeUndefined();
  });

  it('brings the move of a trial', () => {
    const direction = Float64Array.of(0.1, 0.2, 0.3);
    const { move } = inputsOf(program, { program: 'trial', move: { direction, alpha: 2, mu: 0.5 } })!;
    expect(move).toEqual({ direction: Float32Array.from(direction), alpha: 2, mu: 0.5 });
  });

  it('is nothing for a round that reads the parameters only', () => {
    expect(
      inputsOf({ ...program, graph: { ...program.graph, inputs: program.graph.inputs.slice(0, 1) } }, { program: 'grad' }),
    ).toBeUndefined();
  });
});

describe('asFloat32', () => {
  it('gives one array for one array, so that it is hashed once', () => {
    const doubles = Float64Array.of(1 / 3);
    expect(asFloat32(doubles)).toBe(asFloat32(doubles));
    expect(asFloat32(doubles)).toEqual(Float32Array.of(1 / 3));
    const singles = Float32Array.of(1);
    expect(asFloat32(singles)).toBe(singles);
  });
});

describe('totalsOf', () => {
  it('reads columns, sums and gathered rows by name, none of them divided', () => {
    const sums = Float32Array.of(1, 2, 3, /* A, packed */ 4, 5, 6, /* rows of two examples */ 7, 8, 9, 10);
    const totals = totalsOf(program, { block: { level: 0, index: 0 }, count: 2, scalars: Float64Array.of(0.5, 1), sums });
    expect(totals.count).toBe(2);
    expect([...totals.columns]).toEqual([
      ['loss', 0.5],
      ['hit', 1],
    ]);
    expect(totals.sums.get('gradient')).toEqual(Float32Array.of(1, 2, 3));
    expect(totals.sums.get('A/a')).toEqual(Float32Array.of(4, 5, 5, 6));
    expect(totals.sums.get('rows:a/a')).toEqual(Float32Array.of(7, 8, 9, 10));
  });
});
