/**
 * A training small enough to simulate and as path-dependent as a real one: momentum, a debiased average in the worker-visible state, damping
 * that reacts to the loss, `trial` rounds whose rejection repeats the step with another attempt, and a short last slot.
 */
import { applyUpdate, BlockAccumulator, slotsOf } from '@geodesic/cluster';
import type { Absorbed, Block, ComputeRequest, Contribution, PhasePlan, Snapshot, Trainer } from '@geodesic/cluster';
import { seeded } from './random.ts';

export const SLOTS = 8;
const SIZE = 9;
const STATE_SIZE = 2;
const SCALARS = 2;
const SLOT_EXAMPLES = 4;

/** Real examples of a slot: every third step ends in a short batch that leaves the last slot empty. */
export function examplesOf(step: number, slot: number): number {
  return step % 3 === 0 && slot === SLOTS - 1 ? 0 : SLOT_EXAMPLES;
}

function slotSums(held: Snapshot, request: ComputeRequest, slot: number): Contribution {
  const { step, attempt, phase } = request;
  const count = examplesOf(step, slot);
  const draw = seeded(step * 7919 + slot * 104_729 + attempt * 31 + phase.length);
  const sums = new Float32Array(SIZE);
  const scalars = new Float64Array(SCALARS);
  for (let example = 0; example < count; example += 1) {
    for (let i = 0; i < SIZE; i += 1) {
      const x = (draw() * 2 - 1) * 10 ** (4 * draw() - 2);
      const residual = held.parameters[i] * x - draw() + held.state[0];
      sums[i] += residual * x;
      scalars[0] += residual * residual;
    }
    scalars[1] += 1;
  }
  return { block: { level: 0, index: slot }, count, scalars, sums };
}

/** What a worker computes for one block. */
export function computeBlock(held: Snapshot, request: ComputeRequest): Contribution {
  const accumulator = new BlockAccumulator({ block: request.block, sumsLength: SIZE, scalarsLength: SCALARS });
  for (const slot of slotsOf(request.block)) accumulator.push(slotSums(held, request, slot));
  return accumulator.finish();
}

/** The toy learning side. */
export class ToyTrainer implements Trainer {
  readonly parameters: Float32Array = new Float32Array(SIZE).fill(0.5);
  state: Float32Array = new Float32Array(STATE_SIZE);
  readonly #steps: number;
  readonly #momentum = new Float64Array(SIZE);
  #damping = 1;
  #step = 1;
  #attempt = 0;
  #trial = false;

  constructor(steps: number) {
    this.#steps = steps;
  }

  plan(): PhasePlan | undefined {
    if (this.#step > this.#steps) return undefined;
    const phase = this.#trial ? 'trial' : 'grad';
    return { step: this.#step, attempt: this.#attempt, phase, slots: SLOTS, sumsLength: SIZE, scalarsLength: SCALARS };
  }

  absorb(total: Contribution): Absorbed {
    if (this.#trial) return this.#judge(total.scalars[0] / total.count);
    if (this.#step % 2 === 0) {
      this.#trial = true;
      this.#damping *= 1 + (total.scalars[0] / total.count) * 1e-3;
      return { record: { damping: this.#damping } };
    }
    return this.#update(total);
  }

  /** All that later bits depend on, as text. */
  fingerprint(): string {
    const numbers = [...this.parameters, ...this.state, ...this.#momentum, this.#damping];
    return Buffer.from(new Float64Array(numbers).buffer).toString('base64');
  }

  #judge(loss: number): Absorbed {
    this.#trial = false;
    this.#damping *= loss > 1 ? 1.5 : 0.9;
    if (this.#attempt === 0 && this.#step % 4 === 0) {
      this.#attempt = 1;
      return { record: { rejected: true, damping: this.#damping } };
    }
    const delta = this.parameters.map((value) => -value * 1e-3 * this.#damping);
    return this.#advance(delta);
  }

  #update(total: Contribution): Absorbed {
    const delta = new Float32Array(SIZE);
    for (let i = 0; i < SIZE; i += 1) {
      this.#momentum[i] = 0.9 * this.#momentum[i] + total.sums[i] / total.count;
      delta[i] = (-0.001 * this.#momentum[i]) / (1 + this.#damping);
    }
    return this.#advance(delta);
  }

  #advance(delta: Float32Array): Absorbed {
    applyUpdate(this.parameters, delta);
    this.state = this.state.map((value, i) => 0.5 * value + 0.1 * delta[i]);
    this.#step += 1;
    this.#attempt = 0;
    return { update: { delta, state: this.state } };
  }
}

/** The final fingerprint of a run without a cluster: one process, all slots. */
export function undisturbed(steps: number): string {
  const trainer = new ToyTrainer(steps);
  const block: Block = { level: Math.log2(SLOTS), index: 0 };
  for (let plan = trainer.plan(); plan; plan = trainer.plan()) trainer.absorb(computeBlock(trainer, { ...plan, block }));
  return trainer.fingerprint();
}
