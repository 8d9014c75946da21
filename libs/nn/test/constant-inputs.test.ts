/** Input factors that never change when every step sees every example. */
import { describe, expect, it } from 'vitest';
import {
  buildPrograms,
  cnnClassifier,
  dense,
  dropout,
  classificationTask,
  layeredModel,
  mlpClassifier,
  sequential,
  type LayerCurvature,
  type Model,
} from '../src/index.ts';
import { kronecker } from './curvature-model.ts';
import { run, slotValues } from './dense-reference.ts';
import { zoo } from './layer-zoo.ts';

function wholeBatch(model: Model, curvature: LayerCurvature = kronecker) {
  const layers = new Map(model.layers.map(({ name }) => [name, curvature]));
  return buildPrograms({ model, slotSize: 4, curvature: layers, search: { wholeBatch: true } });
}

const mlp = mlpClassifier({ inputs: 3, classes: 3, hidden: [4], activation: 'tanh' });
const named = (title: string): Model => zoo.find((entry) => entry.title === title)!.model;
const behindDropout = layeredModel({
  net: sequential([dropout({ name: 'drop', shape: [3], rate: 0.5 }), dense({ name: 'net', inputs: 3, outputs: 3 })]),
  featureShape: [3],
  task: classificationTask({ classes: 3 }),
  output: 'logits',
});

describe('constantInputs', () => {
  it.each([
    ['a dense layer on the features', mlp, ['dense1']],
    ['a convolution of the features', cnnClassifier({ imageShape: [4, 4, 1], classes: 3, filters: [2], batchNorm: false }), ['conv1']],
    ['an embedding', named('embedding'), ['tokens']],
    ['a norm has no input factor', named('norm'), []],
    ['dropout draws anew', behindDropout, []],
  ] as const)('%s', (_title, model, expected) => {
    expect(wholeBatch(model).constantInputs).toEqual(expected);
  });

  it('are left out of grad-stats-moving, whose other outputs are those of grad-stats', () => {
    const { phases } = wholeBatch(mlp);
    const values = slotValues(mlp, 4);
    const { 'sum:A/dense1': constant, ...others } = run(phases['grad-stats'], values);
    expect(constant.shape).toEqual([4, 4]);
    expect(run(phases['grad-stats-moving'], values)).toEqual(others);
  });

  it('are none without a whole batch, and for forms without an input factor', () => {
    const curvature = new Map(mlp.layers.map(({ name }) => [name, kronecker]));
    const { constantInputs, phases } = buildPrograms({ model: mlp, slotSize: 4, curvature });
    expect([constantInputs, 'grad-stats-moving' in phases]).toEqual([[], false]);
    expect(wholeBatch(mlp, { source: 'sampled', form: 'diagonal' }).constantInputs).toEqual([]);
  });
});
