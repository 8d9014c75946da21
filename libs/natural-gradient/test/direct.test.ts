import { createOptimizer, type KfacConfig, type Optimizer, type StateTree, type StepOutput } from '@geodesic/natural-gradient';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { takeStep } from './drive.ts';
import { groups, inputAt, kfac, layers, layout, numbers, statisticsAt } from './fixtures.ts';

const parameters = Float32Array.from(numbers(5, layout.size));

function optimizerOf(change: Partial<KfacConfig>, precision: 'float32' | 'float64' = 'float32'): Optimizer {
  const dense = { ...groups[0], ...kfac, statisticsEvery: 1, inverseEvery: 1, factorDecay: 0, ...change };
  return createOptimizer({ groups: [dense, groups[1]], layers, parameters: layout, totalSteps: 20, precision });
}

/** Steps whose statistics move for the layer `head` only. */
function steps(optimizer: Optimizer, last: number): StepOutput[] {
  let state: StateTree = optimizer.initialState();
  return Array.from({ length: last }, (_, i) => {
    const moving = [...statisticsAt(i + 1)].filter(([name]) => name.endsWith('/head'));
    const statistics = new Map([...statisticsAt(1), ...moving]);
    const output = takeStep(optimizer, state, { ...inputAt(i + 1, parameters), statistics });
    state = output.state;
    return output;
  });
}

const refreshedAt = (outputs: readonly StepOutput[], layer: string): number[] =>
  outputs.map(({ state }) => state[`dense/${layer}/inverseStep`][0]);

describe('DirectDescent with inverseWhenMoved', () => {
  it('refreshes a layer in the step after the one whose statistics had moved, and no other layer', () => {
    const outputs = steps(optimizerOf({ inverseWhenMoved: 0.05 }), 6);
    expect(refreshedAt(outputs, 'stem')).toEqual([1, 1, 1, 1, 1, 1]);
    expect(refreshedAt(outputs, 'head')).toEqual([1, 1, 3, 3, 5, 5]);
    expect(outputs.map(({ state }) => [...state['dense/refreshDue']])).toEqual([
      [0, 0],
      [0, 1],
      [0, 0],
      [0, 1],
      [0, 0],
      [0, 1],
    ]);
  });

  it('only looks at the steps of its cadence', () => {
    const outputs = steps(optimizerOf({ inverseWhenMoved: 0.05, inverseEvery: 4 }), 6);
    expect(refreshedAt(outputs, 'head')).toEqual([1, 1, 1, 1, 5, 5]);
  });

  it('always refreshes without it', () => {
    const outputs = steps(optimizerOf({}), 3);
    expect(refreshedAt(outputs, 'stem')).toEqual([1, 2, 3]);
    expect(Object.keys(outputs[0].state)).not.toContain('dense/refreshDue');
  });
});

describe('the report of layers', () => {
  it('shares the KL divergence of the group among its layers', () => {
    const [{ layers: rows }] = steps(optimizerOf({}), 1);
    expect(rows.map(({ group, layer }) => [group, layer])).toEqual([
      ['dense', 'stem'],
      ['dense', 'head'],
    ]);
    expectClose(
      rows.reduce((sum, { share = 0 }) => sum + share, 0),
      1,
      { rel: 1e-15 },
    );
    expect(rows.every(({ share = 0 }) => share > 0)).toBe(true);
  });
});

describe('the precision of an optimiser', () => {
  it('is float32, or whatever a caller computes in: float64 rounds nothing', () => {
    const [rounded, exact] = (['float32', 'float64'] as const).map((precision) => steps(optimizerOf({}, precision), 2)[1].delta);
    expect(rounded).toBeInstanceOf(Float32Array);
    expect(exact).toBeInstanceOf(Float64Array);
    expect(new Float32Array(exact)).toEqual(rounded);
    expect(exact).not.toEqual(new Float64Array(rounded));
  });
});
