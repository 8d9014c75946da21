import { evaluate, type Graph, type PhaseProgram } from '@geodesic/engine';
import { entryOf, makeLayout, type TensorData } from '@geodesic/tensor';
import { expectClose, flat, loadGolden, rowsOf } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { buildPrograms, mlpClassifier, ModelError, type Model } from '../src/index.ts';
import { kronecker } from './curvature-model.ts';

const golden = loadGolden('06_kfac_metric_kfac');
const model = mlpClassifier({ inputs: 3, classes: 3, hidden: [4], activation: 'tanh' });
const layout = makeLayout(model.parameters);

/** Golden weights are [out][in + 1]; ours are the transpose with the bias as last row, which is what the layout holds. */
function theta(weights: readonly number[][][]): number[] {
  return weights.flatMap((w) => w[0].map((_, input) => w.map((row) => row[input])).flat());
}

function float64(shape: readonly number[], data: ArrayLike<number>): TensorData {
  return { dtype: 'float64', shape, data: Float64Array.from(data) };
}

function run(graph: Graph, values: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  return evaluate(graph, Object.fromEntries(graph.inputs.map(({ name }) => [name, values[name]])), { precision: 'float64' });
}

/** The golden batch of five rows, followed by padding. */
function goldenBatch(rows: number): Record<string, TensorData> {
  const { X, y, W1, W2 } = golden.cases.forward_backward.inputs;
  const pad = (values: readonly number[], width: number): number[] => [...values, ...Array<number>((rows - 5) * width).fill(0)];
  return {
    theta: float64([layout.size], theta([rowsOf(W1), rowsOf(W2)])),
    x: float64([rows, 3], pad(flat(X), 3)),
    y: { dtype: 'int32', shape: [rows], data: Int32Array.from(pad(flat(y), 1)) },
    weight: float64([rows], pad([1, 1, 1, 1, 1], 1)),
    'uniform:label': float64(
      [rows, 1],
      Array.from({ length: rows }, (_, i) => (i + 0.5) / rows),
    ),
  };
}

function programs(slotSize: number, of: Model = model): Readonly<Record<string, PhaseProgram>> {
  return buildPrograms({ model: of, slotSize, curvature: new Map(of.layers.map(({ name }) => [name, kronecker])) }).phases;
}

describe('buildPrograms', () => {
  const { outputs } = golden.cases.forward_backward;
  const { layer1, layer2 } = golden.cases.kfac_true_fisher.outputs;

  it.each([5, 8])('gives the golden gradient, loss and input factors with %i rows a slot: padding adds nothing', (rows) => {
    const phase = programs(rows)['grad-stats'];
    const result = run(phase.graph, goldenBatch(rows));
    const mean = (name: string): number[] => Array.from(result[`sum:${name}`].data, (value) => value / 5);
    const column = (name: string): number[] =>
      Array.from({ length: rows }, (_, row) => result.examples.data[row * phase.columns.length + phase.columns.indexOf(name)]);
    expectClose(column('loss').reduce((sum, loss) => sum + loss, 0) / 5, flat(outputs.loss)[0], { abs: 1e-12 });
    expectClose(mean('gradient'), theta([rowsOf(outputs.dW1), rowsOf(outputs.dW2)]), { abs: 1e-12 });
    expectClose(mean('A/dense1'), flat(layer1.A), { abs: 1e-12 });
    expectClose(mean('A/head'), flat(layer2.A), { abs: 1e-12 });
  });

  it('estimates the golden Fisher factors S from sampled labels', () => {
    const phase = programs(5)['grad-stats'];
    const draws = 200;
    const sums = { dense1: new Float64Array(16), head: new Float64Array(9) };
    for (let draw = 0; draw < draws; draw++) {
      // Stratified uniforms, a different permutation of the strata for each row.
      const uniform = Array.from({ length: 5 }, (_, row) => (((draw * (2 * row + 3)) % draws) + 0.5) / draws);
      const result = run(phase.graph, { ...goldenBatch(5), 'uniform:label': float64([5, 1], uniform) });
      for (const name of ['dense1', 'head'] as const)
        result[`sum:S/${name}`].data.forEach((value, i) => (sums[name][i] += value / (5 * draws)));
    }
    expectClose(sums.dense1, flat(layer1.S), { abs: 5e-3 });
    expectClose(sums.head, flat(layer2.S), { abs: 5e-3 });
  });

  it('counts hits and reports no gradient when it evaluates', () => {
    const phase = programs(5).eval;
    const labels = flat(golden.cases.forward_backward.inputs.y);
    const result = run(phase.graph, goldenBatch(5));
    const hit = Array.from({ length: 5 }, (_, row) => result.examples.data[row * 2 + 1]);
    expect(hit).toEqual(rowsOf(outputs.p).map((row, i) => (row.indexOf(Math.max(...row)) === labels[i] ? 1 : 0)));
    expect(Object.keys(result)).toEqual(['examples']);
  });

  it('places a layer’s bias right after its weight', () => {
    for (const { weight, outputs: width } of model.layers) {
      const { offset, size } = entryOf(layout, weight);
      expect(entryOf(layout, weight.replace('weight', 'bias'))).toMatchObject({ offset: offset + size, size: width });
    }
  });

  it('refuses the metric of a model that has none, naming the layer', () => {
    const curvature = new Map([['head', { source: 'metric-pullback', form: 'kronecker' } as const]]);
    expect(() => buildPrograms({ model, slotSize: 4, curvature })).toThrow(ModelError);
    expect(() => buildPrograms({ model, slotSize: 4, curvature })).toThrow(/head.*a model with a metric/);
  });

  it('refuses a layer whose taps are missing, naming it', () => {
    const untapped: Model = { ...model, layers: [...model.layers, { ...model.layers[0], name: 'ghost', weight: 'ghost.weight' }] };
    expect(() => programs(4, untapped)).toThrow(/ghost/);
  });
});
