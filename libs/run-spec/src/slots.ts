/**
 * Slots: the V fixed micro-batches that a global batch is made of, a pure function of the spec (spec/exactness: V never depends on workers).
 * Slotting costs time on small slots, so the default keeps at least 64 examples in each and fewer than 32 earn a warning.
 */
import type { BatchSpec, RunSpec } from './types.ts';

const COMFORTABLE_SLOT = 64;
const SMALLEST_QUIET_SLOT = 32;

/** The most slots of a batch. */
export const MAXIMUM_SLOTS: number = 1 << 16;

/** How a batch divides: `slots` slots of `slotExamples` rows, the last ones padded where the batch does not divide evenly. */
export interface SlotPlan {
  readonly slots: number;
  readonly slotExamples: number;
}

/** The largest power of two that leaves at least 64 examples a slot; 1 for small batches. */
export function defaultSlots(examples: number): number {
  let slots = 1;
  while (examples / (slots * 2) >= COMFORTABLE_SLOT) slots *= 2;
  return slots;
}

/** Rows of every slot of a batch. */
export function slotPlan({ examples, slots }: Pick<BatchSpec, 'examples' | 'slots'>): SlotPlan {
  return { slots, slotExamples: Math.ceil(examples / slots) };
}

/** Something that works but that its author probably did not mean. */
export interface SpecWarning {
  readonly path: string;
  readonly message: string;
}

/** Warnings about a valid spec; empty when there is nothing to say. */
export function runSpecWarnings(spec: RunSpec): SpecWarning[] {
  const { slots, slotExamples } = slotPlan(spec.batch);
  if (slots === 1 || slotExamples >= SMALLEST_QUIET_SLOT) return [];
  const advice = `small slots cost time; ${defaultSlots(spec.batch.examples)} would be the default`;
  return [
    {
      path: 'batch.slots',
      message: `batch.slots: ${slots} slots leave ${slotExamples} examples a slot, fewer than ${SMALLEST_QUIET_SLOT} (${advice})`,
    },
  ];
}
