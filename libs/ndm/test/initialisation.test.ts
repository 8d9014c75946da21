import type { TensorData } from '@geodesic/tensor';
import { viewOf } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { evaluateFunction } from './evaluate-function.ts';
import { tensor } from './run-chart.ts';
import { finishInit, run, slotValues, smallNdm, smallOptions, theta } from './small-ndm.ts';

const rows = 16;
const { width } = smallOptions;
const ndm = smallNdm(rows);
const first = theta(ndm);
const values = slotValues(ndm, rows, first);
const init = (slot: Readonly<Record<string, TensorData>>): Record<string, TensorData> => run(ndm.phases.init.graph, slot);
const sums = init(values);

/** Rows `from` to `to` of the slot, the other rows padding that holds `junk`. */
function part(from: number, to: number, junk: number): Record<string, TensorData> {
  const isReal = (row: number): boolean => row >= from && row < to;
  return {
    ...values,
    x: tensor(
      [rows, 3],
      Array.from(values.x.data, (value, i) => (isReal(Math.floor(i / 3)) ? value : junk)),
    ),
    weight: tensor(
      [rows],
      Array.from({ length: rows }, (_, row) => (isReal(row) ? 1 : 0)),
    ),
  };
}

/** Mean and variance of each coordinate of an ActNorm's output. */
function moments(block: number, parameters: Float64Array): { means: number[]; variances: number[] } {
  const named = Object.fromEntries(
    ndm.layout.entries.map(({ name, shape }) => [name, tensor(shape, [...viewOf(ndm.layout, parameters, name)])]),
  );
  const chart = evaluateFunction((t) => ndm.model.forward(t, { training: false }), { ...named, x: values.x })[`chart${block - 1}`];
  const logScale = viewOf(ndm.layout, parameters, `block${block}.norm.logScale`);
  const shift = viewOf(ndm.layout, parameters, `block${block}.norm.shift`);
  const outputs = Array.from({ length: width }, (_, j) =>
    Array.from({ length: rows }, (_, row) => Math.exp(logScale[j]) * (chart[row * width + j] + shift[j])),
  );
  const mean = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0) / rows;
  return { means: outputs.map(mean), variances: outputs.map((column) => mean(column.map((y) => y * y)) - mean(column) ** 2) };
}

describe('initialiseFromData', () => {
  it('leaves every ActNorm with outputs of mean 0 and variance 1 over one slot', () => {
    const parameters = first.slice();
    for (const [name, { data }] of Object.entries(finishInit(ndm, rows, sums)))
      viewOf(ndm.layout, parameters, name.replace('parameter:', '')).set(data);
    for (const block of [1, 2]) {
      const { means, variances } = moments(block, parameters);
      expectClose(means, Array<number>(width).fill(0), { abs: 1e-12 });
      // The floor of 1e-6 under a variance leaves it a little below one.
      expectClose(variances, Array<number>(width).fill(1), { abs: 1e-4 });
    }
  });

  it('initialises the norms only', () => {
    expect(Object.keys(finishInit(ndm, rows, sums)).toSorted()).toEqual(
      ['block1', 'block2'].flatMap((block) => [`parameter:${block}.norm.logScale`, `parameter:${block}.norm.shift`]),
    );
  });

  it('keeps padding rows out of every moment, whatever they hold', () => {
    const [quiet, noisy] = [init(part(0, 10, 0)), init(part(0, 10, 1e3))];
    for (const [name, { data }] of Object.entries(quiet)) expect({ [name]: noisy[name].data }).toEqual({ [name]: data });
    expect(quiet['sum:init/block1/x'].data).not.toEqual(sums['sum:init/block1/x'].data);
  });

  it('adds over slots: the sums at the first norm do not depend on how the examples are cut', () => {
    const [left, right] = [init(part(0, 7, 0)), init(part(7, rows, 0))];
    for (const name of ['sum:init/block1/x', 'sum:init/block1/xx']) {
      const added = Array.from(left[name].data, (value, i) => value + right[name].data[i]);
      expectClose(added, sums[name].data, { abs: 1e-12 });
    }
  });

  it('does not scale a constant feature to infinity', () => {
    const constant = init({ ...values, x: tensor([rows, 3], Array<number>(rows * 3).fill(0.5)) });
    for (const { data } of Object.values(finishInit(ndm, rows, constant))) {
      for (const value of data) expect(Math.abs(value)).toBeLessThan(10);
    }
  });
});
