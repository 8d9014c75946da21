/** What holds for the sums, columns and rows of every program: examples add up, wherever and in whatever order they stand. */
import type { PhaseProgram } from '@geodesic/engine';
import { expectClose } from '@geodesic/testing';
import type { TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { buildPrograms, mlpClassifier, type LayerCurvature, type Model, type SearchPrograms } from '../src/index.ts';
import { run, slotValues, type Values } from './dense-reference.ts';
import { tensor } from './evaluate-function.ts';
import { zoo } from './layer-zoo.ts';
import { normal, uniform } from './run-layer.ts';

const close = { abs: 1e-10, rel: 1e-9 };
const search: SearchPrograms = { objective: true, quad: true, product: true, probe: true, trial: true, burnin: true };
const forms: readonly LayerCurvature['form'][] = ['kronecker', 'diagonal', 'dense', 'eigenbasis'];
const mlp = mlpClassifier({ inputs: 3, classes: 3, hidden: [4], activation: 'relu' });

const entries = [
  {
    title: 'mlp, gram',
    model: mlp,
    gram: { layers: mlp.layers.map(({ name }) => name), fisher: 'sampled' as const },
    form: 'kronecker' as const,
  },
  ...zoo.flatMap((entry) => forms.map((form) => ({ ...entry, gram: undefined, title: `${entry.title}, ${form}`, form }))),
];

function programs(model: Model, slotSize: number, { form, gram }: (typeof entries)[number]): Readonly<Record<string, PhaseProgram>> {
  const curvature = new Map(model.layers.map(({ name }) => [name, { source: 'sampled', form } as const]));
  return buildPrograms({ model, slotSize, curvature, search: { ...search, ...(gram && { gram }) } }).phases;
}

/** All values by row, with the random inputs of all programs and bases for their layers. */
function valuesFor(model: Model, phases: Readonly<Record<string, PhaseProgram>>, x: readonly number[] | undefined): Values {
  const rows = 6;
  const values: Record<string, TensorData> = { ...slotValues(model, rows, x ? { x } : {}) };
  for (const { random, graph } of Object.values(phases)) {
    for (const { name, width, distribution } of random) values[name] = (distribution === 'uniform' ? uniform : normal)(name, [rows, width]);
    for (const { name, id } of graph.inputs) if (/Q[AS]/.test(name)) values[name] = normal(name, graph.nodes[id].shape);
  }
  return values;
}

/** Values with other rows in place; `undefined` is a row of padding with junk in it. */
function rearranged(values: Values, order: readonly (number | undefined)[]): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (name === 'theta' || name === 'previous' || name.startsWith('vector:')) return [name, value];
      const width = value.data.length / 6;
      const shape = [order.length, ...value.shape.slice(1)];
      const junk = name === 'weight' ? 0 : 1;
      const data = order.flatMap((row) =>
        row === undefined ? Array<number>(width).fill(junk) : Array.from(value.data.slice(row * width, (row + 1) * width)),
      );
      return [name, value.dtype === 'int32' ? { ...value, shape, data: Int32Array.from(data) } : tensor(shape, data)];
    }),
  );
}

/** Everything that a program adds up over a slot, flat: sums, and columns and rows added over the rows. */
function totals(program: PhaseProgram, values: Values): number[] {
  return Object.entries(run(program, values)).flatMap(([name, { data, shape }]) => {
    if (name.startsWith('sum:')) return [...data];
    const width = data.length / shape[0];
    return Array.from({ length: width }, (_, i) =>
      Array.from({ length: shape[0] }, (_row, n) => data[n * width + i]).reduce((a, b) => a + b, 0),
    );
  });
}

const all = [0, 1, 2, 3, 4, 5];

describe.each(entries)('$title', (entry) => {
  const { model } = entry;
  const six = programs(model, 6, entry);
  const values = valuesFor(model, six, 'x' in entry ? entry.x : undefined);
  const names = Object.keys(six);
  const expected = new Map(names.map((name) => [name, totals(six[name], values)]));

  it('examples may stand in any order', () => {
    for (const name of names) expectClose(totals(six[name], rearranged(values, [3, 5, 0, 2, 1, 4])), expected.get(name)!, close);
  });

  it('every example twice doubles everything', () => {
    const twelve = programs(model, 12, entry);
    for (const name of names)
      expectClose(
        totals(twelve[name], rearranged(values, [...all, ...all])),
        expected.get(name)!.map((value) => 2 * value),
        close,
      );
  });

  it('two slots, with padding that holds junk, add up to the whole', () => {
    const four = programs(model, 4, entry);
    for (const name of names) {
      const parts = [
        [0, 1, 2, undefined],
        [3, 4, 5, undefined],
      ].map((order) => totals(four[name], rearranged(values, order)));
      expectClose(
        parts[0].map((value, i) => value + parts[1][i]),
        expected.get(name)!,
        close,
      );
    }
  });

  it('a slot of padding adds exactly nothing', () => {
    const four = programs(model, 4, entry);
    for (const name of names)
      expect(totals(four[name], rearranged(values, [undefined, undefined, undefined, undefined])).every((value) => value === 0)).toBe(true);
  });
});

describe('grad', () => {
  it('is not touched by what curvature and search add, but for the objective', () => {
    const plain = buildPrograms({ model: mlp, slotSize: 6, curvature: new Map() }).phases;
    const full = programs(mlp, 6, entries[0]);
    const values = slotValues(mlp, 6);
    expect(run(full.grad, values)['sum:gradient'].data).toEqual(run(plain.grad, values)['sum:gradient'].data);
    expect(full.grad.columns).toEqual([...plain.grad.columns, 'objective']);
    expect(Object.keys(plain)).toEqual(['grad', 'eval']);
    expect(Object.keys(full).toSorted()).toEqual(['burnin', 'eval', 'grad', 'grad-stats', 'gram', 'probe', 'product', 'quad', 'trial']);
  });
});
