/** Rows of inputs and output gradients, gathered by ordinal. */
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { buildPrograms, cnnClassifier, mlpClassifier, type SearchPrograms } from '../src/index.ts';
import { exampleGradients, kroneckerProduct, run, slotValues, programsOf } from './dense-reference.ts';
import { zoo } from './layer-zoo.ts';

const rows = 5;
const model = mlpClassifier({ inputs: 3, classes: 3, hidden: [4], activation: 'tanh' });
const layers = model.layers.map(({ name }) => name);
const values = slotValues(model, rows, { real: 4 });
const gram = (of: typeof model, ask: NonNullable<SearchPrograms['gram']>) =>
  buildPrograms({ model: of, slotSize: rows, curvature: new Map(), search: { gram: ask } }).phases.gram;

describe('gram', () => {
  it('has rows whose outer products are the gradients of the examples, and zeros for padding', () => {
    const program = gram(model, { layers, fisher: 'sampled' });
    const outputs = run(program, values);
    const gradients = exampleGradients(model, values);
    const rowOf = (name: string, width: number, n: number): Float64Array =>
      outputs[`rows:${name}`].data.slice(n * width, (n + 1) * width) as Float64Array;
    gradients.forEach((gradient, n) => {
      const found = model.layers.flatMap(({ name, inputs, outputs: width }) => {
        const [a, g] = [rowOf(`a/${name}`, inputs + 1, n), rowOf(`g/${name}`, width, n)];
        return [...a].flatMap((value) => [...g].map((other) => value * other));
      });
      expectClose(found, gradient, { abs: 1e-12 });
    });
    for (const { name, width } of program.rows!) expect([...rowOf(name, width, 4)].every((entry) => entry === 0)).toBe(true);
  });

  it('names its tables: inputs, gradients of the objective, gradients of a drawn target', () => {
    expect(gram(model, { layers: ['dense1'], fisher: 'sampled' }).rows).toEqual([
      { name: 'a/dense1', width: 4 },
      { name: 'g/dense1', width: 4 },
      { name: 's/dense1', width: 4 },
    ]);
    const empirical = gram(model, { layers: ['head', 'dense1'], fisher: 'empirical' });
    expect(empirical.rows!.map(({ name }) => name)).toEqual(['a/dense1', 'g/dense1', 'a/head', 'g/head']);
    expect(empirical.random).toEqual([]);
  });

  it('draws the targets that the statistics of the step draw', () => {
    const sums = run(programsOf(model, rows, { source: 'sampled', form: 'dense' })['grad-stats'], values);
    const outputs = run(gram(model, { layers, fisher: 'sampled' }), values);
    const [, head] = model.layers;
    const [a, s] = [outputs['rows:a/head'].data, outputs['rows:s/head'].data];
    const blocks = Array.from({ length: rows }, (_, n) => {
      const square = (data: ArrayLike<number>, width: number): number[] =>
        Array.from({ length: width * width }, (_value, i) => data[n * width + Math.floor(i / width)] * data[n * width + (i % width)]);
      return kroneckerProduct(square(a, 5), square(s, 3));
    });
    expectClose(
      sums['sum:F/head'].data,
      blocks[0].map((_, i) => blocks.reduce((sum, block) => sum + block[i], 0)),
      { abs: 1e-12 },
    );
    expect(head.name).toBe('head');
  });

  it('refuses layers without rows of their own and models that mix examples, by name', () => {
    const positions = zoo.find(({ title }) => title === 'dense on positions')!.model;
    expect(() => gram(positions, { layers: ['word'], fisher: 'empirical' })).toThrow(
      /word: expected a dense layer without shared positions.*got 3 positions/,
    );
    const embedding = zoo.find(({ title }) => title === 'embedding')!.model;
    expect(() => gram(embedding, { layers: ['tokens'], fisher: 'empirical' })).toThrow(/tokens.*kind embedding/);
    const coupled = cnnClassifier({ imageShape: [4, 4, 1], classes: 3, filters: [2], batchNorm: true });
    expect(() => gram(coupled, { layers: ['head'], fisher: 'empirical' })).toThrow(
      /kernel: expected a model whose examples are independent/,
    );
    expect(() => gram(model, { layers: ['ghost'], fisher: 'empirical' })).toThrow(/ghost: expected a layer of the model/);
  });
});
