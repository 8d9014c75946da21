import {
  AnchorError,
  anchorPenalty,
  dampFactors,
  decomposePair,
  kroneckerAnchor,
  SingularPairError,
  solveExactlyDamped,
  solvePair,
  toDense,
} from '@geodesic/natural-gradient';
import { expectClose, flat } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { denseSolve } from '../dense-solve.ts';
import { numbers } from '../fixtures.ts';
import { factorsOf, golden, turned } from './golden-continual.ts';
import { randomFactors, randomSpd } from './random-factors.ts';

const [rows, columns] = [5, 4];
const gradient = numbers(1, rows * columns);
const current = randomFactors(2, rows, columns);
const anchor = kroneckerAnchor('stem', new Float64Array(rows * columns), randomFactors(3, rows, columns));

describe('decomposePair and solvePair', () => {
  it('solve the two Kronecker products of golden/10', () => {
    const { inputs, outputs, tol } = golden['two_kronecker_solve'];
    const old = kroneckerAnchor('w', new Float64Array(12), factorsOf(inputs['A_old'], inputs['S_old']));
    const fresh = factorsOf(inputs['A_new'], inputs['S_new']);
    const pair = decomposePair({ current: fresh, anchor: old, strength: flat(inputs['lam'])[0], damping: 0 });
    expectClose(solvePair(pair, turned(inputs['rhs'])), turned(outputs['X']), tol);
  });

  it.each([0, 1e-3, 1, 300])('solve the dense sum, damped as the library damps (strength %d)', (strength) => {
    const damping = 1e-2;
    const old = toDense(anchor);
    const dense = toDense(dampFactors(current, damping).factors).map((entry, i) => entry + strength * old[i]);
    const pair = decomposePair({ current, anchor, strength, damping });
    expectClose(solvePair(pair, gradient), denseSolve(dense, gradient, 0), { abs: 1e-11, rel: 1e-10 });
  });

  it('need no damping where only one of the two curvatures is positive definite', () => {
    const flatFactors = {
      rows,
      columns,
      input: randomSpd(4, rows, { rank: 2, shift: 0 }),
      output: randomSpd(5, columns, { rank: 1, shift: 0 }),
    };
    for (const [one, other] of [
      [current, flatFactors],
      [flatFactors, current],
    ] as const) {
      const old = kroneckerAnchor('stem', new Float64Array(rows * columns), other);
      const dense = toDense(one).map((entry, i) => entry + 2 * toDense(other)[i]);
      const solution = solvePair(decomposePair({ current: one, anchor: old, strength: 2, damping: 0 }), gradient);
      expectClose(solution, denseSolve(dense, gradient, 0), { abs: 1e-9, rel: 1e-9 });
    }
  });

  it('reach the minimum of a quadratic loss and the penalty in one step', () => {
    const optimum = numbers(20, rows * columns);
    const task = kroneckerAnchor('stem', optimum, current);
    const pulls = [
      { anchor: task, strength: 1 },
      { anchor: { ...anchor, weights: numbers(21, rows * columns) }, strength: 30 },
    ];
    const slope = (w: Float64Array): Float64Array => {
      const [a, b] = pulls.map((pull) => anchorPenalty(pull.anchor, w, { strength: pull.strength }).gradient);
      return a.map((entry, i) => entry + b[i]);
    };
    const start = numbers(22, rows * columns);
    const step = solvePair(decomposePair({ current, anchor, strength: 30, damping: 0 }), slope(start));
    expectClose(slope(start.map((entry, i) => entry - step[i])), new Float64Array(rows * columns), { abs: 1e-11 });
  });

  it('do not depend on how a curvature is split into its factors', () => {
    const scaled = { ...anchor, input: anchor.input.map((entry) => entry * 1e6), output: anchor.output.map((entry) => entry * 1e-6) };
    const solve = (one: typeof anchor): Float64Array =>
      solvePair(decomposePair({ current, anchor: one, strength: 2, damping: 1e-3 }), gradient);
    expectClose(solve(scaled), solve(anchor), { rel: 1e-10, abs: 1e-12 });
  });

  it('are the natural gradient of the present task at the strength 0', () => {
    const solution = solvePair(decomposePair({ current, anchor, strength: 0, damping: 0 }), gradient);
    expectClose(solution, solveExactlyDamped(current, gradient, 0), { rel: 1e-9, abs: 1e-11 });
  });

  it('name the layer where the sum is not positive definite', () => {
    const singular = { rows, columns, input: randomSpd(6, rows, { rank: 2, shift: 0 }), output: randomSpd(7, columns) };
    const old = kroneckerAnchor('blocks/1/stem', new Float64Array(rows * columns), singular);
    const options = { current: singular, anchor: old, strength: 1, damping: 0 };
    expect(() => decomposePair(options)).toThrow(SingularPairError);
    expect(() => decomposePair(options)).toThrow(
      /layer 'blocks\/1\/stem': expected .*positive definite.* at the damping 0 \(raise the damping\)/,
    );
    expect(() => decomposePair({ ...options, damping: 1e-4 })).not.toThrow();
  });

  it('name the layer where both sums are positive definite and that of the products is not', () => {
    const only = (i: number, n: number): Float64Array => Float64Array.from({ length: n * n }, (_, at) => (at === i * (n + 1) ? 1 : 0));
    const fresh = { rows: 2, columns: 2, input: only(0, 2), output: only(0, 2) };
    const old = kroneckerAnchor('w', new Float64Array(4), { rows: 2, columns: 2, input: only(1, 2), output: only(1, 2) });
    expect(() => decomposePair({ current: fresh, anchor: old, strength: 1, damping: 0 })).toThrow(
      "layer 'w': expected a positive definite sum of the new and the old curvature, got the eigenvalue 0",
    );
  });

  it('name the layer whose factor is indefinite', () => {
    const indefinite = { ...current, input: current.input.map((entry, at) => (at === 0 ? -entry : entry)) };
    const strong = { ...anchor, input: anchor.input.map((entry, at) => entry + (at % (rows + 1) === 0 ? 100 : 0)) };
    expect(() => decomposePair({ current: indefinite, anchor: strong, strength: 1, damping: 0 })).toThrow(
      /'stem': expected positive semi-definite factors A/,
    );
  });

  it('refuse other sizes', () => {
    const options = { anchor, strength: 1, damping: 0 };
    expect(() => decomposePair({ ...options, current: randomFactors(1, 4, 4) })).toThrow(AnchorError);
    const pair = decomposePair({ ...options, current });
    expect(() => solvePair(pair, new Float64Array(3))).toThrow(
      "solvePair: layer 'stem': expected a gradient with 20 entries, got 3 entries",
    );
  });
});
