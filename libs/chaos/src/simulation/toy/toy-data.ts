/**
 * The data of the toy training: 41 examples in batches of 16, 16 and 9, each batch in 8 slots of 2. So every third step has a slot that is
 * half empty and slots that are empty. What is random of an example is keyed by (seed, purpose, step, ordinal), as exactness.md 4 wants it.
 * I inputs (the last one is 1, for the bias), O outputs, P = O I parameters, Q state.
 */
import { seeded, seedOf } from '../../seeded-draw.ts';

export const SLOTS = 8;
export const SLOT_EXAMPLES = 2;
export const INPUTS = 3;
export const OUTPUTS = 2;
/** P, the number of parameters. */
export const SIZE: number = INPUTS * OUTPUTS;
/** Q, the number of entries of the state that is not trained. */
export const STATE_SIZE = 2;

const SEED = 20_261_121;
const BATCHES: readonly number[] = [16, 16, 9];
const BATCH_EXAMPLES: number = SLOTS * SLOT_EXAMPLES;

/** One example. */
export interface ToyExample {
  /** [I], without masks. */
  readonly inputs: readonly number[];
  /** [O] */
  readonly targets: readonly number[];
}

const EXAMPLES: readonly ToyExample[] = Array.from({ length: 41 }, (_, index) => {
  const draw = seeded(seedOf(SEED, 0, index));
  // Magnitudes far apart, so that float32 sums depend on their order.
  const value = (): number => (draw() * 2 - 1) * 10 ** (2.4 * draw() - 1.4);
  const inputs = Array.from({ length: INPUTS }, (_unused, i) => (i === INPUTS - 1 ? 1 : value()));
  return { inputs, targets: Array.from({ length: OUTPUTS }, () => draw() * 2 - 1) };
});

/** Real examples of a step. */
export function examplesOfStep(step: number): number {
  return BATCHES[(step - 1) % BATCHES.length];
}

/** Real examples of a slot. */
export function examplesOfSlot(step: number, slot: number): number {
  return Math.min(SLOT_EXAMPLES, Math.max(0, examplesOfStep(step) - slot * SLOT_EXAMPLES));
}

/** The example with this ordinal in a step. */
export function exampleOf(step: number, ordinal: number): ToyExample {
  return EXAMPLES[((step - 1) % BATCHES.length) * BATCH_EXAMPLES + ordinal];
}

/** What is drawn for an example: the same in every phase and attempt of the step, wherever it is computed. */
export interface ToyNoise {
  /** Which inputs are kept, 0 or 1 each, [I]. */
  readonly mask: readonly number[];
  /** The gradient of a sampled label, [O]. */
  readonly sampled: readonly number[];
}

const drawn = new Map<string, ToyNoise>();

/** @param salt 0; another value is a defect: something that is not in the key */
export function noiseOf(step: number, ordinal: number, salt = 0): ToyNoise {
  const key = `${step} ${ordinal} ${salt}`;
  const known = drawn.get(key);
  if (known) return known;
  const mask = seeded(seedOf(SEED, 1, step, ordinal + 1000 * salt));
  const label = seeded(seedOf(SEED, 2, step, ordinal + 1000 * salt));
  const noise = {
    mask: Array.from({ length: INPUTS }, (_, i) => (i === INPUTS - 1 || mask() < 0.8 ? 1 : 0)),
    sampled: Array.from({ length: OUTPUTS }, () => label() * 2 - 1),
  };
  drawn.set(key, noise);
  return noise;
}
