import { describe, expect, it } from 'vitest';
import { OptimizerConfigError } from '../../src/errors.ts';
import { LbfgsGroup } from '../../src/first-order/lbfgs.ts';
import { MuonGroup } from '../../src/first-order/muon.ts';
import { checkPeer, createPeer, describePeer, type PeerGroupConfig } from '../../src/first-order/peer.ts';
import { ShampooGroup } from '../../src/first-order/shampoo.ts';
import { SoapGroup } from '../../src/first-order/soap.ts';
import { constant, numbers } from '../fixtures.ts';
import { entries, inputAt, linalg, type PlainGroup, walk } from './peer-runs.ts';

const base = { name: 'all', parameters: ['in.weight', 'in.bias', 'filter'], learningRate: constant(0.1), weightDecay: 0.01 };

const peers = {
  soap: { ...base, method: 'soap', beta1: 0.95, beta2: 0.95, shampooBeta: 0.9, epsilon: 1e-8, refreshEvery: 2 },
  shampoo: {
    ...base,
    method: 'shampoo',
    beta2: 1,
    momentum: 0.9,
    epsilon: 1e-6,
    refreshEvery: 2,
    graft: 'adam',
    startStep: 2,
    maxDimension: 5,
  },
  muon: {
    ...base,
    method: 'muon',
    momentum: 0.95,
    nesterov: true,
    iterations: 5,
    adamParameters: ['filter'],
    adamLearningRate: constant(0.01),
  },
  lbfgs: { ...base, method: 'lbfgs', history: 3 },
} as const satisfies Record<string, PeerGroupConfig>;

const classes = { soap: SoapGroup, shampoo: ShampooGroup, muon: MuonGroup, lbfgs: LbfgsGroup };
const names = Object.keys(peers) as (keyof typeof peers)[];

describe.each(names)('createPeer, %s', (name) => {
  const group = createPeer(peers[name], { parameters: entries, totalSteps: 20, linalg }) as PlainGroup & ReturnType<typeof createPeer>;

  it('makes a group of the method over the given parameters', () => {
    expect(group).toBeInstanceOf(classes[name]);
    expect(group.name).toBe('all');
    expect(group.spans.map(({ offset }) => offset)).toEqual([0, 15, 18]);
    expect(group.statisticsDue(1, group.initialState())).toBe(false);
  });

  it('resumes to the same bits from a copy of its state, and never changes its keys or lengths', () => {
    const whole = walk(group, { size: 42, to: 9 });
    const half = walk(group, { size: 42, to: 4 });
    const rest = walk(group, { size: 42, from: 5, to: 9, state: structuredClone(half.state) });
    expect(rest.updates).toEqual(whole.updates.slice(4));
    expect(rest.state).toEqual(whole.state);
    const lengths = (state: Record<string, Float64Array>): unknown =>
      Object.fromEntries(Object.entries(state).map(([key, { length }]) => [key, length]));
    expect(lengths(whole.state)).toEqual(lengths(group.initialState()));
  });

  it('writes neither to its state nor to its input, and keeps nothing of the input', () => {
    let { state } = walk(group, { size: 42, to: 3 });
    for (let step = 4; step <= 6; step++) {
      const before = structuredClone(state);
      const gradient = numbers(step, 42);
      const parameters = Float32Array.from(numbers(50 + step, 42));
      const output = group.step(state, inputAt(step, gradient, parameters));
      expect(state).toEqual(before);
      expect(gradient).toEqual(numbers(step, 42));
      expect(parameters).toEqual(Float32Array.from(numbers(50 + step, 42)));
      const after = structuredClone(output.state);
      gradient.fill(7);
      parameters.fill(7);
      output.update.fill(7);
      expect(output.state).toEqual(after);
      state = output.state;
    }
  });
});

describe('checkPeer', () => {
  it.each(names)('takes %s as published', (name) => expect(() => checkPeer(peers[name])).not.toThrow());

  it('takes Shampoo from the first step on, without a graft', () => {
    expect(() => checkPeer({ ...peers.shampoo, graft: 'none', startStep: 0 })).not.toThrow();
  });

  it.each([
    ['soap', { shampooBeta: 1 }, 'expected all.shampooBeta to be a number in [0, 1), got 1'],
    ['soap', { refreshEvery: 0 }, 'expected all.refreshEvery to be an integer of at least 1, got 0'],
    ['soap', { maxDimension: 0.5 }, 'expected all.maxDimension to be an integer of at least 1, got 0.5'],
    ['shampoo', { beta2: 1.5 }, 'expected all.beta2 to be a number in [0, 1), got 1.5'],
    ['shampoo', { graft: 'lamb' }, "expected all.graft to be adam, sgd or none, got 'lamb'"],
    ['shampoo', { graft: 'none' }, 'expected all.startStep to be at most 1 without a graft to start with, got 2'],
    ['muon', { adamParameters: ['head'] }, "expected all.adamParameters to be names among the parameters of the group, got 'head'"],
    [
      'muon',
      { adamLearningRate: { ...constant(1), shape: 'step' } },
      'expected all.adamLearningRate.shape to be constant, linear or cosine',
    ],
    ['lbfgs', { history: 0 }, 'expected all.history to be an integer of at least 1, got 0'],
    ['lbfgs', { weightDecay: -1 }, 'expected all.weightDecay to be a number of at least 0, got -1'],
  ] as const)('refuses %s with %j', (name, change, message) => {
    const check = (): void => checkPeer({ ...peers[name], ...change } as PeerGroupConfig);
    expect(check).toThrow(OptimizerConfigError);
    expect(check).toThrow(message);
  });
});

describe('describePeer', () => {
  it('says the options of each in words', () => {
    expect(names.map((name) => describePeer(peers[name]).join(', '))).toEqual([
      'betas 0.95 0.95, epsilon 1e-8, basis every 2 (decay 0.9)',
      'momentum 0.9, epsilon 0.000001, roots every 2 (sums), graft adam, from step 2, sides up to 5',
      'Nesterov momentum 0.95, 5 iterations, Adam at 0.01 for vectors and filter',
      'history 3',
    ]);
  });
});
