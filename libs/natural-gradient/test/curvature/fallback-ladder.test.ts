import { expectClose } from '@geodesic/testing';
import {
  createCurvature,
  type CurvatureConfig,
  type FailedLayerFactor,
  SingularFactorError,
  type StateTree,
} from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { layerOf, settle } from './layer-cases.ts';

const healthy = [1, 0.2, 0.2, 2];
/** Of trace zero: no pi splits the damping, and no damping below 1 makes it positive. */
const hopeless = [1, 0, 0, -1];
const damping = 0.01;

interface Ladder {
  readonly name: string;
  readonly config: CurvatureConfig;
  readonly kind: 'dense' | 'embedding';
  /** Statistics with S (or F) as given; `a` entries of A. */
  readonly sums: (matrix: readonly number[]) => Map<string, readonly number[]>;
  readonly inverse: string;
  readonly shape: { rows: number; columns: number };
}

const pi: CurvatureConfig = { method: 'kfac', factorDecay: 0 };
const shape = { rows: 2, columns: 2 };
const ladders: readonly Ladder[] = [
  {
    name: 'kfac',
    config: pi,
    kind: 'dense',
    inverse: 'l/inverseS',
    shape,
    sums: (s) =>
      new Map([
        ['A/l', healthy],
        ['S/l', s],
      ]),
  },
  {
    name: 'kfac of an embedding',
    config: pi,
    kind: 'embedding',
    inverse: 'l/inverseS',
    shape,
    sums: (s) =>
      new Map([
        ['A/l', [0.5, 0]],
        ['S/l', s],
      ]),
  },
];

function advance(ladder: Ladder, state: StateTree, at: { step: number; matrix: readonly number[] }): StateTree {
  const curvature = createCurvature(ladder.config, [layerOf(ladder.shape, ladder.kind)], {});
  const known = curvature.absorb(state, { step: at.step, count: 1, statistics: ladder.sums(at.matrix) });
  return settle(curvature.refresh(known, { step: at.step, damping }));
}

describe.each(ladders)('the ladder of $name', (ladder) => {
  const curvature = createCurvature(ladder.config, [layerOf(ladder.shape, ladder.kind)], {});
  const reportOf = (state: StateTree, step: number) => curvature.report(state, step)[0];
  const first = advance(ladder, curvature.initialState(), { step: 1, matrix: healthy });

  it('keeps the last good inverse three times in a row, then takes the diagonal, and recovers', () => {
    let state = first;
    for (const step of [2, 3, 4]) {
      state = advance(ladder, state, { step, matrix: hopeless });
      expect(state[ladder.inverse]).toEqual(first[ladder.inverse]);
      expect(reportOf(state, step)).toMatchObject({ kept: step - 1, fallbacks: step - 1, diagonal: 0, staleness: step - 1 });
    }
    for (const step of [5, 6]) {
      state = advance(ladder, state, { step, matrix: hopeless });
      expect(reportOf(state, step)).toMatchObject({ kept: 3, fallbacks: step - 1, diagonal: step - 4, staleness: 0 });
      const numbersOf = Object.values(reportOf(state, step)).filter((value) => typeof value === 'number');
      expect(numbersOf.every((value) => Number.isFinite(value))).toBe(true);
      const direction = curvature.solve(state, Float64Array.of(1, 2, -3, 4));
      expect(direction.every((value) => Number.isFinite(value))).toBe(true);
      // Along the gradient it still goes down.
      expect(direction[0] + 2 * direction[1] - 3 * direction[2] + 4 * direction[3]).toBeGreaterThan(0);
    }
    state = advance(ladder, state, { step: 7, matrix: healthy });
    expect(state[ladder.inverse]).toEqual(first[ladder.inverse]);
    state = advance(ladder, state, { step: 8, matrix: hopeless });
    expect(reportOf(state, 8)).toMatchObject({ kept: 4, diagonal: 2, staleness: 1 });
  });

  it('refuses, naming the layer, when there is nothing to keep', () => {
    const start = (): StateTree => advance(ladder, curvature.initialState(), { step: 1, matrix: hopeless });
    expect(start).toThrow(SingularFactorError);
    expect(start).toThrow("factors of layer 'l'");
  });
});

describe('factors that float32 sums left indefinite', () => {
  const mild = [1, 0, 0, -0.2];

  it('are inverted with negative eigenvalues as zero, counted and handed out', () => {
    const failures: FailedLayerFactor[] = [];
    const curvature = createCurvature(pi, [layerOf(shape)], { onFailedFactor: (failure) => failures.push(failure) });
    const known = curvature.absorb(curvature.initialState(), { step: 3, count: 1, statistics: ladders[0].sums(mild) });
    const state = settle(curvature.refresh(known, { step: 3, damping }));
    expect(curvature.report(state, 3)[0]).toMatchObject({ fallbacks: 1, clamped: 1, kept: 0, diagonal: 0 });
    expect(failures).toMatchObject([{ layer: 'l', factor: 'S', step: 3, rung: 'float64', n: 2 }]);
  });

  it('are so in a dense block too', () => {
    const failures: FailedLayerFactor[] = [];
    const block = createCurvature({ method: 'block', factorDecay: 0 }, [layerOf({ rows: 2, columns: 1 })], {
      onFailedFactor: (failure) => failures.push(failure),
    });
    const known = block.absorb(block.initialState(), { step: 1, count: 1, statistics: new Map([['F/l', hopeless]]) });
    const state = settle(block.refresh(known, { step: 1, damping }));
    expectClose(block.solve(state, Float64Array.of(1, 1)), [1 / 1.01, 100], { rel: 1e-13 });
    expect(block.report(state, 1)[0]).toMatchObject({ clamped: 1, fallbacks: 1 });
    expect(failures).toMatchObject([{ factor: 'F', layer: 'l' }]);
  });

  it('count as zero in the eigenbasis, the diagonal and the unit', () => {
    const solveWith = (
      config: CurvatureConfig,
      kind: 'dense' | 'norm',
      sums: Record<string, readonly number[]>,
      v: number[],
    ): Float64Array => {
      const curvature = createCurvature(config, [layerOf({ rows: 2, columns: v.length / 2 }, kind)], {});
      const known = curvature.absorb(curvature.initialState(), { step: 1, count: 1, statistics: new Map(Object.entries(sums)) });
      return curvature.solve(settle(curvature.refresh(known, { step: 1, damping })), Float64Array.from(v));
    };
    const eigen = solveWith({ ...pi, dampingRule: 'eigenbasis' }, 'dense', { 'A/l': mild, 'S/l': [1] }, [1, 1]);
    expectClose(eigen, [1 / 1.01, 100], { rel: 1e-12 });
    expectClose(solveWith({ method: 'diagonal', factorDecay: 0 }, 'dense', { 'D/l': [1, -0.2] }, [1, 1]), [1 / 1.01, 100], { rel: 1e-12 });
    // p q above what p^2 and q^2 allow: the two then count as independent.
    expectClose(solveWith(pi, 'norm', { 'U/l': [1, 1.2, 1] }, [1, 2]), [1 / 1.01, 2 / 1.01], { rel: 1e-12 });
  });
});
