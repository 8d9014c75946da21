/**
 * How large the batch of a step is, and where it stands in the stream of examples: epoch after epoch, each a permutation of the split. A
 * batch ends with its epoch, so the last one of an epoch may be short and every example is seen once an epoch, whatever the growth.
 *   N_k = min(to, round(examples (to / examples)^((k - 1) / steps))),  k = 1, 2, ...
 * All are pure functions of the spec (spec/exactness 1): every process computes them for itself and gets the same numbers.
 */
import { slotPlan } from './slots.ts';
import type { BatchGrowth, BatchSpec, RunSpec } from './types.ts';

/** The batch of one step. */
export interface StepBatch {
  /** Examples, N_k; the last batch of an epoch may hold fewer. */
  readonly examples: number;
  /** Slots, V(k): the smallest power of two whose rows hold N_k examples. */
  readonly slots: number;
}

/** The batch of a step, which counts from 1; slots keep the size that they have at the first step. */
export function batchAt(batch: BatchSpec, step: number): StepBatch {
  const { growth } = batch;
  if (growth === undefined) return { examples: batch.examples, slots: batch.slots };
  const examples = grown(batch.examples, growth, step);
  const { slotExamples } = slotPlan(batch);
  let slots = 1;
  while (slots * slotExamples < examples) slots *= 2;
  return { examples, slots };
}

/** Examples that the steps before `step` have seen, on a training split of `trainExamples`: where its batch begins in the stream. */
export function examplesBefore(batch: BatchSpec, options: { readonly step: number; readonly trainExamples: number }): number {
  const { step, trainExamples } = options;
  const { starts, last } = growthPhase(batch, trainExamples);
  if (step <= starts.length) return starts[step - 1];
  const start = starts[starts.length - 1];
  const after = step - starts.length;
  const rest = trainExamples - (start % trainExamples);
  const first = Math.ceil(rest / last);
  if (after < first) return start + after * last;
  const perEpoch = Math.ceil(trainExamples / last);
  const [epochs, within] = [Math.floor((after - first) / perEpoch), (after - first) % perEpoch];
  return start + rest + epochs * trainExamples + within * last;
}

/** Steps of the whole run on a training split of `trainExamples` examples; an epoch's last batch may be short. */
export function totalSteps(spec: Pick<RunSpec, 'steps' | 'epochs' | 'batch'>, trainExamples: number): number {
  if (spec.steps !== undefined) return spec.steps;
  const { starts, last } = growthPhase(spec.batch, trainExamples);
  const end = (spec.epochs ?? 0) * trainExamples;
  // A batch ends with its epoch: the end of the run is the start of a step that it does not have.
  const within = starts.findIndex((start) => start >= end);
  if (within >= 0) return within;
  const start = starts[starts.length - 1];
  const epochEnd = (Math.floor(start / trainExamples) + 1) * trainExamples;
  const epochs = (end - epochEnd) / trainExamples;
  return starts.length - 1 + Math.ceil((epochEnd - start) / last) + epochs * Math.ceil(trainExamples / last);
}

/** Starts in the stream of the steps up to the first that is fully grown, and the examples of that one and all after it. */
interface GrowthPhase {
  readonly starts: Float64Array;
  readonly last: number;
}

// All slots of all steps ask for the same one; remembering the last changes the cost, never the answer.
let remembered: { readonly key: string; readonly phase: GrowthPhase } | undefined;

function growthPhase({ examples, growth }: BatchSpec, trainExamples: number): GrowthPhase {
  if (growth === undefined) return { starts: Float64Array.of(0), last: examples };
  const key = [examples, growth.to, growth.steps, trainExamples].join(' ');
  if (remembered?.key === key) return remembered.phase;
  const starts = new Float64Array(growth.steps + 1);
  for (let step = 1; step <= growth.steps; step++) {
    const start = starts[step - 1];
    starts[step] = start + Math.min(grown(examples, growth, step), trainExamples - (start % trainExamples));
  }
  remembered = { key, phase: { starts, last: growth.to } };
  return remembered.phase;
}

/** What the powers of two machines may differ by, and far more; numbers that are this close to a half are rounded exactly. */
const DOUBT = 1e-5;

/** N_k, correctly rounded: no machine's power function decides it. No tie exists, since a half to a power is never an integer. */
function grown(examples: number, { to, steps }: BatchGrowth, step: number): number {
  if (step > steps) return to;
  const estimate = examples * (to / examples) ** ((step - 1) / steps);
  const below = Math.floor(estimate);
  if (Math.abs(estimate - below - 0.5) > DOUBT) return Math.min(to, Math.round(estimate));
  // N > below + 1/2 where N^steps > ((2 below + 1) / 2)^steps, all in integers.
  const power = BigInt(examples) ** BigInt(steps - step + 1) * BigInt(to) ** BigInt(step - 1);
  const up = power * 2n ** BigInt(steps) > BigInt(2 * below + 1) ** BigInt(steps);
  return up ? below + 1 : below;
}
