/**
 * Which examples a slot holds: pure functions of (seed, position of the batch, slot), so that any worker can compute any slot and a run's
 * data order never depends on who does. Each epoch visits a fresh permutation of the split; its last batch may be short.
 * Row r of slot s has ordinal s * slotSize + r in its step, whether or not an example stands there: randomness is keyed by it.
 */
import { deriveKey, permutation } from '@geodesic/random';
import { DataError } from './errors.ts';

/** Marks a row without an example. */
export const PADDING = -1;

/** One slot of a batch that stands somewhere in the stream of examples: epoch after epoch, each a fresh permutation of the split. */
export interface SlotRequest {
  readonly seed: number;
  /** Examples in the split. */
  readonly size: number;
  /** Examples of the stream before the batch. */
  readonly position: number;
  /** Examples of the batch; it ends with its epoch, and may then be short. */
  readonly batchExamples: number;
  /** Rows of a slot. */
  readonly slotSize: number;
  /** From 0. */
  readonly slot: number;
}

/**
 * Positions in the split of a slot's examples, [slotSize], padded with -1. The result is the caller's.
 * @throws {DataError} when the request is out of range
 */
export function slotExamples({ seed, size, position, batchExamples, slotSize, slot }: SlotRequest): Int32Array {
  requireIntegers({ size, batchExamples, slotSize }, 1);
  requireIntegers({ position, slot }, 0);
  const start = position % size;
  const end = Math.min(start + batchExamples, size);
  const order = epochOrder(seed, Math.floor(position / size), size);
  return rowsOf(slot, slotSize, (ordinal) => (start + ordinal < end ? order[start + ordinal] : PADDING));
}

/** Slots of one pass over a split: how many hold examples, and that number padded to a power of two for the reduction tree. */
export function evaluationSlots(size: number, rows: number): { readonly filled: number; readonly slots: number } {
  requireIntegers({ rows }, 1);
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
  requireIntegers({ rows }, 1);
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

function requireIntegers(values: Readonly<Record<string, number>>, least: number): void {
  for (const [name, value] of Object.entries(values)) {
    if (!Number.isSafeInteger(value) || value < least) {
      const hint = 'examples, rows and slots are counted in whole numbers';
      throw new DataError('slotExamples', { expected: `${name} to be an integer >= ${least}`, got: String(value), hint });
    }
  }
}

function requireSlot(slot: number, slots: number): void {
  if (!Number.isInteger(slot) || slot < 0 || slot >= slots) {
    throw new DataError('slotExamples', { expected: `a slot in [0, ${slots})`, got: String(slot), hint: 'slots count from 0' });
  }
}
