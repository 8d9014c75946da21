import { describe, expect, it } from 'vitest';
import { buildBundle } from '../src/build-bundle.ts';
import { layerSummaries, type LayerSummary } from '../src/layer-summary.ts';
import type { OptimizerPlan } from '../src/optimizer-plan.ts';
import { specOf } from './run-in-process.ts';

const mlp = {
  name: 'summary-test',
  seed: 1,
  model: { recipe: 'mlp-classifier', hidden: [5] },
  data: { source: 'digits' },
  batch: { examples: 100, slots: 2 },
  steps: 4,
};

function curvatureOf(group: object, optimizer: object = {}): readonly LayerSummary[] {
  const groups = [{ name: 'all', match: ['**'], ...group }];
  return buildBundle(specOf({ ...mlp, optimizer: { ...optimizer, groups } })).summary.curvature;
}

const [factorA, factorS] = [(65 * 66) / 2, (5 * 6) / 2];

describe('layerSummaries', () => {
  it.each<[object, object, string, number]>([
    [{ method: 'kfac' }, {}, 'kronecker', 4 * (factorA + factorS)],
    [{ method: 'kfac', fisher: 'forward' }, {}, 'kronecker', 4 * factorA],
    [{ method: 'kfac' }, { codec: { kind: 'bf16' } }, 'kronecker', 2 * (factorA + factorS)],
    [{ method: 'kfac' }, { codec: { kind: 'int8' } }, 'kronecker', factorA + factorS + 4 * 70],
    [{ method: 'ekfac' }, {}, 'eigenbasis', 4 * (factorA + factorS + 65 * 5)],
    [{ method: 'diagonal' }, {}, 'diagonal', 4 * 65 * 5],
    [{ method: 'kernel' }, {}, 'gram', 4 * 100 * (65 + 5 + 5)],
  ])('counts the bytes of %j %j', (group, optimizer, form, bytes) => {
    expect(curvatureOf(group, optimizer)[0]).toMatchObject({
      layer: 'dense1',
      group: 'all',
      kind: 'dense',
      rows: 65,
      columns: 5,
      form,
      bytes,
    });
  });

  it('lists nothing for first-order groups', () => {
    expect(curvatureOf({ method: 'adam' })).toEqual([]);
  });

  it('refuses a layer that would never report, naming it', () => {
    const layer = {
      name: 'silent',
      kind: 'dense',
      weight: 'w',
      inputs: 2,
      outputs: 2,
      bias: false,
      positions: 1,
      sharing: 'none',
    } as const;
    const plan: OptimizerPlan = {
      groups: [{ name: 'all', method: 'kfac', parameters: ['w'], layers: ['silent'], options: {} }],
      curvature: new Map([['silent', { source: 'sampled', form: 'kronecker' }]]),
      programs: {},
      layers: [layer],
      frozen: new Set(),
    };
    expect(() => layerSummaries(plan, {}, { examples: 4 })).toThrow(
      'model: silent: expected statistics in the programs of the run, got none (move it to an adam, sgd or frozen group)',
    );
  });
});
