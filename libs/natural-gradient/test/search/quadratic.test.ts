import { expectClose } from '@geodesic/testing';
import {
  combine,
  createOptimizer,
  type FloatArray,
  type GroupConfig,
  type KfacConfig,
  type Optimizer,
  type QuadraticSearch,
  RoundFailedError,
  type RoundRequest,
  type RoundTotals,
  SearchFailedError,
  type StateTree,
  type StepOutput,
} from '@geodesic/natural-gradient';
import { describe, expect, it } from 'vitest';
import { denseSolve } from '../dense-solve.ts';
import { type Answer, drive } from '../drive.ts';
import { numbers } from '../fixtures.ts';
import { everything, exactKfac, type Held, layers, layout, LeastSquares, search } from '../least-squares.ts';

const problem = new LeastSquares();
const start = numbers(7, 8);

interface Options {
  readonly change?: Partial<QuadraticSearch>;
  readonly kfac?: Partial<KfacConfig>;
  readonly groups?: readonly GroupConfig[];
  readonly precision?: 'float32' | 'float64';
}

function optimizerOf({ change, kfac, groups = everything({ ...exactKfac, ...kfac }), precision = 'float64' }: Options = {}): Optimizer {
  return createOptimizer({ groups, layers, parameters: layout, totalSteps: 50, search: { ...search, ...change }, precision });
}

/** Where a run stands. */
interface Standing extends Held {
  readonly step: number;
  readonly state: StateTree;
}

interface Taken extends Standing {
  readonly output: StepOutput;
  readonly requests: readonly RoundRequest[];
}

const begin = (optimizer: Optimizer, parameters: FloatArray = start): Standing => ({
  step: 0,
  state: optimizer.initialState(),
  parameters,
  previous: parameters.map(() => 0),
});

/** One step; `answer` may change what a round comes to. */
function take(
  optimizer: Optimizer,
  at: Standing,
  options: { from?: LeastSquares; answer?: (request: RoundRequest, totals: RoundTotals) => RoundTotals | Error } = {},
): Taken {
  const { from = problem, answer = (_, totals) => totals } = options;
  const respond: Answer = (request) => answer(request, from.totals(request, at));
  const step = at.step + 1;
  const { result: output, requests } = drive(optimizer.step(at.state, { step, parameters: at.parameters }), respond);
  const parameters = at.parameters.map((value, i) => value + output.delta[i]);
  return { step: output.rejected ? at.step : step, state: output.state, parameters, previous: output.delta, output, requests };
}

/** The standing before each of so many steps, and after the last. */
function takeMany(optimizer: Optimizer, from: Standing, steps: number, options: Parameters<typeof take>[2] = {}): Standing[] {
  const moments = [from];
  for (let i = 0; i < steps; i++) moments.push(take(optimizer, moments[i], options));
  return moments;
}

const phases = (requests: readonly RoundRequest[]): string[] =>
  requests.map(({ program, index, attempt = 0 }) => [attempt, program, ...(index === undefined ? [] : [index])].join(' '));

/** The trial's objective raised for the first `attempts` attempts. */
const raised =
  (attempts: number) =>
  ({ program, attempt = 0 }: RoundRequest, totals: RoundTotals): RoundTotals =>
    program === 'trial' && attempt < attempts ? { ...totals, columns: new Map([...totals.columns, ['objective', 1e9]]) } : totals;

describe('a step of the quadratic search', () => {
  it('ends at the minimum of a quadratic objective when the curvature is exact', () => {
    const optimizer = optimizerOf({ change: { damping: 1e-8 } });
    const { parameters } = take(optimizer, begin(optimizer));
    expectClose(problem.gradient(parameters), new Float64Array(8), { abs: 1e-4 });
    expect(Math.hypot(...problem.gradient(start))).toBeGreaterThan(1);
  });

  it('takes the alpha and mu that minimise the damped model over the plane, as a dense solve has it', () => {
    const weightDecay = 0.05;
    const optimizer = optimizerOf({ kfac: { weightDecay, dampingRule: 'pi', factorDecay: 0.9 } });
    const before = takeMany(optimizer, begin(optimizer), 2)[2];
    const { output } = take(optimizer, before);
    if (output.update.kind !== 'combination') throw new Error('expected a combination');
    const { direction: d, alpha, mu } = output.update;
    const m = before.previous;
    const dot = (a: FloatArray, b: FloatArray): number => Array.from(a).reduce((sum, value, i) => sum + value * b[i], 0);
    const bent = (a: FloatArray, b: FloatArray): number =>
      problem.product(a, b) / problem.count + (search.damping + weightDecay) * dot(a, b);
    const gradient = problem.gradient(before.parameters).map((sum, i) => sum / problem.count + weightDecay * before.parameters[i]);
    const matrix = Float64Array.of(bent(d, d), bent(d, m), bent(d, m), bent(m, m));
    const expected = denseSolve(matrix, Float64Array.of(-dot(gradient, d), -dot(gradient, m)), 0);
    expectClose([alpha, mu], expected, { rel: 1e-9 });
    expect(Math.abs(mu)).toBeGreaterThan(1e-3);
  });

  it('has no momentum in the first step, and a given one where it is fixed', () => {
    const optimizer = optimizerOf({ change: { momentum: 0.5 } });
    const first = take(optimizer, begin(optimizer));
    expect(first.output.update).toMatchObject({ mu: 0 });
    const { update } = take(optimizer, first).output;
    expect(update).toMatchObject({ mu: 0.5 });
  });

  it('asks for the model on a share of the slots, and divides by the examples of those alone', () => {
    const optimizer = optimizerOf({ change: { modelShare: 0.25 } });
    const whole = take(optimizerOf(), begin(optimizerOf()));
    const quarter = (request: RoundRequest, totals: RoundTotals): RoundTotals => {
      if (request.program !== 'quad') return totals;
      return { ...totals, count: totals.count / 4, columns: new Map([...totals.columns].map(([name, sum]) => [name, sum / 4])) };
    };
    const { output, requests } = take(optimizer, begin(optimizer), { answer: quarter });
    expect(requests.map(({ program, share }) => [program, share])).toContainEqual(['quad', 0.25]);
    expect(requests.filter(({ share }) => share !== undefined)).toHaveLength(1);
    expectClose(output.delta, whole.output.delta, { rel: 1e-12 });
  });

  it('drops the last change where it is parallel to the direction', () => {
    const optimizer = optimizerOf();
    const first = take(optimizer, begin(optimizer));
    const { direction } = take(optimizer, first).output.update as { direction: FloatArray };
    const parallel = direction.map((value) => 2 * value);
    const state = { ...first.state, 'search/previous': Float64Array.from(parallel) };
    const { update } = take(optimizer, { ...first, state, previous: parallel }).output;
    expect(update).toMatchObject({ mu: 0 });
    expect((update as { alpha: number }).alpha).toBeGreaterThan(0);
  });

  it('rounds direction and scalars to float32 before it uses them, and forms delta of these', () => {
    const optimizer = optimizerOf({ precision: 'float32' });
    const before = takeMany(optimizer, begin(optimizer, Float32Array.from(start)), 2)[2];
    const { output, requests } = take(optimizer, before);
    const { update, delta } = output;
    if (update.kind !== 'combination') throw new Error('expected a combination');
    expect(update.direction).toBeInstanceOf(Float32Array);
    expect(requests.find(({ program }) => program === 'quad')!.vectors!['direction']).toBe(update.direction);
    expect([update.alpha, update.mu]).toEqual([Math.fround(update.alpha), Math.fround(update.mu)]);
    expect(delta).toEqual(combine(update, before.previous, 'float32'));
    expect(output.state['search/previous']).toEqual(Float64Array.from(delta));
  });

  it('stays alone when the loss and every damping are rescaled', () => {
    const [plain, scaled] = [1, 1000].map((scale) => {
      const change = { damping: 0.1 * scale, maxDamping: 1e6 * scale, minDamping: 1e-8 * scale };
      const optimizer = optimizerOf({ change, kfac: { weightDecay: 0.01 * scale } });
      return takeMany(optimizer, begin(optimizer), 8, { from: new LeastSquares({ scale }) }).at(-1)!;
    });
    expectClose(scaled.parameters, plain.parameters, { rel: 1e-8 });
    expectClose(scaled.state['search/damping'], [1000 * plain.state['search/damping'][0]], { rel: 1e-12 });
  });

  it('has the same bits from twice the sums of twice the examples', () => {
    const optimizer = optimizerOf({ change: { reject: true } });
    const twice = (_: RoundRequest, { count, columns, sums }: RoundTotals): RoundTotals => ({
      count: 2 * count,
      columns: new Map([...columns].map(([name, sum]) => [name, 2 * sum])),
      sums: new Map([...sums].map(([name, sum]) => [name, Float64Array.from(sum, (value) => 2 * value)])),
    });
    const plain = takeMany(optimizer, begin(optimizer), 6).at(-1)!;
    const doubled = takeMany(optimizer, begin(optimizer), 6, { answer: twice }).at(-1)!;
    expect(doubled.state).toEqual(plain.state);
  });

  it('trains with an input that is always zero, and leaves its weights alone', () => {
    const optimizer = optimizerOf({ change: { damping: 1e-5, reject: true, maxRejections: 2 } });
    const from = new LeastSquares({ features: [1, 0, 0.3] });
    const { parameters } = takeMany(optimizer, begin(optimizer), 20, { from }).at(-1)!;
    expect(parameters.slice(2, 4)).toEqual(start.slice(2, 4));
    expectClose(from.gradient(parameters), new Float64Array(8), { abs: 1e-5 });
  });

  it('stays where the gradient is zero', () => {
    const optimizer = optimizerOf({ change: { reject: true } });
    const zeroed = (_: RoundRequest, totals: RoundTotals): RoundTotals => ({
      ...totals,
      sums: new Map([...totals.sums].map(([name, sum]) => [name, name === 'gradient' ? new Float64Array(8) : sum])),
    });
    const { output } = take(optimizer, begin(optimizer), { answer: zeroed });
    expect(output.delta.every((value) => value === 0)).toBe(true);
  });

  it('moves all natural groups together, in the order of theta whatever theirs, and no frozen one', () => {
    const shared = { ...exactKfac, layers: ['x'], weightDecay: 0.01 };
    const groups: readonly GroupConfig[] = [
      { name: 'still', parameters: ['b'], method: 'frozen' },
      { name: 'moving', parameters: ['w'], ...shared },
    ];
    const registered = [{ name: 'x', inputs: 3, outputs: 2, bias: false, offset: 0 }];
    const create = (list: readonly GroupConfig[]): Optimizer =>
      createOptimizer({ groups: list, layers: registered, parameters: layout, totalSteps: 9, search, precision: 'float64' });
    const partial = (_: RoundRequest, totals: RoundTotals): RoundTotals => {
      const full = totals.sums.get('A/l');
      if (full === undefined) return totals;
      const a = Float64Array.from({ length: 9 }, (__, e) => full[Math.floor(e / 3) * 4 + (e % 3)]);
      return { ...totals, sums: new Map([...totals.sums, ['A/x', a], ['S/x', totals.sums.get('S/l')!]]) };
    };
    const [one, other] = [groups, groups.toReversed()].map((list) =>
      takeMany(create(list), begin(create(list)), 4, { answer: partial }).at(-1)!,
    );
    expect(other.parameters).toEqual(one.parameters);
    expect(one.parameters.slice(6)).toEqual(start.slice(6));
    expect(problem.objective(one.parameters)).toBeLessThan(problem.objective(start));
  });
});

describe('the damping', () => {
  it('follows the reduction ratio of every T_1-th step: a quadratic objective lowers it by omega^T_1', () => {
    const optimizer = optimizerOf({ change: { adaptEvery: 2, adaptFactor: 0.9 } });
    const moments = takeMany(optimizer, begin(optimizer), 4);
    const dampings = moments.map(({ state }) => state['search/damping'][0]);
    expectClose(dampings, [0.1, 0.1, 0.1 * 0.81, 0.1 * 0.81, 0.1 * 0.81 ** 2], { rel: 1e-12 });
    const asked = [1, 2].map((step) => phases(take(optimizer, moments[step - 1]).requests));
    expect(asked).toEqual([
      ['0 grad-stats', '0 quad'],
      ['0 grad-stats', '0 quad', '0 trial'],
    ]);
  });

  it('rises where the objective falls less than a quarter of what was expected', () => {
    const optimizer = optimizerOf({ change: { adaptEvery: 1 } });
    const still = ({ program }: RoundRequest, totals: RoundTotals): RoundTotals =>
      program === 'trial' ? { ...totals, columns: new Map([...totals.columns, ['objective', problem.objective(start)]]) } : totals;
    const { state, output } = take(optimizer, begin(optimizer), { answer: still });
    expectClose(state['search/damping'], [0.1 / 0.95], { rel: 1e-12 });
    expectClose(output.report['reductionRatio'], 0, { abs: 1e-12 });
  });

  it('is calibrated on the first batch, applying nothing, at most to its bounds', () => {
    const optimizer = optimizerOf({ change: { calibrate: true, minDamping: 1e-3 } });
    const { requests, output } = take(optimizer, begin(optimizer));
    const trials = requests.filter(({ program }) => program === 'trial');
    expect(trials.length).toBeGreaterThan(2);
    expect(trials.length).toBeLessThanOrEqual(30);
    expect(requests.filter(({ program }) => program.startsWith('grad'))).toHaveLength(1);
    expect(new Set(phases(requests)).size).toBe(requests.length);
    expect(output.report['damping']).toBe(1e-3);
    const plain = optimizerOf({ change: { damping: 1e-3, minDamping: 1e-3 } });
    expect(output.delta).toEqual(take(plain, begin(plain)).output.delta);
    expect(phases(take(optimizer, take(optimizer, begin(optimizer))).requests)).toEqual(['0 grad-stats', '0 quad']);
  });

  it('is calibrated upwards past values whose trial is not finite', () => {
    const optimizer = optimizerOf({ change: { calibrate: true } });
    const lengthOf = ({ move }: RoundRequest): number => move!.alpha * Math.hypot(...move!.direction);
    const longest = lengthOf(take(optimizer, begin(optimizer)).requests.find(({ program }) => program === 'trial')!) / 2;
    const unsound = (request: RoundRequest, totals: RoundTotals): RoundTotals =>
      request.program === 'trial' && lengthOf(request) > longest
        ? { ...totals, columns: new Map([...totals.columns, ['sound', 31]]) }
        : totals;
    const { output, requests } = take(optimizer, begin(optimizer), { answer: unsound });
    expect(requests.filter(({ program }) => program === 'trial').length).toBeLessThanOrEqual(30);
    expect(Math.hypot(...output.delta)).toBeLessThanOrEqual(longest);
    expect(Math.hypot(...output.delta)).toBeGreaterThan(longest / 2);
    expect(output.report['damping']).toBeGreaterThan(search.damping);
  });
});

describe('a rejected attempt', () => {
  const optimizer = optimizerOf({ change: { reject: true }, kfac: { statisticsEvery: 3, inverseEvery: 3 } });
  const before = takeMany(optimizer, begin(optimizer), 4)[4];
  const { requests, output } = take(optimizer, before, { answer: raised(2) });

  it('asks for no other gradient; the next attempt says why the last one was given up', () => {
    expect(phases(requests)).toEqual(['0 grad', '0 quad', '0 trial', '1 quad', '1 trial', '2 quad', '2 trial']);
    const told = requests.map(({ rejected }) => rejected?.damping);
    const damping = before.state['search/damping'][0];
    expect(told).toEqual([undefined, undefined, undefined, 4 * damping, undefined, 16 * damping, undefined]);
    expect(requests[3].rejected!.reason).toMatch(/^the objective rises from .* to 31250000$/);
  });

  it('leaves theta and the last change alone: the step is that of the larger damping', () => {
    const damping = Float64Array.of(16 * before.state['search/damping'][0]);
    // Inverses of the old damping will not do, so the step must refresh; steps = 0 would drop the momentum.
    const always = optimizerOf({ change: { reject: true }, kfac: { statisticsEvery: 3, inverseEvery: 1 } });
    const expected = take(always, { ...before, state: { ...before.state, 'search/damping': damping } }).output;
    expect(output.delta).toEqual(expected.delta);
    expect(output.record).toEqual({ damping: damping[0] * 0.95 ** 5, attempt: 2 });
    expect(output.report['attempts']).toBe(3);
  });

  it('may also come from a loss that is not finite, or from a round that failed', () => {
    const infinite = ({ program, attempt }: RoundRequest, totals: RoundTotals): RoundTotals | Error =>
      program === 'trial' && attempt === 0 ? { ...totals, columns: new Map([...totals.columns, ['sound', 31]]) } : totals;
    const broken = ({ program, attempt }: RoundRequest, totals: RoundTotals): RoundTotals | Error =>
      program === 'quad' && attempt === 0 ? new RoundFailedError({ reason: 'overflow', layer: 'l', worker: 'w-3' }) : totals;
    const first = take(optimizer, before, { answer: infinite }).requests.flatMap(({ rejected }) => rejected ?? []);
    const second = take(optimizer, before, { answer: broken }).requests.flatMap(({ rejected }) => rejected ?? []);
    expect(first.map(({ reason }) => reason)).toEqual([expect.stringContaining('the objective is not finite after the step')]);
    // Never the worker: a rejection is the same in every run of these bits.
    expect(second.map(({ reason }) => reason)).toEqual(['overflow (layer l)']);
  });

  it('ends the run after so many in a row', () => {
    const failing = (): unknown => take(optimizer, before, { answer: raised(99) });
    expect(failing).toThrow(SearchFailedError);
    expect(failing).toThrow(/^step 5: expected an attempt that can be accepted, got rejections in a row up to the damping/);
    expect(failing).toThrow(
      expect.objectContaining({ step: 5, reasons: expect.objectContaining({ length: search.maxRejections }) as unknown }),
    );
  });

  it('is none where the objective is allowed to rise', () => {
    const lenient = optimizerOf();
    const at = takeMany(lenient, begin(lenient), 4)[4];
    const { output: accepted, requests: asked } = take(lenient, at, { answer: raised(1) });
    expect(phases(asked)).toEqual(['0 grad-stats', '0 quad', '0 trial']);
    expect(accepted.state['search/damping'][0]).toBeGreaterThan(at.state['search/damping'][0]);
  });
});

describe('a gradient round that fails', () => {
  const optimizer = optimizerOf({ change: { reject: true, maxRejections: 3 } });
  const before = takeMany(optimizer, begin(optimizer), 3)[3];
  const failing = ({ program }: RoundRequest, totals: RoundTotals): RoundTotals | Error =>
    program.startsWith('grad') ? new RoundFailedError({ reason: 'NaN in sum gradient', worker: 'w-1' }) : totals;

  it('takes the last change back and begins the step anew, more damped and without momentum', () => {
    const { output, parameters, state, step } = take(optimizer, before, { answer: failing });
    const damping = 4 * before.state['search/damping'][0];
    expect(output.rejected).toEqual({ reason: 'NaN in sum gradient', damping });
    expect(output.delta).toEqual(before.previous.map((value) => -value));
    expect(output.update).toMatchObject({ kind: 'combination', alpha: -1, mu: 0 });
    expect(step).toBe(3);
    const again = take(optimizer, { step, state, parameters, previous: output.delta });
    expect(phases(again.requests)).toEqual(['1 grad-stats', '1 quad', '1 trial']);
    expect(again.output.update).toMatchObject({ mu: 0 });
    expect(again.output.report['damping']).toBe(damping);
    expect(problem.objective(again.parameters)).toBeLessThan(problem.objective(parameters));
  });

  it('does the same for sums that are not finite', () => {
    const overflown = (_: RoundRequest, totals: RoundTotals): RoundTotals => ({
      ...totals,
      columns: new Map([...totals.columns, ['objective', Infinity]]),
    });
    expect(take(optimizer, before, { answer: overflown }).output.rejected!.reason).toContain('finite objective of the batch');
  });

  it('ends the run when there is nothing to take back', () => {
    expect(() => take(optimizer, begin(optimizer), { answer: failing })).toThrow(RoundFailedError);
    const back = take(optimizer, before, { answer: failing });
    expect(() => take(optimizer, back, { answer: failing })).toThrow(RoundFailedError);
  });

  it('ends the run after so many in a row, steps in between that were never confirmed included', () => {
    let at: Standing = before;
    for (let i = 0; i < 2; i++) at = take(optimizer, take(optimizer, at, { answer: failing }));
    expect(() => take(optimizer, at, { answer: failing })).toThrow(SearchFailedError);
  });
});

describe('the state of the quadratic search', () => {
  it('resumes with the same bits at any step, also after rejections and between refreshes', () => {
    const kfac = { statisticsEvery: 2, inverseEvery: 3, factorDecay: 0.9, inverseWhenMoved: 1e-3, burnIn: 2 };
    const create = (): Optimizer => optimizerOf({ change: { reject: true, calibrate: true }, kfac, precision: 'float32' });
    const answer = raised(1);
    const sometimes = (request: RoundRequest, totals: RoundTotals): RoundTotals =>
      totals.columns.get('objective')! % 3 < 1.5 ? answer(request, totals) : totals;
    const whole = takeMany(create(), begin(create(), Float32Array.from(start)), 9, { answer: sometimes });
    for (const [done, { step, state, parameters, previous }] of whole.entries()) {
      const copied = Object.fromEntries(Object.entries(state).map(([key, value]) => [key, value.slice()]));
      const resumed = takeMany(create(), { step, state: copied, parameters: parameters.slice(), previous: previous.slice() }, 9 - done, {
        answer: sometimes,
      });
      expect(resumed.at(-1)!.state).toEqual(whole.at(-1)!.state);
      expect(resumed.at(-1)!.parameters).toEqual(whole.at(-1)!.parameters);
    }
  });
});
