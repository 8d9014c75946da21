/**
 * Which examples a slot holds: pure functions of (seed, step, slot), so that any worker can compute any slot and a run's data order never
 * depends on who does. Each epoch visits a fresh permutation of the split in batches of `batchExamples`; the last batch may be short.
 * Row r of slot s has ordinal s * slotRows + r in its step, whether or not an example stands there: randomness is keyed by it.
 */
import { deriveKey, permutation } from '@geodesic/random';
import { DataError } from './errors.ts';

/** Marks a row without an example. */
export const PADDING = -1;

/** How a split of `size` examples is cut into steps and slots. */
export interface BatchPlan {
  /** Examples in the split. */
  readonly size: number;
  /** Examples of a full global batch. */
  readonly batchExamples: number;
  /** Slots of a batch. */
  readonly slots: number;
}

/** One slot of one training step; `step` counts from 1, `slot` from 0. */
export interface SlotRequest extends BatchPlan {
  readonly seed: number;
  readonly step: number;
  readonly slot: number;
}

/** Rows of every slot: ceil(batchExamples / slots). */
export function slotRows({ batchExamples, slots }: Pick<BatchPlan, 'batchExamples' | 'slots'>): number {
  return Math.ceil(batchExamples / slots);
}

/** Steps of one epoch; the last one's batch may be short. */
export function stepsPerEpoch({ size, batchExamples }: Pick<BatchPlan, 'size' | 'batchExamples'>): number {
  return Math.ceil(size / batchExamples);
}

/**
 * Positions in the split of a slot's examples, [slotRows], padded with -1. The result is the caller's.
 * @throws {DataError} when the request is out of range
 */
export function slotExamples({ seed, size, batchExamples, slots, step, slot }: SlotRequest): Int32Array {
  requirePositive({ size, batchExamples, slots, step });
  requireSlot(slot, slots);
  const perEpoch = stepsPerEpoch({ size, batchExamples });
  const epoch = Math.floor((step - 1) / perEpoch);
  const start = ((step - 1) % perEpoch) * batchExamples;
  const end = Math.min(start + batchExamples, size);
  const order = epochOrder(seed, epoch, size);
  return rowsOf(slot, slotRows({ batchExamples, slots }), (ordinal) =>
    start + ordinal < end && ordinal < batchExamples ? order[start + ordinal] : PADDING,
  );
}

/** Ordinals in the step of a slot's rows, [slotRows]; padding rows have theirs too. */
export function slotOrdinals({ batchExamples, slots, slot }: Pick<SlotRequest, 'batchExamples' | 'slots' | 'slot'>): Int32Array {
  requirePositive({ batchExamples, slots });
  requireSlot(slot, slots);
  return rowsOf(slot, slotRows({ batchExamples, slots }), (ordinal) => ordinal);
}

/** Real examples in a step's batch: `batchExamples`, fewer in an epoch's last step. */
export function stepExamples({ size, batchExamples, step }: Pick<SlotRequest, 'size' | 'batchExamples' | 'step'>): number {
  const start = ((step - 1) % stepsPerEpoch({ size, batchExamples })) * batchExamples;
  return Math.min(batchExamples, size - start);
}

/** Slots of one pass over a split: how many hold examples, and that number padded to a power of two for the reduction tree. */
export function evaluationSlots(size: number, rows: number): { readonly filled: number; readonly slots: number } {
  requirePositive({ rows });
  const filled = Math.ceil(size / rows);
  let slots = 1;
  while (slots < filled) slots *= 2;
  return { filled, slots };
}

/** Positions of an evaluation slot's examples in the split's own order, [rows], padded with -1. */
export function evaluationExamples({
  size,
  rows,
  slot,
}: {
  readonly size: number;
  readonly rows: number;
  readonly slot: number;
}): Int32Array {
  requirePositive({ rows });
  requireSlot(slot, evaluationSlots(size, rows).slots);
  return rowsOf(slot, rows, (position) => (position < size ? position : PADDING));
}

// The slots of a step ask for the same permutation; remembering the last one changes the cost, never the answer.
let remembered: { readonly seed: number; readonly epoch: number; readonly order: Int32Array } | undefined;

function epochOrder(seed: number, epoch: number, size: number): Int32Array {
  if (remembered?.seed !== seed || remembered.epoch !== epoch || remembered.order.length !== size) {
    remembered = { seed, epoch, order: permutation(deriveKey(seed, 'data.permutation', epoch), size) };
  }
  return remembered.order;
}

function rowsOf(slot: number, rows: number, at: (ordinal: number) => number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => at(slot * rows + row));
}

function requirePositive(values: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isInteger(value) || value < 1) {
      throw new DataError('slotExamples', { expected: `${name} to be an integer >= 1`, got: String(value), hint: 'steps count from 1' });
    }
  }
}

function requireSlot(slot: number, slots: number): void {
  if (!Number.isInteger(slot) || slot < 0 || slot >= slots) {
    throw new DataError('slotExamples', { expected: `a slot in [0, ${slots})`, got: String(slot), hint: 'slots count from 0' });
  }
}
