/** Where output gradients come from: drawn targets, the data's own, nowhere, the metric; and what is refused. */
import * as tf from '@tensorflow/tfjs-core';
import { deriveKey, fillUniform } from '@geodesic/random';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  bernoulliTask,
  buildPrograms,
  classificationTask,
  dense,
  layeredModel,
  mlpClassifier,
  type LayerCurvature,
  type Model,
} from '../src/index.ts';
import { curvatureModel } from './curvature-model.ts';
import { exampleGradients, programsOf, relativeError, run, slotValues } from './dense-reference.ts';
import { tensor } from './evaluate-function.ts';
import { zoo } from './layer-zoo.ts';

const rows = 6;
const close = { abs: 1e-11, rel: 1e-9 };
const model = mlpClassifier({ inputs: 3, classes: 3, hidden: [4], activation: 'tanh' });
const values = slotValues(model, rows);
const statistics = (curvature: LayerCurvature, of: Model = model) => programsOf(of, rows, curvature)['grad-stats'];

describe('sampled targets', () => {
  it('have an error that falls as 1 / sqrt(M)', () => {
    const exact = run(statistics({ source: 'exact', form: 'kronecker' }), values)['sum:S/dense1'].data;
    const error = (samples: number): number => {
      const program = statistics({ source: 'sampled', form: 'kronecker', samples });
      const errors = Array.from({ length: 24 }, (_, trial) => {
        const drawn = program.random.map(({ name, width, purpose }) => {
          const data = new Float64Array(rows * width);
          fillUniform(deriveKey(11, purpose, String(trial)), 0, data);
          return [name, tensor([rows, width], data)] as const;
        });
        return relativeError(run(program, { ...values, ...Object.fromEntries(drawn) })['sum:S/dense1'].data, exact) ** 2;
      });
      return Math.sqrt(errors.reduce((sum, square) => sum + square, 0) / errors.length);
    };
    const [one, sixteen] = [error(1), error(16)];
    // 4 in expectation; with 24 trials of 6 examples the ratio is within 30 percent.
    expect(one / sixteen).toBeGreaterThan(2.8);
    expect(one / sixteen).toBeLessThan(5.6);
  });

  it('are M random inputs, the first of the name that one sample has', () => {
    const program = statistics({ source: 'sampled', form: 'kronecker', samples: 3 });
    expect(program.random.map(({ name, purpose }) => [name, purpose])).toEqual([
      ['uniform:label', 'label'],
      ['uniform:label/1', 'label/1'],
      ['uniform:label/2', 'label/2'],
    ]);
  });

  it('are the average of what single samples give', () => {
    const both = statistics({ source: 'sampled', form: 'kronecker', samples: 2 });
    const one = statistics({ source: 'sampled', form: 'kronecker' });
    const uniforms = [0.15, 0.8].map((u) =>
      tensor(
        [rows, 1],
        Array.from({ length: rows }, (_, i) => (u + i / 7) % 1),
      ),
    );
    const together = run(both, { ...values, 'uniform:label': uniforms[0], 'uniform:label/1': uniforms[1] });
    const apart = uniforms.map((uniform) => run(one, { ...values, 'uniform:label': uniform }));
    for (const name of ['sum:S/dense1', 'sum:S/head'])
      expectClose(
        together[name].data,
        Array.from(apart[0][name].data, (value, i) => (value + apart[1][name].data[i]) / 2),
        close,
      );
  });

  it('refuse a number of samples that is none, naming the layer', () => {
    expect(() => statistics({ source: 'sampled', form: 'kronecker', samples: 0 })).toThrow(
      /dense1: expected a whole number of samples, at least 1, got 0/,
    );
  });
});

describe('other sources', () => {
  it('empirical: of single examples S is the outer product of the bias’ gradient', () => {
    const program = statistics({ source: 'empirical', form: 'kronecker' });
    const sum = new Float64Array(16);
    for (const gradient of exampleGradients(model, values)) {
      const g = gradient.slice(12, 16);
      for (let i = 0; i < 16; i++) sum[i] += g[i >> 2] * g[i & 3];
    }
    expectClose(run(program, values)['sum:S/dense1'].data, sum, close);
    expect(program.random).toEqual([]);
  });

  it('forward: no S and no random inputs, the same A', () => {
    const program = statistics({ source: 'forward', form: 'kronecker' });
    expect(program.sums.map(({ name }) => name)).toEqual(['gradient', 'A/dense1', 'A/head']);
    expect(program.random).toEqual([]);
    const sampled = run(statistics({ source: 'sampled', form: 'kronecker' }), values);
    expect(run(program, values)['sum:A/head'].data).toEqual(sampled['sum:A/head'].data);
  });

  it.each(['diagonal', 'dense', 'eigenbasis'] as const)('forward: refused for the form %s, naming the layer', (form) => {
    expect(() => statistics({ source: 'forward', form })).toThrow(/dense1: expected output gradients for its curvature/);
  });

  it('forward: refused for a norm, naming it', () => {
    const norm = zoo.find(({ title }) => title === 'norm')!;
    expect(() => statistics({ source: 'forward', form: 'kronecker' }, norm.model)).toThrow(/norm: expected output gradients/);
  });

  it('exact: refused above 256 roots, naming task and size', () => {
    const wide = layeredModel({
      net: dense({ name: 'net', inputs: 3, outputs: 300 }),
      featureShape: [3],
      task: bernoulliTask({ shape: [300] }),
      output: 'logits',
    });
    expect(() => statistics({ source: 'exact', form: 'kronecker' }, wide)).toThrow(
      /net: expected at most 256 roots.*got 300 of task bernoulli/,
    );
  });

  it('exact: refused for a task whose curvature is not known, naming it', () => {
    const { curvature: _curvature, ...task } = classificationTask({ classes: 3 });
    const unknown = { ...model, task: { ...task, name: 'mine' } };
    expect(() => statistics({ source: 'exact', form: 'kronecker' }, unknown)).toThrow(
      /dense1: expected a task whose loss has a known curvature, got mine/,
    );
    const curvature = new Map<string, LayerCurvature>();
    expect(() => buildPrograms({ model: unknown, slotSize: 2, curvature, search: { quad: true } })).toThrow(
      /task mine: expected a loss of known curvature for the program quad/,
    );
  });

  it('codecs and their level reach the table of sums', () => {
    const curvature = new Map<string, LayerCurvature>([['head', { source: 'sampled', form: 'kronecker', codec: 'int8' }]]);
    const phase = buildPrograms({ model, slotSize: 2, curvature, search: { codecLevel: 2 } }).phases;
    expect(phase['grad-stats'].sums.map(({ name, codec }) => [name, codec])).toEqual([
      ['gradient', undefined],
      ['A/head', 'int8'],
      ['S/head', 'int8'],
    ]);
    expect([phase['grad-stats'].codecLevel, phase.grad.codecLevel]).toEqual([2, undefined]);
  });
});

describe('a dead unit', () => {
  it('gives zero rows in A and S, and everything stays finite', () => {
    const dead = curvatureModel({
      features: [3],
      parameters: { 'first.weight': [3, 2], 'first.bias': [2], 'second.weight': [2, 3] },
      logits: (t) => tf.matMul(tf.relu(tf.sub(tf.add(tf.matMul(t.x, t['first.weight']), t['first.bias']), 1e3)), t['second.weight']),
      model: { task: classificationTask({ classes: 3 }) },
    });
    const sums = run(statistics({ source: 'exact', form: 'kronecker' }, dead), slotValues(dead, rows));
    expect([...sums['sum:S/first'].data].every((entry) => entry === 0)).toBe(true);
    expect([...sums['sum:A/second'].data].every((entry) => entry === 0)).toBe(true);
    expect([...sums['sum:S/second'].data].every(Number.isFinite)).toBe(true);
  });
});
