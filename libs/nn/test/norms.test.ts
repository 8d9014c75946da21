import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { batchNorm, groupNorm, layerNorm, rmsNorm } from '../src/index.ts';
import { tensor } from './evaluate-function.ts';
import { inputsOf, normal, runLayer, type LayerRun } from './run-layer.ts';
import { positions, rows, sequence, width } from './sequences.ts';

describe('batchNorm', () => {
  const layer = batchNorm({ name: 'n', channels: width, positions });
  const real = 3;
  const weight = tensor([rows], [1, 1, 1, 0]);
  const run = (junk: number): LayerRun => ({
    layer,
    training: true,
    values: { weight },
    x: tensor(
      sequence.shape,
      Array.from(sequence.data, (value, i) => (i < real * positions * width ? value : junk)),
    ),
  });
  const entriesOf = (channel: number): number[] => Array.from({ length: real * positions }, (_, i) => sequence.data[i * width + channel]);
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  it('does not count padding rows, whatever they hold', () => {
    const count = real * positions * width;
    const [zeros, junk] = [runLayer(run(0)), runLayer(run(1e3))];
    expect(junk.y.data.slice(0, count)).toEqual(zeros.y.data.slice(0, count));
    for (const name of ['moments/n/mean', 'moments/n/variance']) expect(junk[name].data).toEqual(zeros[name].data);
  });

  it('normalises with the moments of the real rows', () => {
    const p = inputsOf(run(0));
    const { y } = runLayer(run(0));
    for (let c = 0; c < width; c++) {
      const values = entriesOf(c);
      const m = mean(values);
      const v = mean(values.map((value) => (value - m) ** 2));
      const expected = values.map((value) => ((value - m) / Math.sqrt(v + 1e-5)) * p['n.gain'].data[c] + p['n.bias'].data[c]);
      expectClose(
        values.map((_, i) => y.data[i * width + c]),
        expected,
        { abs: 1e-9 },
      );
    }
  });

  it('reports sums that are moments once divided by the count of examples', () => {
    const found = runLayer(run(0));
    for (let c = 0; c < width; c++) {
      const m = mean(entriesOf(c));
      expectClose(found['moments/n/mean'].data[c] / real, m, { abs: 1e-12 });
      expectClose(found['moments/n/variance'].data[c] / real, mean(entriesOf(c).map((value) => (value - m) ** 2)), { abs: 1e-12 });
    }
  });

  it('uses the running averages in evaluation', () => {
    const p = inputsOf({ layer, x: sequence });
    const { y } = runLayer({ layer, x: sequence });
    const expected = Array.from(sequence.data, (value, i) => {
      const c = i % width;
      return ((value - p['n.mean'].data[c]) / Math.sqrt(p['n.variance'].data[c] + 1e-5)) * p['n.gain'].data[c] + p['n.bias'].data[c];
    });
    expectClose(y.data, expected, { abs: 1e-9 });
  });

  it('gives zeros and no NaN for a slot of padding only', () => {
    const found = runLayer({ ...run(1e3), values: { weight: tensor([rows], [0, 0, 0, 0]) } });
    expect(Array.from(found.y.data).every(Number.isFinite)).toBe(true);
    expect(Array.from(found['moments/n/mean'].data).every((value) => value === 0)).toBe(true);
  });
});

describe('groupNorm', () => {
  it('refuses groups that do not divide the channels', () => {
    expect(() => groupNorm({ name: 'g', channels: 6, groups: 4 })).toThrow('g: expected groups that divide 6 channels, got 4');
  });

  it('has mean 0 and variance 1 in each group of each example', () => {
    const layer = groupNorm({ name: 'g', channels: 6, groups: 3, epsilon: 0 });
    const values = { 'g.gain': tensor([6], Array<number>(6).fill(1)), 'g.bias': tensor([6], Array<number>(6).fill(0)) };
    const { y } = runLayer({ layer, x: normal('x', [2, 2, 2, 6]), values });
    for (let row = 0; row < 2; row++)
      for (let group = 0; group < 3; group++) {
        const found = Array.from(y.data).filter((_, i) => Math.floor(i / 24) === row && Math.floor((i % 6) / 2) === group);
        expectClose(found.reduce((sum, value) => sum + value, 0) / 8, 0, { abs: 1e-9 });
        expectClose(found.reduce((sum, value) => sum + value * value, 0) / 8, 1, { abs: 1e-6 });
      }
  });
});

describe('layerNorm and rmsNorm', () => {
  it('follow their formulas', () => {
    const x = normal('x', [2, 4]);
    const values = { 'n.gain': tensor([4], [1, 2, 3, 4]), 'n.bias': tensor([4], [0.5, 0, 0, 0]) };
    const rowsOfX = [0, 1].map((row) => Array.from(x.data.slice(4 * row, 4 * row + 4)));
    const layer = rowsOfX.flatMap((row) => {
      const m = row.reduce((sum, value) => sum + value, 0) / 4;
      const v = row.reduce((sum, value) => sum + (value - m) ** 2, 0) / 4;
      return row.map((value, c) => ((value - m) / Math.sqrt(v + 1e-5)) * (c + 1) + (c === 0 ? 0.5 : 0));
    });
    expectClose(runLayer({ layer: layerNorm({ name: 'n', channels: 4 }), x, values }).y.data, layer, { abs: 1e-9 });
    const rms = rowsOfX.flatMap((row) => {
      const scale = 1 / Math.sqrt(row.reduce((sum, value) => sum + value ** 2, 0) / 4 + 1e-5);
      return row.map((value, c) => value * scale * (c + 1));
    });
    expectClose(runLayer({ layer: rmsNorm({ name: 'n', channels: 4 }), x, values }).y.data, rms, { abs: 1e-9 });
  });
});
