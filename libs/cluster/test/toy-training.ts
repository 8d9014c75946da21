/**
 * A training small enough for unit tests and as path-dependent as a real one: momentum, a debiased average in the worker-visible state, damping
 * that reacts to the loss, and a short last slot. Odd steps are one `grad` round. Even steps broadcast a direction for `quad`, look at the
 * combination that it gives in a `trial`, may reject it for another attempt, and commit it without sending P numbers. At one step the program
 * fails at first, and the change before it is taken back.
 */
import { addressesOf, applyUpdate, BlockAccumulator, combine, slotsOf, vectorDigest } from '@geodesic/cluster';
import type { Absorbed, Block, ComputeRequest, Contribution, PhasePlan, RoundFailure, Snapshot, Trainer } from '@geodesic/cluster';
import { seeded } from './seeded.ts';

export const SLOTS = 8;
export const SIZE = 9;
const STATE_SIZE = 2;
const SCALARS = 3;
const SLOT_EXAMPLES = 4;
/** The step whose first attempt fails, and where. */
const FAILING = { step: 5, slot: 3 } as const;

/** Finds a vector by its address. */
export type FindVector = (digest: string) => Float32Array | undefined;

/** What the toy's program throws on every host alike. */
export class ToyProgramFailure extends Error {
  override readonly name = 'ToyProgramFailure';
}

/** Real examples of a slot: every third step ends in a short batch that leaves the last slot empty. */
export function examplesOf(step: number, slot: number): number {
  return step % 3 === 0 && slot === SLOTS - 1 ? 0 : SLOT_EXAMPLES;
}

/** What a computation reads: theta or the moved theta, and vectors by name. */
interface Values {
  readonly theta: Float32Array;
  readonly state: Float32Array;
  readonly previous: Float32Array;
  readonly direction: Float32Array | undefined;
  readonly basis: Float32Array | undefined;
}

function valuesOf(held: Snapshot, { inputs }: ComputeRequest, find: FindVector): Values {
  const required = (digest: string): Float32Array => {
    const vector = find(digest);
    if (!vector) throw new Error(`vector ${digest} is not held`);
    return vector;
  };
  for (const digest of inputs ? addressesOf(inputs).keys() : []) required(digest);
  const named = (name: string): Float32Array | undefined => {
    const reference = inputs?.vectors.find((vector) => vector.name === name);
    return reference && required(reference.digest);
  };
  const theta = held.parameters.slice();
  const move = inputs?.move;
  if (move) applyUpdate(theta, combine(required(move.digest), held.previous, move.alpha, move.mu));
  return { theta, state: held.state, previous: held.previous, direction: named('direction'), basis: named('basis') };
}

function slotSums(values: Values, { step, attempt, phase }: ComputeRequest, slot: number): Contribution {
  if (step === FAILING.step && attempt === 0 && slot === FAILING.slot) throw new ToyProgramFailure(`step ${step}: Log makes NaN`);
  const { theta, state, previous, direction, basis } = values;
  const count = examplesOf(step, slot);
  const draw = seeded(step * 7919 + slot * 104_729 + attempt * 31 + phase.length);
  const sums = new Float32Array(SIZE);
  const scalars = new Float64Array(SCALARS);
  for (let example = 0; example < count; example += 1) {
    let [alongDirection, alongPrevious] = [0, 0];
    for (let i = 0; i < SIZE; i += 1) {
      const x = (draw() * 2 - 1) * 10 ** (4 * draw() - 2);
      const residual = theta[i] * x - draw() + state[0];
      sums[i] += residual * x * (basis?.[i] ?? 1);
      scalars[0] += residual * residual;
      alongDirection += (direction?.[i] ?? 0) * x;
      alongPrevious += previous[i] * x;
    }
    scalars[1] += alongDirection ** 2;
    scalars[2] += alongDirection * alongPrevious;
  }
  return { block: { level: 0, index: slot }, count, scalars, sums };
}

/** What a worker computes for one block. @throws {ToyProgramFailure} */
export function computeBlock(held: Snapshot, request: ComputeRequest, find: FindVector): Contribution {
  const values = valuesOf(held, request, find);
  const accumulator = new BlockAccumulator({ block: request.block, sumsLength: SIZE, scalarsLength: SCALARS });
  for (const slot of slotsOf(request.block)) accumulator.push(slotSums(values, request, slot));
  return accumulator.finish();
}

type Rounds = Generator<PhasePlan, void, Contribution | RoundFailure>;

/** The toy learning side. */
export class ToyTrainer implements Trainer {
  readonly parameters: Float32Array = new Float32Array(SIZE).fill(0.5);
  state: Float32Array = new Float32Array(STATE_SIZE);
  previous: Float32Array = new Float32Array(SIZE);
  readonly #momentum = new Float64Array(SIZE);
  readonly #rounds: Rounds;
  /** The same array for some steps, as an eigenbasis is. */
  #basis: Float32Array = new Float32Array(SIZE).fill(1);
  #damping = 1;
  #next: PhasePlan | undefined;
  #answer: Absorbed = {};

  constructor(steps: number) {
    this.#rounds = this.#train(steps);
    this.#next = this.#rounds.next().value ?? undefined;
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

  /** All that later bits depend on, as text. */
  fingerprint(): string {
    const numbers = [...this.parameters, ...this.state, ...this.previous, ...this.#momentum, this.#damping];
    return Buffer.from(new Float64Array(numbers).buffer).toString('base64');
  }

  #resume(result: Contribution | RoundFailure): Absorbed {
    this.#answer = {};
    this.#next = this.#rounds.next(result).value ?? undefined;
    return this.#answer;
  }

  *#train(steps: number): Rounds {
    for (let step = 1; step <= steps; step += 1) {
      if (step % 3 === 0) this.#basis = this.#basis.map((value, i) => value * (1 + 0.01 * ((i * step) % 4)));
      if (step % 2 === 1) yield* this.#plainStep(step);
      else yield* this.#quadraticStep(step);
    }
  }

  *#plainStep(step: number): Rounds {
    let result = yield plan(step, 0, 'grad', { basis: this.#basis });
    if ('reason' in result) {
      this.#advance({ direction: new Float32Array(SIZE), alpha: 0, mu: -1 });
      this.#reject(result.reason);
      result = yield plan(step, 1, 'grad', { basis: this.#basis });
    }
    if ('reason' in result) throw new Error(`the second attempt failed: ${result.reason}`);
    const delta = new Float32Array(SIZE);
    for (let i = 0; i < SIZE; i += 1) {
      this.#momentum[i] = 0.9 * this.#momentum[i] + result.sums[i] / result.count;
      delta[i] = (-0.001 * this.#momentum[i]) / (1 + this.#damping);
    }
    this.#commit(delta);
    this.#answer = { update: { delta, state: this.state } };
  }

  *#quadraticStep(step: number): Rounds {
    for (let attempt = 0; ; attempt += 1) {
      const gradient = totalOf(yield plan(step, attempt, 'grad', { basis: this.#basis }));
      const direction = gradient.sums.map((sum) => (-0.001 * sum) / gradient.count / this.#damping);
      const quadratic = totalOf(yield plan(step, attempt, 'quad', { direction }));
      const alpha = Math.fround(1 / (1 + quadratic.scalars[1] / quadratic.count));
      const mu = Math.fround(0.5 / (1 + Math.abs(quadratic.scalars[2]) / quadratic.count));
      const trial = totalOf(yield { ...plan(step, attempt, 'trial', {}), inputs: { vectors: {}, move: { direction, alpha, mu } } });
      this.#damping *= trial.scalars[0] / trial.count > 1 ? 1.5 : 0.9;
      if (attempt > 0 || step % 4 !== 0) return this.#advance({ direction, alpha, mu });
      this.#reject('toy');
    }
  }

  /** Commits a combination. */
  #advance(combination: { direction: Float32Array; alpha: number; mu: number }): void {
    this.#commit(combine(combination.direction, this.previous, combination.alpha, combination.mu));
    this.#answer = { update: { combination, state: this.state } };
  }

  #reject(reason: string): void {
    this.#damping *= 2;
    this.#answer = { ...this.#answer, rejected: { reason, damping: this.#damping } };
  }

  #commit(delta: Float32Array): void {
    applyUpdate(this.parameters, delta);
    this.previous = delta.slice();
    this.state = this.state.map((value, i) => 0.5 * value + 0.1 * delta[i]);
  }
}

function plan(step: number, attempt: number, phase: string, vectors: Readonly<Record<string, Float32Array>>): PhasePlan {
  return { step, attempt, phase, slots: SLOTS, sumsLength: SIZE, scalarsLength: SCALARS, inputs: { vectors } };
}

function totalOf(result: Contribution | RoundFailure): Contribution {
  if ('reason' in result) throw new Error(result.reason);
  return result;
}

/** The final fingerprint of a run without a cluster: one process, all slots. */
export function undisturbed(steps: number): string {
  const trainer = new ToyTrainer(steps);
  const block: Block = { level: Math.log2(SLOTS), index: 0 };
  for (let next = trainer.plan(); next; next = trainer.plan()) {
    const { step, attempt, phase, inputs = { vectors: {} } } = next;
    const found = new Map(
      [...Object.values(inputs.vectors), ...(inputs.move ? [inputs.move.direction] : [])].map((v) => [vectorDigest(v), v]),
    );
    const vectors = Object.entries(inputs.vectors).map(([name, vector]) => ({ name, digest: vectorDigest(vector), length: SIZE }));
    const move = inputs.move && { ...inputs.move, digest: vectorDigest(inputs.move.direction), length: SIZE };
    const request = { step, attempt, phase, block, inputs: { vectors, ...(move && { move }) } };
    try {
      trainer.absorb(computeBlock(trainer, request, (digest) => found.get(digest)));
    } catch (error) {
      if (!(error instanceof ToyProgramFailure)) throw error;
      trainer.reject({ step, attempt, phase, reason: error.message, worker: 'alone' });
    }
  }
  return trainer.fingerprint();
}
