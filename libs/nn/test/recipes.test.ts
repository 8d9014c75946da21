import { evaluate, type PhaseProgram } from '@geodesic/engine';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { makeLayout, sizeOf, type TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { autoencoder, buildPrograms, cnnClassifier, transformerClassifier, type LayerCurvature } from '../src/index.ts';
import { tensor } from './evaluate-function.ts';
import { interpret, normal } from './run-layer.ts';
import { models, rows, slot } from './small-models.ts';
import { kronecker } from './curvature-model.ts';

function run({ graph }: PhaseProgram, values: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  return interpret(graph, values);
}

function single(value: TensorData): TensorData {
  return value.dtype === 'float64' ? { ...value, dtype: 'float32', data: Float32Array.from(value.data) } : value;
}

describe.each(models)('$title', ({ model }) => {
  const curvatureOf = (curvature: LayerCurvature) => new Map(model.layers.map(({ name }) => [name, curvature]));
  const search = { objective: true, quad: true, product: true, trial: true, probe: true, burnin: true };
  const { phases } = buildPrograms({ model, slotSize: rows, curvature: curvatureOf(kronecker), search });

  it('has the gradient of its loss, by central differences', () => {
    const values = slot(model, 0);
    const along = normal('along', values.theta.shape).data;
    const [gradient, columns] = [run(phases.grad, values)['sum:gradient'].data, phases.grad.columns.length];
    const loss = (step: number): number => {
      const theta = { ...values.theta, data: Float64Array.from(values.theta.data, (value, i) => value + step * along[i]) };
      const { examples } = run(phases.grad, { ...values, theta });
      return Array.from(examples.data).reduce((sum, value, i) => (i % columns === 0 ? sum + value : sum), 0);
    };
    const step = 1e-6;
    const exact = Array.from(gradient).reduce((sum, value, i) => sum + value * along[i], 0);
    expectClose(exact, (loss(step) - loss(-step)) / (2 * step), { abs: 1e-6, rel: 1e-6 });
  });

  it('is blind to padding rows in every phase', () => {
    for (const phase of Object.values(phases)) {
      const [zeros, junk] = [0, 3].map((fill) => run(phase, slot(model, fill)));
      for (const [name, { data }] of Object.entries(junk)) {
        // Added zeros may be negative, which no sum can tell.
        expect({ [name]: Array.from(data, (value) => value + 0) }).toEqual({ [name]: Array.from(zeros[name].data, (value) => value + 0) });
      }
    }
  });

  it('has finite curvature sums for all of its layers', () => {
    const sums = run(phases['grad-stats'], slot(model, 0));
    for (const { name, kind } of model.layers) {
      const found = kind === 'norm' ? [`sum:U/${name}`] : [`sum:A/${name}`, `sum:S/${name}`];
      for (const sum of found) expect({ sum, finite: Array.from(sums[sum].data).every(Number.isFinite) }).toEqual({ sum, finite: true });
    }
  });

  it('gives the same in float32 by the native executor, in every program and form of curvature', async () => {
    const executor = onnxCpuExecutor();
    const forms = (['diagonal', 'dense', 'eigenbasis'] as const).map((form) => {
      return buildPrograms({ model, slotSize: rows, curvature: curvatureOf({ source: 'exact', form }) }).phases;
    });
    const statistics = forms.flatMap(({ 'grad-stats': sums, basis }) => (basis ? [sums, basis] : [sums]));
    for (const phase of [...Object.values(phases), ...statistics]) {
      const bases = phase.graph.inputs.filter(({ name }) => /Q[AS]/.test(name));
      const values = {
        ...slot(model, 0),
        ...Object.fromEntries(bases.map(({ name, id }) => [name, normal(name, phase.graph.nodes[id].shape, 0.5)])),
      };
      const exact = run(phase, values);
      const program = await executor.compile(phase.graph);
      const found = await program.run(Object.fromEntries(phase.graph.inputs.map(({ name }) => [name, single(values[name])])));
      for (const [name, { data }] of Object.entries(exact)) expectClose(found[name].data, data, { abs: 2e-4, rel: 2e-4 });
    }
    await executor.close();
  });

  it('draws no random numbers in evaluation', () => {
    expect(phases.eval.random).toEqual([]);
  });

  it('has unique names', () => {
    const names = [...model.parameters, ...model.state].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('transformerClassifier', () => {
  const options = { vocabulary: 7, classes: 3, positions: 4, width: 4, heads: 2, blocks: 1, paddingId: 0 } as const;
  const ids = tensor([2, 4], [3, 5, 0, 0, 1, 2, 6, 4]);

  it('does not see padding: a longer static shape gives the same loss', () => {
    const logits = (positions: number): number[] => {
      const model = transformerClassifier({ ...options, positions });
      const { eval: program } = buildPrograms({ model, slotSize: 2, curvature: new Map() }).phases;
      const x = tensor(
        [2, positions],
        [0, 1].flatMap((row) => Array.from({ length: positions }, (_, t) => (t < 4 ? ids.data[4 * row + t] : 0))),
      );
      // The same values for every parameter; learned positions are cut to their length.
      const theta = model.parameters.flatMap(({ name, shape }) => {
        const values = normal(name, name === 'embedding.positions' ? [9, 4] : shape, 0.5).data;
        return Array.from(values.slice(0, sizeOf(shape)));
      });
      const y: TensorData = { dtype: 'int32', shape: [2], data: Int32Array.from([0, 2]) };
      return Array.from(run(program, { theta: tensor([theta.length], theta), x, y, weight: tensor([2], [1, 1]) }).examples.data);
    };
    expectClose(logits(9), logits(4), { abs: 1e-12 });
  });

  it('has by default two blocks of width 128 over 64 tokens', () => {
    const { parameters, featureShape, layers } = transformerClassifier({ vocabulary: 100, classes: 10 });
    const block = 4 * (128 * 128 + 128) + 2 * 2 * 128 + (128 * 512 + 512) + (512 * 128 + 128);
    expect(makeLayout(parameters).size).toBe(100 * 128 + 64 * 128 + 2 * block + 2 * 128 + 128 * 10 + 10);
    expect(featureShape).toEqual([64]);
    expect(layers.filter(({ positions }) => positions === 64)).toHaveLength(layers.length - 1);
  });
});

describe('autoencoder', () => {
  it('has by default the widths 784-250-100-30 and back, with its features as the target', () => {
    const { layers, task } = autoencoder({ inputs: 784 });
    expect(layers.map(({ inputs, outputs }) => [inputs, outputs])).toEqual([
      [784, 250],
      [250, 100],
      [100, 30],
      [30, 100],
      [100, 250],
      [250, 784],
    ]);
    expect(task.target).toBe('features');
    expect(task.columns).toEqual(['loss', 'squaredError']);
  });

  it('starts with variance 1 / inputs and zero biases, or with Glorot’s rule', () => {
    const [weight, bias] = autoencoder({ inputs: 100, hidden: [8] }).parameters;
    expect([weight.initializer, bias.initializer]).toEqual([
      { kind: 'normal', standardDeviation: 0.1 },
      { kind: 'constant', value: 0 },
    ]);
    const [other] = autoencoder({ inputs: 100, hidden: [50], initializer: 'glorot' }).parameters;
    expect(other.initializer).toEqual({ kind: 'uniform', low: -0.2, high: 0.2 });
  });
});

describe('cnnClassifier', () => {
  it('halves the image after every convolution', () => {
    const { layers } = cnnClassifier({ imageShape: [28, 28, 1], classes: 10 });
    expect(layers.map(({ inputs, outputs, positions }) => [inputs, outputs, positions])).toEqual([
      [9, 16, 784],
      [144, 32, 196],
      [1568, 10, 1],
    ]);
  });

  it('says that batch norm couples the examples of a slot, and averages its moments', () => {
    const model = cnnClassifier({ imageShape: [4, 4, 1], classes: 3, filters: [2], batchNorm: true });
    expect(model.coupling).toBe('moments');
    const { grad } = buildPrograms({ model, slotSize: rows, curvature: new Map() }).phases;
    expect(grad.sums.map(({ name }) => name)).toEqual(expect.arrayContaining(['moments/norm1/mean', 'moments/norm1/variance']));
    expect(cnnClassifier({ imageShape: [4, 4, 1], classes: 3 })).not.toHaveProperty('coupling');
  });
});

describe('evaluate', () => {
  it('gives the same mask to the task and to the layers', () => {
    const { model } = models.find(({ title }) => title === 'sequenceTask')!;
    const { eval: program } = buildPrograms({ model, slotSize: rows, curvature: new Map() }).phases;
    const values = slot(model, 0);
    const none = { ...values.x, data: values.x.data.map((value) => -Math.abs(value)) as Float64Array };
    const { examples } = evaluate(
      program.graph,
      Object.fromEntries(program.graph.inputs.map(({ name }) => [name, name === 'x' ? none : values[name]])),
      { precision: 'float64' },
    );
    expect(Array.from(examples.data).every((value) => value === 0)).toBe(true);
  });
});
