import type { TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { gru, type Layer } from '../src/index.ts';
import { tensor } from './evaluate-function.ts';
import { inputsOf, normal, runLayer, traceLayer, type LayerRun } from './run-layer.ts';
import { lengthsMask, positions, rows, sequence, width } from './sequences.ts';

const recurrent = (returns: 'sequence' | 'last'): Layer => gru({ name: 'gru', inputs: width, units: 3, positions, returns });

describe('gru', () => {
  const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

  /** The recurrence of one example, step by step. */
  function reference(p: Readonly<Record<string, TensorData>>, x: readonly (readonly number[])[], real: readonly boolean[]): number[][] {
    const units = 3;
    const gates = (a: readonly number[], part: string): number[] =>
      Array.from({ length: 3 * units }, (_, o) =>
        a.reduce((sum, value, i) => sum + value * p[`gru.${part}.weight`].data[i * 3 * units + o], p[`gru.${part}.bias`].data[o]),
      );
    let h: number[] = [0, 0, 0];
    return x.map((input, t) => {
      const [u, v] = [gates(input, 'input'), gates(h, 'recurrent')];
      const next = h.map((before, j) => {
        const reset = sigmoid(u[j] + v[j]);
        const keep = sigmoid(u[units + j] + v[units + j]);
        const candidate = Math.tanh(u[2 * units + j] + reset * v[2 * units + j]);
        return (1 - keep) * candidate + keep * before;
      });
      h = real[t] ? next : h;
      return h;
    });
  }

  const rowsOfX = (row: number): number[][] =>
    Array.from({ length: positions }, (_, t) =>
      Array.from(sequence.data.slice((row * positions + t) * width, (row * positions + t + 1) * width)),
    );

  it.each([true, false])('is the recurrence of its definition (mask: %s)', (masked) => {
    const run: LayerRun = { layer: recurrent('sequence'), x: sequence, ...(masked && { mask: lengthsMask }) };
    const expected = Array.from({ length: rows }, (_, row) => {
      const real = Array.from({ length: positions }, (__, t) => !masked || lengthsMask.data[row * positions + t] === 1);
      return reference(inputsOf(run), rowsOfX(row), real);
    });
    expectClose(runLayer(run).y.data, expected.flat(2), { abs: 1e-12 });
  });

  it('adds 20 nodes a step to the graph, 23 with a mask', () => {
    const nodes = (steps: number, masked: boolean): number => {
      const layer = gru({ name: 'gru', inputs: width, units: 3, positions: steps, returns: 'last' });
      const mask = tensor([rows, steps], Array<number>(rows * steps).fill(1));
      return traceLayer({ layer, x: normal('x', [rows, steps, width]), ...(masked && { mask }) }).nodes.length;
    };
    for (const [masked, expected] of [
      [false, 20],
      [true, 23],
    ] as const)
      expect(nodes(18, masked) - nodes(8, masked)).toBe(10 * expected);
  });

  it('returns the state of the last real position', () => {
    const [all, last] = (['sequence', 'last'] as const).map(
      (returns) => runLayer({ layer: recurrent(returns), x: sequence, mask: lengthsMask }).y,
    );
    const expected = [2, 4, 0, 3].flatMap((t, row) => Array.from(all.data.slice((row * positions + t) * 3, (row * positions + t + 1) * 3)));
    expect(Array.from(last.data)).toEqual(expected);
  });
});
