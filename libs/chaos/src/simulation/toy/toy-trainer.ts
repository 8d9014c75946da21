/**
 * The coordinator's side of the toy training, as path-dependent as a real one: K-FAC with debiased averages of both factors, inverses that
 * stay for several steps, momentum, Levenberg-Marquardt damping from trials, attempts that are rejected, a change that is taken back when the
 * program fails. Every third step is one plain `grad` round; the others are `grad`, then `quad` and `trial` for each attempt.
 */
import type { Absorbed, Contribution, PhasePlan, RoundFailure, Trainer } from '@geodesic/cluster';
import { dampedInverse, packedLength, sandwich } from './toy-algebra.ts';
import { INPUTS, OUTPUTS, SIZE, SLOTS, STATE_SIZE } from './toy-data.ts';
import { ALL_SUMS, CODEC, FACTOR_A, FACTOR_S, GRADIENT, MOMENTS, PLAIN_SUMS } from './toy-program.ts';

/** Defects that can be planted in the trainer. */
export interface TrainerDefects {
  /** Whether the round before took long: a measured time, which must decide nothing. */
  readonly wasSlow?: () => boolean;
}

/** Everything that later bits depend on, apart from parameters and the last change. */
export interface ToyOptimiser {
  readonly momentum: Float64Array;
  /** Averages, not yet debiased; packed. */
  readonly factorA: Float64Array;
  readonly factorS: Float64Array;
  /** In use, until the next refresh. */
  inverseA: Float64Array;
  inverseS: Float64Array;
  inverseStep: number;
  /** The sum of the averages' weights, by which they are debiased. */
  weight: number;
  damping: number;
  lossAverage: number;
  lastLoss: number;
  accepted: number;
  rejected: number;
  /** The last step that was made. */
  step: number;
  /** Of the step that comes: 1 once the change before it was taken back. */
  attempt: number;
}

const DECAY = 0.8;
const MOMENTUM = 0.7;
const STEP_SIZE = 0.05;
const MAX_ATTEMPTS = 3;
const REFRESH_EVERY = 3;

function copyOf(optimiser: ToyOptimiser): ToyOptimiser {
  const { momentum, factorA, factorS } = optimiser;
  return { ...optimiser, momentum: momentum.slice(), factorA: factorA.slice(), factorS: factorS.slice() };
}

/** Before the first step. */
export function initialOptimiser(): ToyOptimiser {
  const identity = (n: number): Float64Array => Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0));
  return {
    momentum: new Float64Array(SIZE),
    factorA: new Float64Array(packedLength(INPUTS)),
    factorS: new Float64Array(packedLength(OUTPUTS)),
    inverseA: identity(INPUTS),
    inverseS: identity(OUTPUTS),
    inverseStep: 0,
    weight: 0,
    damping: 0.3,
    lossAverage: 0,
    lastLoss: 0,
    accepted: 0,
    rejected: 0,
    step: 0,
    attempt: 0,
  };
}

/** The inverses of the averages as they are now. */
export function invert(optimiser: ToyOptimiser): void {
  const { factorA, factorS, weight, damping } = optimiser;
  const debiased = (average: Float64Array): Float64Array => average.map((value) => value / weight);
  optimiser.inverseA = dampedInverse(debiased(factorA), INPUTS, damping);
  optimiser.inverseS = dampedInverse(debiased(factorS), OUTPUTS, damping);
}

type Rounds = Generator<PhasePlan, void, Contribution | RoundFailure>;

/** Plans rounds and absorbs totals. It never changes its parameters: whoever drives it does. */
export class ToyTrainer implements Trainer {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  readonly optimiser: ToyOptimiser;
  readonly #defects: TrainerDefects;
  readonly #rounds: Rounds;
  #saved: ToyOptimiser;
  #next: PhasePlan | undefined;
  #answer: Absorbed = {};

  /** @param start where to go on; its arrays are taken over */
  constructor(
    steps: number,
    start: { readonly parameters: Float32Array; readonly state: Float32Array; readonly optimiser: ToyOptimiser },
    defects: TrainerDefects = {},
  ) {
    this.parameters = start.parameters;
    this.state = start.state;
    this.optimiser = start.optimiser;
    this.#defects = defects;
    this.#saved = copyOf(start.optimiser);
    this.#rounds = this.#train(steps);
    this.#next = this.#rounds.next().value ?? undefined;
  }

  /** What a checkpoint holds: of a step under way its beginning. */
  get saved(): ToyOptimiser {
    return this.#saved;
  }

  plan(): PhasePlan | undefined {
    return this.#next;
  }

  absorb(total: Contribution): Absorbed {
    return this.#resume(total);
  }

  reject(failure: RoundFailure): Absorbed {
    return this.#resume(failure);
  }

  #resume(result: Contribution | RoundFailure): Absorbed {
    this.#answer = {};
    this.#next = this.#rounds.next(result).value ?? undefined;
    return this.#answer;
  }

  *#train(steps: number): Rounds {
    for (let step = this.optimiser.step + 1; step <= steps; step += 1) {
      let total = yield gradPlan(step, this.optimiser.attempt);
      if ('reason' in total) {
        if (this.optimiser.attempt > 0) throw new Error(`the second attempt failed: ${total.reason}`);
        this.#takeBack(total.reason);
        total = totalOf(yield gradPlan(step, 1));
      }
      if (step % 3 === 0) this.#plainStep(step, total);
      else yield* this.#quadraticStep(step, total);
    }
  }

  #plainStep(step: number, total: Contribution): void {
    const gradient = this.#gradient(total);
    const { momentum } = this.optimiser;
    const delta = Float32Array.from(gradient, (value, i) => {
      momentum[i] = MOMENTUM * momentum[i] + value;
      return -STEP_SIZE * momentum[i];
    });
    this.#finishStep(step, total, { delta, state: this.#nextState(total) });
  }

  *#quadraticStep(step: number, total: Contribution): Rounds {
    const gradient = this.#gradient(total);
    const loss = total.scalars[0] / total.count;
    for (let { attempt } = this.optimiser; ; attempt += 1) {
      const direction = Float32Array.from(gradient, (value) => -value / (1 + this.optimiser.damping));
      const quad = totalOf(yield plan(step, attempt, { phase: 'quad', sums: 0, scalars: 3, inputs: { vectors: { direction } } }));
      const [dd, dp] = Array.from(quad.scalars, (scalar) => scalar / quad.count);
      const slope = direction.reduce((sum, value, i) => sum + (value * total.sums[GRADIENT + i]) / total.count, 0);
      const length = direction.reduce((sum, value) => sum + value * value, 0);
      const alpha = Math.fround(-slope / (dd + this.optimiser.damping * length));
      const mu = Math.fround(0.1 / (1 + Math.abs(dp)));
      const move = { direction, alpha, mu };
      const trial = totalOf(yield plan(step, attempt, { phase: 'trial', sums: 0, scalars: 1, inputs: { vectors: {}, move } }));
      const gained = loss - trial.scalars[0] / trial.count;
      if (this.#judge(gained / (0.5 * alpha * -slope), attempt)) {
        this.#finishStep(step, total, { combination: move, state: this.#nextState(total) });
        return;
      }
      this.#answer = { rejected: { reason: 'the loss would grow', damping: this.optimiser.damping } };
    }
  }

  /** Adapts the damping; whether the attempt is taken. */
  #judge(ratio: number, attempt: number): boolean {
    const { optimiser } = this;
    if (this.#defects.wasSlow?.() === true) optimiser.damping *= 1.01;
    const isTaken = Math.abs(ratio - 1) < 0.21 || attempt + 1 >= MAX_ATTEMPTS;
    optimiser.damping *= Math.min(2, Math.max(0.5, 1.5 - 0.5 * ratio));
    if (isTaken) optimiser.accepted += 1;
    else optimiser.rejected += 1;
    return isTaken;
  }

  /** The program failed: the last change was too large. */
  #takeBack(reason: string): void {
    const { optimiser } = this;
    optimiser.damping *= 2;
    optimiser.rejected += 1;
    optimiser.momentum.forEach((value, i) => (optimiser.momentum[i] = value / 2));
    optimiser.attempt = 1;
    this.#saved = copyOf(optimiser);
    const combination = { direction: new Float32Array(SIZE), alpha: 0, mu: -1 };
    const rejected = { reason, damping: optimiser.damping };
    this.#answer = { update: { combination, state: this.state.slice() }, rejected };
  }

  /** The mean gradient, preconditioned by the inverses in use. */
  #gradient({ sums, count }: Contribution): Float64Array {
    const mean = Float64Array.from(sums.subarray(GRADIENT, GRADIENT + SIZE), (value) => value / count);
    return sandwich(this.optimiser.inverseS, mean, this.optimiser.inverseA);
  }

  #nextState({ sums, count }: Contribution): Float32Array {
    return this.state.map((value, q) => 0.9 * value + (0.1 * sums[MOMENTS + q]) / count);
  }

  #finishStep(step: number, total: Contribution, update: NonNullable<Absorbed['update']>): void {
    const { optimiser } = this;
    const loss = total.scalars[0] / total.count;
    optimiser.lossAverage = DECAY * optimiser.lossAverage + (1 - DECAY) * loss;
    optimiser.lastLoss = loss;
    optimiser.step = step;
    optimiser.attempt = 0;
    if (total.sums.length === ALL_SUMS) this.#average(total);
    const isRefreshed = step % REFRESH_EVERY === 1;
    if (isRefreshed) {
      invert(optimiser);
      optimiser.inverseStep = step;
    }
    this.#saved = copyOf(optimiser);
    this.#answer = { update, record: { damping: optimiser.damping, inverseStep: optimiser.inverseStep }, measurements: { loss } };
  }

  #average({ sums, count }: Contribution): void {
    const { optimiser } = this;
    const average = (into: Float64Array, at: number): void =>
      into.forEach((value, i) => (into[i] = DECAY * value + ((1 - DECAY) * sums[at + i]) / count));
    average(optimiser.factorA, FACTOR_A);
    average(optimiser.factorS, FACTOR_S);
    optimiser.weight = DECAY * optimiser.weight + (1 - DECAY);
  }
}

function plan(
  step: number,
  attempt: number,
  { phase, sums, scalars, inputs }: { phase: string; sums: number; scalars: number; inputs?: NonNullable<PhasePlan['inputs']> },
): PhasePlan {
  return { step, attempt, phase, slots: SLOTS, sumsLength: sums, scalarsLength: scalars, ...(inputs && { inputs }) };
}

/** Statistics are due in odd steps and in those with a short batch. */
function gradPlan(step: number, attempt: number): PhasePlan {
  const isDue = step % 2 === 1 || step % 3 === 0;
  const base = plan(step, attempt, { phase: 'grad', sums: isDue ? ALL_SUMS : PLAIN_SUMS, scalars: 1 });
  return isDue ? { ...base, codec: CODEC } : base;
}

function totalOf(result: Contribution | RoundFailure): Contribution {
  if ('reason' in result) throw new Error(result.reason);
  return result;
}

/** A trainer's start at step 0. */
export function initialStart(): { parameters: Float32Array; state: Float32Array; optimiser: ToyOptimiser } {
  const parameters = Float32Array.from({ length: SIZE }, (_, i) => 0.3 * Math.cos(2 * i));
  return { parameters, state: new Float32Array(STATE_SIZE), optimiser: initialOptimiser() };
}
