/** Hand-written models: what a module may export, and what becomes of it. */
import { evaluate, type Graph } from '@geodesic/engine';
import { trace } from '@geodesic/engine/trace';
import type { Model } from '@geodesic/nn';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { userModelDigest } from '../src/index.ts';
import { linear, openModule, temporaryFolder, writeModule } from './user-module.ts';

const ROWS = 2;

/** Evaluates a function of a model on small numbers. */
function run(
  model: Model,
  fn: Parameters<typeof trace>[0],
  more: Readonly<Record<string, number[]>> = {},
): Readonly<Record<string, number[]>> {
  const tables = model.parameters.map(({ name, shape }) => [name, { shape }] as const);
  const random = (model.random ?? []).map(({ name, width }) => [name, { shape: [ROWS, width] }] as const);
  const rows = { x: { shape: [ROWS, ...model.featureShape] }, y: { shape: [ROWS], dtype: 'int32' as const }, weight: { shape: [ROWS] } };
  const graph = trace(fn, { ...Object.fromEntries([...tables, ...random]), ...rows });
  return numbers(graph, more);
}

function numbers(graph: Graph, given: Readonly<Record<string, number[]>>): Readonly<Record<string, number[]>> {
  const inputs = graph.inputs.map(({ name, id }) => {
    const { shape, dtype } = graph.nodes[id];
    const size = shape.reduce((product, length) => product * length, 1);
    const values = given[name] ?? Array.from({ length: size }, (_, i) => (dtype === 'int32' ? i : Math.sin(i + 1)));
    return [name, { shape, dtype, data: dtype === 'int32' ? Int32Array.from(values) : Float64Array.from(values) }] as const;
  });
  const outputs = evaluate(graph, Object.fromEntries(inputs), { precision: 'float64' });
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, [...data]]));
}

describe('openUserModel of a function', () => {
  it('is a classifier with captured layers when it returns logits', async () => {
    const { model } = await openModule(linear(''));
    expect(model.task).toMatchObject({ name: 'classification', columns: ['loss', 'hit'] });
    expect(model.layers).toMatchObject([{ name: 'w', kind: 'dense', inputs: 4, outputs: 3, bias: true, weight: 'w' }]);
    expect(model.parameters.map(({ name, initializer }) => [name, initializer.kind])).toEqual([
      ['w', 'uniform'],
      ['b', 'constant'],
    ]);
  });

  it('hands the options of the spec and the shape of the data to model(context)', async () => {
    const source = `export const model = ({ options, data, tf }) => ({
      parameters: { w: { shape: [data.featureShape[0], options.width] }, v: { shape: [options.width, data.classes], initializer: 0.5 } },
      forward: ({ x, w, v }) => x.matMul(w).tanh().matMul(v),
    });`;
    const { model } = await openModule(source, { own: { width: 7 } });
    expect(model.parameters.map(({ shape }) => shape)).toEqual([
      [4, 7],
      [7, 3],
    ]);
    expect(model.parameters[1].initializer).toEqual({ kind: 'constant', value: 0.5 });
  });

  it('feeds examples in the shape that the model asks for', async () => {
    const source = `export const model = {
      inputShape: [2, 2, 1],
      parameters: { w: { shape: [2, 3] } },
      forward: ({ x, w }) => x.mean([2, 3]).matMul(w),
    };`;
    const { model } = await openModule(source);
    expect(model.featureShape).toEqual([4]);
    const { logits } = run(model, (t) => model.forward(t, { training: false }), { x: [1, 3, 5, 7, 0, 0, 0, 0], w: [1, 0, 0, 0, 1, 0] });
    expect(logits).toEqual([2, 6, 0, 0, 0, 0]);
  });

  it('has several outputs, a loss of its own over them, and further measurements', async () => {
    const source = `export const model = ({ tf }) => ({
      parameters: { w: { shape: [4, 3] }, v: { shape: [4, 1] } },
      forward: ({ x, w, v }) => ({ logits: x.matMul(w), scale: x.matMul(v) }),
      loss: ({ logits, scale }, y, { w }) => tf.add(logits.square().sum(1), scale.reshape([-1]).abs().add(w.square().sum())),
      metrics: ({ scale }) => ({ size: scale.abs().reshape([-1]) }),
    });`;
    const { model } = await openModule(source);
    expect(model.task).toMatchObject({ name: 'custom', columns: ['loss', 'hit', 'size'] });
    expect([model.task.sampled, model.task.curvature]).toEqual([undefined, undefined]);
    const given = { x: [1, 0, 0, 0, 0, 1, 0, 0], w: [1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], v: [-2, 0, 0, 0], y: [2, 0] };
    const terms = run(model, (t) => model.task.terms({ ...t, ...model.forward(t, { training: true }) }), given);
    expect(terms).toEqual({ loss: [14 + 2 + 14, 14], objective: [14 + 2 + 14, 14], size: [2, 0], hit: [1, 1] });
  });

  it('draws random numbers for each example while training, and none in evaluation', async () => {
    const source = `export const model = ({ tf }) => ({
      random: { mask: { distribution: 'uniform', shape: [3] } },
      parameters: { w: { shape: [4, 3] } },
      forward: ({ x, w, mask }, { training }) => (training ? x.matMul(w).mul(mask.greater(0.5).toFloat()) : x.matMul(w)),
    });`;
    const { model } = await openModule(source);
    expect(model.random).toEqual([{ name: 'uniform:mask', purpose: 'model:mask', distribution: 'uniform', width: 3 }]);
    const given = { x: [1, 0, 0, 0, 1, 0, 0, 0], w: [1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0], 'uniform:mask': [0.1, 0.9, 0.1, 0.9, 0.1, 0.9] };
    expect(run(model, (t) => model.forward(t, { training: true }), given)['logits']).toEqual([0, 2, 0, 1, 0, 3]);
    expect(run(model, (t) => model.forward(t, { training: false }), given)['logits']).toEqual([1, 2, 3, 1, 2, 3]);
  });

  it('may take gradients inside, of any order: a penalty on the input gradient', async () => {
    const source = `export const model = ({ tf }) => ({
      parameters: { w: { shape: [4, 3] } },
      forward: ({ x, w }) => ({ logits: x.matMul(w), slope: tf.grad((at) => at.matMul(w).tanh().sum())(x) }),
      loss: ({ slope }) => slope.square().sum(1),
    });`;
    const { model } = await openModule(source);
    const x = [0.1, 0.2, -0.3, 0.4, 1, -1, 0.5, 0];
    const w = Array.from({ length: 12 }, (_, i) => Math.cos(i));
    const { loss } = run(model, (t) => model.task.terms({ ...t, ...model.forward(t, { training: true }) }), { x, w });
    const expected = [0, 1].map((row) => {
      const z = [0, 1, 2].map((k) => [0, 1, 2, 3].reduce((sum, i) => sum + x[4 * row + i] * w[3 * i + k], 0));
      const slopes = [0, 1, 2, 3].map((i) => [0, 1, 2].reduce((sum, k) => sum + w[3 * i + k] * (1 - Math.tanh(z[k]) ** 2), 0));
      return slopes.reduce((sum, slope) => sum + slope ** 2, 0);
    });
    expectClose(loss, expected, { rel: 1e-12 });
  });

  it('may have a gradient that is not that of its value, by stopGradient', async () => {
    const source = `export const model = ({ tf, stopGradient }) => ({
      parameters: { w: { shape: [4, 3] } },
      forward({ x, w }) {
        const z = x.matMul(w);
        const straight = (at) => tf.add(stopGradient(tf.sub(tf.sign(at), at)), at);
        return { logits: straight(z), slope: tf.grad((at) => straight(at).sum())(z) };
      },
    });`;
    const { model } = await openModule(source);
    const { logits, slope } = run(model, (t) => model.forward(t, { training: true }));
    expect(new Set(logits.map(Math.abs))).toEqual(new Set([1]));
    expect(slope).toEqual([1, 1, 1, 1, 1, 1]);
  });

  it('passes a model of the framework through', async () => {
    const source = `export const model = ({ tf }) => ({
      featureShape: [4], layers: [], state: [], charts: [],
      parameters: [{ name: 'w', shape: [4, 3], initializer: { kind: 'constant', value: 0 } }],
      task: { name: 'mine', target: 'features', columns: ['loss'], terms: ({ logits }) => ({ loss: logits.sum(1), objective: logits.sum(1) }) },
      forward: ({ x, w }) => ({ logits: x.matMul(w) }),
    });`;
    expect((await openModule(source)).model.task.name).toBe('mine');
  });
});

describe('userModelDigest', () => {
  it('covers the files that a module imports by relative paths, and no others', () => {
    const folder = temporaryFolder();
    const path = writeModule(
      "import { width } from './sizes.mjs';\nimport * as tf from '@tensorflow/tfjs-core';\nexport const model = width;",
      { folder },
    );
    const digest = (): string => userModelDigest({ kind: 'module', path, options: {} });
    writeModule('export const width = 1;', { name: 'sizes.mjs', folder });
    const first = digest();
    writeModule('unrelated', { name: 'other.mjs', folder });
    expect(digest()).toBe(first);
    writeModule('export const width = 2;', { name: 'sizes.mjs', folder });
    expect(digest()).not.toBe(first);
    expect(first).toMatch(/^sha256:[0-9a-f]{64}$/);
  });
});
