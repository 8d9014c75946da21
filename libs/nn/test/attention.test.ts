import type { TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { multiHeadAttention, type Layer } from '../src/index.ts';
import { tensor } from './evaluate-function.ts';
import { inputsOf, runLayer } from './run-layer.ts';
import { lengthsMask, positions, rows, sequence, width } from './sequences.ts';

const attention = (causal: boolean): Layer => multiHeadAttention({ name: 'att', width, heads: 2, positions, causal });

describe('multiHeadAttention', () => {
  const before = (t: number, { data }: TensorData): number[] => Array.from(data).filter((_, i) => Math.floor(i / width) % positions < t);

  it('is blind to later positions when causal', () => {
    for (let t = 1; t < positions; t++) {
      const changed = tensor(
        sequence.shape,
        Array.from(sequence.data, (value, i) => (Math.floor(i / width) % positions < t ? value : value + 1)),
      );
      const [one, other] = [sequence, changed].map((x) => runLayer({ layer: attention(true), x }).y);
      expect(before(t, other)).toEqual(before(t, one));
      const open = [sequence, changed].map((x) => runLayer({ layer: attention(false), x }).y);
      expect(before(t, open[1])).not.toEqual(before(t, open[0]));
    }
  });

  it('is blind to keys at padding', () => {
    const junk = tensor(
      sequence.shape,
      Array.from(sequence.data, (value, i) => (lengthsMask.data[Math.floor(i / width)] ? value : 1e3)),
    );
    const [one, other] = [sequence, junk].map((x) => runLayer({ layer: attention(false), x, mask: lengthsMask }).y);
    const real = ({ data }: TensorData): number[] => Array.from(data).filter((_, i) => lengthsMask.data[Math.floor(i / width)]);
    expect(real(other)).toEqual(real(one));
  });

  it('stays finite in a row without any key', () => {
    const { y } = runLayer({ layer: attention(true), x: sequence, mask: tensor([rows, positions], new Float64Array(20)) });
    expect(Array.from(y.data).every(Number.isFinite)).toBe(true);
  });

  it('is softmax(q k^T / sqrt(d)) v, head by head', () => {
    const run = { layer: attention(false), x: sequence };
    const p = inputsOf(run);
    const project = (x: ArrayLike<number>, part: string): number[][] =>
      Array.from({ length: positions }, (_, t) =>
        Array.from({ length: width }, (__, o) =>
          Array.from({ length: width }, (___, i) => x[t * width + i] * p[`att.${part}.weight`].data[i * width + o]).reduce(
            (sum, term) => sum + term,
            p[`att.${part}.bias`].data[o],
          ),
        ),
      );
    const expected: number[] = [];
    for (let row = 0; row < rows; row++) {
      const x = sequence.data.slice(row * positions * width, (row + 1) * positions * width);
      const [q, k, v] = ['query', 'key', 'value'].map((part) => project(x, part));
      const joined = q.map((query) =>
        query.map((_, column) => {
          const head = Math.floor(column / 3) * 3;
          const scores = k.map((key) => [0, 1, 2].reduce((sum, i) => sum + query[head + i] * key[head + i], 0) / Math.sqrt(3));
          const total = scores.reduce((sum, s) => sum + Math.exp(s), 0);
          return scores.reduce((sum, s, t) => sum + (Math.exp(s) / total) * v[t][column], 0);
        }),
      );
      expected.push(...project(joined.flat(), 'output').flat());
    }
    expectClose(runLayer(run).y.data, expected, { abs: 1e-9 });
  });
});
