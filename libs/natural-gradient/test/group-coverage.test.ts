import { CoverageError, createOptimizer, type GroupConfig, type LayerRegistration, OptimizerConfigError } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { adam, groups, kfac, kfacParameters, layers, layout, sgd } from './fixtures.ts';

const create = (changed: readonly GroupConfig[], registered: readonly LayerRegistration[] = layers): unknown =>
  createOptimizer({ groups: changed, layers: registered, parameters: layout, totalSteps: 10 });
const [dense, rest] = groups;

describe('checkCoverage', () => {
  it('names a parameter that no group moves', () => {
    expect(() => create([dense])).toThrow(CoverageError);
    expect(() => create([dense])).toThrow("expected parameter 'scale' in exactly one optimizer group, got no group");
  });

  it('names a parameter that two groups move, and the groups', () => {
    const twice = { name: 'more', ...sgd, parameters: ['stem.bias'] };
    expect(() => create([dense, rest, twice])).toThrow("parameter 'stem.bias' in exactly one optimizer group, got 'dense' and 'more'");
    const inside = { ...rest, parameters: ['scale', 'scale'] };
    expect(() => create([dense, inside])).toThrow("got 'rest' and 'rest'");
  });

  it('names a parameter that does not exist', () => {
    expect(() => create([dense, { ...rest, parameters: ['scales'] }])).toThrow('scales');
  });
});

describe('placeLayers', () => {
  it('refuses a layer that is not registered', () => {
    expect(() => create([{ name: 'dense', parameters: kfacParameters, ...kfac, layers: ['stem', 'tail'] }, rest])).toThrow(
      "expected dense.layers to be among stem, head, got 'tail'",
    );
  });

  it('refuses a layer whose bias is in another group', () => {
    const without = { name: 'dense', ...kfac, parameters: ['stem.weight', 'head.weight'] };
    const bias = { name: 'rest', ...adam, parameters: ['scale', 'stem.bias'] };
    expect(() => create([without, bias])).toThrow(
      "expected dense.parameters to be all 16 entries of layer 'stem' (weight and bias, consecutive from offset 0), got '12 of them'",
    );
  });

  it('refuses a parameter that belongs to no layer of the group', () => {
    expect(() => create([{ name: 'dense', ...kfac, parameters: [...kfacParameters, 'scale'] }])).toThrow(
      "weights and biases of its layers (use adam, sgd or frozen for others), got 'scale'",
    );
  });

  it.each(['embedding', 'norm'] as const)('refuses a layer of kind %s where the method has no curvature for it, naming both', (kind) => {
    const registered = layers.map((layer) => (layer.name === 'stem' ? { ...layer, kind } : layer));
    const { fisher: _fisher, dampingRule: _rule, ...shared } = kfac;
    const metric: GroupConfig = { name: 'dense', parameters: kfacParameters, ...shared, method: 'metric-kfac' };
    expect(() => create([metric, rest], registered)).toThrow(
      'expected dense.layers to be layers of kind dense or conv for method metric-kfac (move the others to an adam, sgd or frozen group), ' +
        `got 'stem, of kind ${kind}'`,
    );
  });

  it('refuses a convolution, or shared positions, for the kernel trick', () => {
    const { learningRate, momentum, klClip, damping, weightDecay } = kfac;
    const natural = { learningRate, momentum, klClip, damping, weightDecay, layers: kfac.layers };
    const kernel: GroupConfig = { name: 'dense', parameters: kfacParameters, ...natural, method: 'kernel', fisher: 'sampled', spring: 0 };
    const withStem = (change: object) => layers.map((layer) => (layer.name === 'stem' ? { ...layer, ...change } : layer));
    expect(() => create([kernel, rest])).not.toThrow();
    expect(() => create([kernel, rest], withStem({ kind: 'conv' }))).toThrow('kind dense for method kernel');
    expect(() => create([kernel, rest], withStem({ positions: 3 }))).toThrow(
      'layers with one position an example for method kernel (move the others to an adam, sgd or frozen group), ' +
        "got 'stem, with 3 positions'",
    );
  });

  it('takes a convolution by its filter as a matrix', () => {
    const registered = layers.map((layer) => (layer.name === 'stem' ? { ...layer, kind: 'conv' as const } : layer));
    expect(() => create(groups, registered)).not.toThrow();
  });

  it('refuses a layer that is named twice', () => {
    const twice = { name: 'dense', parameters: kfacParameters, ...kfac, layers: ['stem', 'head', 'stem'] };
    expect(() => create([twice, rest])).toThrow("expected dense.layers to be layers that do not overlap, named once each, got 'stem'");
  });

  it('refuses a registration that does not match the layout', () => {
    const shifted = layers.map((layer) => (layer.name === 'head' ? { ...layer, offset: 20 } : layer));
    expect(() => create(groups, shifted)).toThrow(OptimizerConfigError);
    const hollow = layers.map((layer) => (layer.name === 'head' ? { ...layer, outputs: 0 } : layer));
    expect(() => create(groups, hollow)).toThrow('layer head.outputs');
    expect(() => create(groups, [...layers, layers[0]])).toThrow('layers to be registered once each');
  });
});
