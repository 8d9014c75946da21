import { createOptimizer, type GroupConfig } from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { firstProgram, takeStep } from './drive.ts';
import { adam, kfac, kfacParameters, layers, layout } from './fixtures.ts';

const head: GroupConfig = { name: 'head', ...adam, parameters: ['head.weight'] };
const kept: GroupConfig = { name: 'kept', method: 'frozen', parameters: ['stem.weight', 'stem.bias', 'scale'] };
const optimizer = createOptimizer({ groups: [kept, head], layers, parameters: layout, totalSteps: 10 });
const parameters = Float32Array.from({ length: layout.size }, (_, i) => [0, -0, 1e-45, -3.25, Math.fround(0.1)][i % 5]);
const step = { step: 1, count: 2, gradientSum: new Float32Array(layout.size).fill(1), parameters };

describe('a frozen group', () => {
  const { delta, state, report } = takeStep(optimizer, optimizer.initialState(), step);

  it('leaves every bit of its parameters as it is, the sign of zero included, and moves the others', () => {
    const moved = parameters.map((value, i) => Math.fround(value + delta[i]));
    moved.forEach((value, i) => expect([i, Object.is(value, parameters[i])]).toEqual([i, i < 21]));
    expect(delta.subarray(0, 21).every((value) => value === 0)).toBe(true);
  });

  it('has no state and no report of its own; the leading group is one that moves', () => {
    expect(Object.keys(state).filter((key) => key.startsWith('kept/'))).toEqual([]);
    expect(Object.keys(report).filter((key) => key.endsWith('/kept'))).toEqual([]);
    expect(report['learningRate']).toBe(report['learningRate/head']);
    expect(firstProgram(optimizer, optimizer.initialState(), step)).toBe('grad');
  });

  it('is described without a learning rate', () => {
    expect(optimizer.describe()[0]).toEqual({ name: 'kept', method: 'frozen', tensors: 3, size: 21, learningRate: '', options: '' });
  });

  it('may be all there is', () => {
    const everything: GroupConfig = { ...kept, parameters: [...kfacParameters, 'scale'] };
    const still = createOptimizer({ groups: [everything], layers, parameters: layout, totalSteps: 1 });
    const answer = takeStep(still, still.initialState(), step);
    expect(answer.delta.every((value) => Object.is(value, -0))).toBe(true);
    expect(answer.report).toMatchObject({ updateNorm: 0 });
  });

  it('has layers that K-FAC groups leave alone', () => {
    const stem = { name: 'stem', ...kfac, layers: ['stem'], parameters: ['stem.weight', 'stem.bias'] };
    const rest: GroupConfig = { ...kept, parameters: ['scale', 'head.weight'] };
    expect(() => createOptimizer({ groups: [stem, rest], layers, parameters: layout, totalSteps: 1 })).not.toThrow();
  });
});
