/** The bundle of a small MLP on the digits, with K-FAC sums; as the command line builds it, without a reader of run specs. */
import { encodeBundle } from '@geodesic/engine';
import { buildPrograms, mlpClassifier } from '@geodesic/nn';
import { freezeRunSpec, slotPlan, validateRunSpec, type RunSpec } from '@geodesic/run-spec';
import { makeLayout } from '@geodesic/tensor';

/** P of the small model. */
export const parameterCount = 64 * 4 + 4 + 4 * 10 + 10;

/** Bundle bytes for an engine; a global batch of 512 examples in 8 slots. */
export function digitsBundle(engine: RunSpec['engine'], seed = 1): Uint8Array {
  const written = {
    name: 'worker-test',
    seed,
    model: { recipe: 'mlp-classifier', hidden: [4] },
    data: { source: 'digits', validation: 0.1 },
    batch: { examples: 512, slots: 8 },
    steps: 3,
    engine,
    optimizer: { groups: [{ name: 'all', match: ['**'], method: 'kfac' }] },
  };
  const spec = freezeRunSpec(validateRunSpec(written));
  const model = mlpClassifier({ inputs: 64, classes: 10, hidden: [4], activation: 'tanh' });
  const { slotExamples: slotSize } = slotPlan(spec.batch);
  const curvature = new Map(model.layers.map(({ name }) => [name, { source: 'sampled', form: 'kronecker' } as const]));
  const { parameters, layers, state } = model;
  if (makeLayout(parameters).size !== parameterCount) throw new RangeError('digitsBundle: the model has changed its size');
  return encodeBundle({
    version: 1,
    spec,
    slotSize,
    parameters,
    layers,
    state,
    groups: [],
    ...buildPrograms({ model, slotSize, curvature }),
  });
}
