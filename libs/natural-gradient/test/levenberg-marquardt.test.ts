import { describe, expect, it } from 'vitest';
import { expectClose } from '@geodesic/testing';
import { RoundFailedError, SearchFailedError } from '../src/errors.ts';
import { createLeastSquares, type LeastSquaresOutput, passesOf } from '../src/least-squares/levenberg-marquardt.ts';
import type { LeastSquaresConfig } from '../src/least-squares/config.ts';
import type { FloatArray, RoundRequest, RoundTotals } from '../src/rounds.ts';
import { added, points, sumsAt, truth } from './curve-fit.ts';
import { denseSolve } from './dense-solve.ts';
import { drive } from './drive.ts';
import { numbers } from './fixtures.ts';

const config: LeastSquaresConfig = { damping: 1e-2, minDamping: 1e-14, maxDamping: 1e6, order: 2 };
const start = Float64Array.of(1, 0.5, 0.5, 2);
const far = Float64Array.of(3, 0.05, 0.1, 8);
type Worker = (theta: FloatArray, request: RoundRequest) => RoundTotals;
const whole: Worker = (theta, request) => sumsAt(theta, request, points);

interface FitOptions {
  readonly steps?: number;
  readonly worker?: Worker;
  readonly precision?: 'float32' | 'float64';
  readonly from?: Float64Array;
}

/** Takes steps; the last of them is told. */
function fit(options: Partial<LeastSquaresConfig>, { steps = 30, worker = whole, precision = 'float64', from = start }: FitOptions = {}) {
  const solver = createLeastSquares({ ...config, ...options }, { size: 4, precision });
  let state = solver.initialState();
  const theta: FloatArray = precision === 'float64' ? from.slice() : Float32Array.from(from);
  const taken: { readonly output: LeastSquaresOutput; readonly requests: readonly RoundRequest[] }[] = [];
  for (let step = 1; step <= steps; step++) {
    const { result: output, requests } = drive(solver.step(state, { step, parameters: theta }), (request) => worker(theta, request));
    taken.push({ output, requests });
    for (let i = 0; i < theta.length; i++) theta[i] += output.delta[i];
    state = output.state;
  }
  return { theta, taken, state };
}

/** Steps until the objective is below a bound. */
function stepsTo(bound: number, options: Partial<LeastSquaresConfig>): number {
  return fit(options, { steps: 120, from: far }).taken.findIndex(({ output }) => output.report['after'] < bound) + 1;
}

describe('createLeastSquares', () => {
  it.each([1, 2, 3, 5])('finds the parameters that made the data, along paths of order %i', (order) => {
    const { theta, taken } = fit({ order }, { steps: 60 });
    expectClose(theta, truth, { rel: 1e-5 });
    const objectives = taken.map(({ output }) => output.report['objective']);
    for (let i = 1; i < objectives.length; i++) expect(objectives[i]).toBeLessThanOrEqual(objectives[i - 1]);
  });

  it('needs fewer steps with acceleration than without', () => {
    const steps = [1, 2, 4].map((order) => stepsTo(1e-16, { order }));
    expect(steps[1]).toBeLessThan(steps[0]);
    expect(steps[2]).toBeLessThanOrEqual(steps[1]);
  });

  it('takes the step of the damped normal equations at order 1', () => {
    const { taken } = fit({ order: 1 }, { steps: 1 });
    const { sums, count } = whole(start, { program: 'normal' });
    const [matrix, right] = ['JJ', 'Jr'].map((name) => Float64Array.from(sums.get(name)!, (entry) => entry / count));
    const { rejections, damping } = taken[0].output.report;
    expect(damping).toBe(1e-2 * 2 ** rejections);
    expectClose(
      taken[0].output.delta,
      denseSolve(matrix, right, damping).map((entry) => -entry),
      { rel: 1e-12 },
    );
  });

  it('adds half the acceleration of the residuals at order 2', () => {
    const [{ output, requests }] = fit({ order: 2, acceleration: 1e9 }, { steps: 1 }).taken;
    const { damping, rejections } = output.report;
    const normal = whole(start, { program: 'normal' });
    const [matrix, right] = ['JJ', 'Jr'].map((name) => Float64Array.from(normal.sums.get(name)!, (entry) => entry / points.length));
    const first = denseSolve(matrix, right, damping).map((entry) => -entry);
    // The second derivative by central differences of r along the direction, through J'r of the sums' own Jacobian.
    const eps = 1e-4;
    const at = (t: number) => start.map((entry, i) => entry + t * first[i]);
    const model = (t: Float64Array, x: number): number => t[0] * Math.exp(-t[1] * x) + t[2] * Math.exp(-t[3] * x);
    const second = points.map((x) => (model(at(eps), x) - 2 * model(at(0), x) + model(at(-eps), x)) / eps ** 2);
    const Jrvv = Float64Array.from({ length: 4 }, (_, i) => {
      const there = (h: number) => start.map((entry, j) => entry + (i === j ? h : 0));
      return points.reduce((sum, x, n) => sum + ((model(there(1e-6), x) - model(there(-1e-6), x)) / 2e-6) * second[n], 0) / points.length;
    });
    const half = denseSolve(matrix, Jrvv, damping).map((entry) => -entry / 2);
    expectClose(
      output.delta,
      first.map((entry, i) => entry + half[i]),
      { rel: 1e-5 },
    );
    expect(requests.map(({ program }) => program)).toEqual([
      'normal',
      ...Array.from({ length: rejections + 1 }, () => ['acceleration', 'trial']).flat(),
    ]);
    expectClose(requests.at(-2)!.vectors!['direction'], first, { rel: 1e-12 });
  });

  it('leaves an acceleration out that does not shrink', () => {
    const [{ output, requests }] = fit({ order: 3, acceleration: 1e-9 }, { steps: 1 }).taken;
    expect(output.report['order']).toBe(1);
    expect(requests.some(({ program }) => program === 'acceleration-3')).toBe(false);
    expect(output.delta).toEqual(fit({ order: 1 }, { steps: 1 }).taken[0].output.delta);
  });

  it('sends the derivatives of the path so far, by order', () => {
    const requests = fit({ order: 4, acceleration: 1e9 }, { steps: 1 }).taken[0].requests;
    const names = (program: string) => Object.keys(requests.find((request) => request.program === program)!.vectors!);
    expect(names('acceleration')).toEqual(['direction']);
    expect(names('acceleration-3')).toEqual(['direction', 'direction-2']);
    expect(names('acceleration-4')).toEqual(['direction', 'direction-2', 'direction-3']);
  });

  it('straightens the residuals: with order K they leave (1 - t) r to the power K + 1', () => {
    // Four examples, four parameters, almost no damping: J is square, so that every order can be met exactly.
    const few = [0.1, 0.9, 2, 3.5];
    const near = Float64Array.from(truth, (entry) => entry * 1.002);
    const errors = [1, 2, 3].map((order) => {
      const solver = createLeastSquares({ ...config, damping: 1e-13, order, acceleration: 1e9 }, { size: 4, precision: 'float64' });
      return drive(solver.step(solver.initialState(), { step: 1, parameters: near }), (request) => sumsAt(near, request, few)).result
        .report['after'];
    });
    expect(errors[1]).toBeLessThan(errors[0] * 1e-2);
    expect(errors[2]).toBeLessThan(errors[1] * 1e-2);
  });

  it('gives the same result over 1, 2 and 5 shards to rounding, and with a fixed tree the same bits', () => {
    const sharded =
      (shards: number): Worker =>
      (theta, request) => {
        const rows = points.length / shards;
        return added(Array.from({ length: shards }, (_, shard) => sumsAt(theta, request, points.slice(shard * rows, (shard + 1) * rows))));
      };
    // Ten slots in any hands: their sums arrive in the order of the shards, and are added in the order of the slots.
    const slotted =
      (shards: number): Worker =>
      (theta, request) => {
        const slots = Array.from({ length: 10 }, (_, slot) => slot);
        const arriving = slots.toSorted((a, b) => (a % shards) - (b % shards) || b - a);
        const sums = new Map(arriving.map((slot) => [slot, sumsAt(theta, request, points.slice(slot * 4, slot * 4 + 4))]));
        return added(slots.map((slot) => sums.get(slot)!));
      };
    const [one, ...others] = [1, 2, 5].map((shards) => fit({ order: 3 }, { steps: 8, worker: sharded(shards) }).theta);
    for (const other of others) expectClose(other, one, { rel: 1e-9 });
    const [alone, ...together] = [1, 2, 5].map((shards) => fit({ order: 3 }, { steps: 8, worker: slotted(shards) }));
    for (const other of together) {
      expect(other.theta).toEqual(alone.theta);
      expect(other.taken).toEqual(alone.taken);
    }
  });

  it.each([
    [0.9, 1 / 4],
    [0.5, 1],
    [0.1, 3],
  ])('after a ratio of reductions of %d multiplies the damping by %d', (ratio, factor) => {
    const options = { order: 1, lowerBy: 4, raiseBy: 3, rejectBy: 10 };
    const { objective, after, ratio: real } = fit(options, { steps: 1 }).taken[0].output.report;
    const expected = (objective - after) / real;
    const told: Worker = (theta, request) => {
      const totals = whole(theta, request);
      if (request.program !== 'trial') return totals;
      return { ...totals, columns: new Map([...totals.columns, ['objective', totals.count * (objective - ratio * expected)]]) };
    };
    const { taken, state } = fit(options, { steps: 1, worker: told });
    expectClose(taken[0].output.report['ratio'], ratio, { rel: 1e-9 });
    expectClose(state['damping'][0], 1e-2 * factor, { rel: 1e-12 });
  });

  it('raises the damping at a rejection, and tells the next attempt why', () => {
    const { requests, output } = fit({ order: 1, damping: 1e-9 }, { steps: 4, from: far }).taken.find(
      ({ output: { report } }) => report['rejections'] > 0,
    )!;
    const attempts = requests.filter(({ program }) => program === 'trial');
    const { damping, rejections } = output.report;
    expect(attempts.map(({ attempt }) => attempt)).toEqual(attempts.map((_, i) => i));
    expect(attempts[0].rejected).toBeUndefined();
    expectClose(
      attempts.slice(1).map(({ rejected }) => rejected!.damping),
      attempts.slice(1).map((_, i) => damping / 2 ** (rejections - 1 - i)),
      { rel: 1e-12 },
    );
    for (const { rejected } of attempts.slice(1))
      expect(rejected!.reason).toMatch(/the objective (goes from .* to .*|is not finite there)/);
  });

  it('counts passes: forward 1/3, forward derivative 2/3, backward 2/3', () => {
    expect(['normal', 'acceleration', 'acceleration-3', 'trial'].map(passesOf)).toEqual([1, 2, 8 / 3, 1 / 3]);
    const { output, requests } = fit({ order: 3 }, { steps: 1 }).taken[0];
    expectClose(
      output.report['passes'],
      requests.reduce((sum, { program }) => sum + passesOf(program), 0),
      { rel: 1e-12 },
    );
  });

  it('rejects a step to an objective that is not finite, or that no worker could compute', () => {
    let failures = 2;
    const failing: Worker = (theta, request) => {
      if (request.program !== 'trial' || failures-- <= 0) return whole(theta, request);
      if (failures === 0) throw new RoundFailedError({ reason: 'out of memory' });
      return {
        ...whole(theta, request),
        columns: new Map([
          ['objective', 0],
          ['sound', 39],
        ]),
      };
    };
    const solver = createLeastSquares(config, { size: 4, precision: 'float64' });
    const rounds = solver.step(solver.initialState(), { step: 1, parameters: start });
    const reasons: string[] = [];
    let next = rounds.next();
    while (next.done !== true) {
      if (next.value.rejected) reasons.push(next.value.rejected.reason);
      try {
        next = rounds.next(failing(start, next.value));
      } catch (error) {
        next = rounds.throw(error);
      }
    }
    expect(reasons.slice(0, 2)).toEqual(['the objective is not finite there', 'out of memory']);
  });

  it('fails with its reasons after too many rejections', () => {
    const worse: Worker = (theta, request) =>
      request.program === 'trial'
        ? {
            count: 40,
            sums: new Map(),
            columns: new Map([
              ['objective', 1e9],
              ['sound', 40],
            ]),
          }
        : whole(theta, request);
    expect(() => fit({ maxRejections: 3 }, { steps: 1, worker: worse })).toThrow(SearchFailedError);
  });

  it('stays where it is when nothing is left to gain', () => {
    const { taken } = fit({ order: 2 }, { steps: 60 });
    const { output, requests } = taken.at(-1)!;
    expect(output.report).toMatchObject({ converged: 1, rejections: 0 });
    expect(output.delta).toEqual(new Float64Array(4));
    expect(requests.map(({ program }) => program)).toEqual(['normal']);
  });

  it('broadcasts float32 vectors and answers a float32 change by default', () => {
    const { theta, taken } = fit({ order: 2 }, { steps: 20, precision: 'float32' });
    expect(taken[0].output.delta).toBeInstanceOf(Float32Array);
    expect(taken[0].requests[1].vectors!['direction']).toBeInstanceOf(Float32Array);
    expectClose(theta, truth, { rel: 1e-2 });
  });

  it('solves linear least squares in one step', () => {
    const [rows, right] = [numbers(3, 40), numbers(4, 10)];
    const sums = (theta: FloatArray, { program, move }: RoundRequest): RoundTotals => {
      const at = program === 'trial' ? theta.map((entry, i) => entry + move!.direction[i]) : theta;
      const r = Float64Array.from(right, (entry, n) => rows.subarray(n * 4, n * 4 + 4).reduce((sum, x, i) => sum + x * at[i], 0) - entry);
      const JJ = Float64Array.from({ length: 16 }, (_, k) =>
        right.reduce((sum, _y, n) => sum + rows[n * 4 + (k >> 2)] * rows[n * 4 + (k & 3)], 0),
      );
      const Jr = Float64Array.from({ length: 4 }, (_, i) => r.reduce((sum, entry, n) => sum + entry * rows[n * 4 + i], 0));
      return {
        count: 10,
        sums: new Map([
          ['JJ', JJ],
          ['Jr', Jr],
        ]),
        columns: new Map([
          ['objective', r.reduce((s, e) => s + (e * e) / 2, 0)],
          ['sound', 10],
        ]),
      };
    };
    const solver = createLeastSquares({ ...config, damping: 1e-14, order: 1 }, { size: 4, precision: 'float64' });
    const { result } = drive(solver.step(solver.initialState(), { step: 1, parameters: start }), (request) =>
      sums(new Float64Array(4), request),
    );
    const normal = sums(new Float64Array(4), { program: 'normal' });
    const exact = denseSolve(normal.sums.get('JJ') as Float64Array, normal.sums.get('Jr') as Float64Array, 0).map((entry) => -entry);
    expectClose(result.delta, exact, { rel: 1e-10 });
    expectClose(result.report['ratio'], 1, { rel: 1e-9 });
  });

  it('refuses options out of range', () => {
    const refuse = (options: Partial<LeastSquaresConfig>) => () => createLeastSquares({ ...config, ...options }, { size: 4 });
    expect(refuse({ order: 0 })).toThrow(/createLeastSquares: expected order to be a whole number of at least 1, got 0/);
    expect(refuse({ damping: 0 })).toThrow(/damping/);
    expect(refuse({ rejectBy: 1 })).toThrow(/rejectBy/);
    expect(refuse({ maxRejections: 1.5 })).toThrow(/maxRejections/);
  });
});
