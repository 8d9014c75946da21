/**
 * Dyadic blocks: the nodes of the one reduction tree over a step's slots. Level 0 is a slot; a node of level l covers
 * 2^l consecutive slots and starts at a multiple of 2^l, so two blocks are disjoint or nested, never partly overlapping.
 */
import { ProtocolError } from './errors.ts';

/** A block of slots: [index << level, (index + 1) << level). */
export interface Block {
  readonly level: number;
  readonly index: number;
}

/** Slots are addressed with 32-bit shifts. */
const MAX_LEVEL = 30;

/** The first slot of a block. */
export function blockStart(block: Block): number {
  return block.index << block.level;
}

/** One past the last slot of a block. */
export function blockEnd(block: Block): number {
  return (block.index + 1) << block.level;
}

/** The block that joins a block with its sibling. */
export function parentOf(block: Block): Block {
  return { level: block.level + 1, index: block.index >> 1 };
}

/** The other half of a block's parent. */
export function siblingOf(block: Block): Block {
  return { level: block.level, index: block.index ^ 1 };
}

/** Whether every slot of `inner` is in `outer`. */
export function containsBlock(outer: Block, inner: Block): boolean {
  return inner.level <= outer.level && inner.index >> (outer.level - inner.level) === outer.index;
}

/** A map key, also for people: `level:index`. */
export function blockKey(block: Block): string {
  return `${block.level}:${block.index}`;
}

/** The slots of a block, ascending. */
export function slotsOf(block: Block): number[] {
  return Array.from({ length: 1 << block.level }, (_, offset) => blockStart(block) + offset);
}

/**
 * The block of all slots.
 * @throws {ProtocolError} when `slots` is not a power of two
 */
export function rootBlock(slots: number): Block {
  const level = Math.log2(slots);
  if (!Number.isInteger(level) || level < 0 || level > MAX_LEVEL)
    throw new ProtocolError('rootBlock', 'slots to be a power of two', `${slots}`);
  return { level, index: 0 };
}

/** Whether a block (perhaps from the wire) is a node of the tree over `slots` slots. */
export function isBlockOf(block: Block, slots: number): boolean {
  const { level, index } = block;
  if (!Number.isInteger(level) || !Number.isInteger(index) || level < 0 || level > MAX_LEVEL || index < 0) return false;
  return (index + 1) * 2 ** level <= slots;
}

/**
 * The fewest aligned blocks that cover slots [from, to), ascending; at most 2 log2(to) of them.
 * @throws {ProtocolError} when the range is not one of non-negative integers
 */
export function dyadicBlocks(from: number, to: number): Block[] {
  if (!Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > 2 ** MAX_LEVEL) {
    throw new ProtocolError('dyadicBlocks', 'integers 0 <= from <= to', `[${from}, ${to})`);
  }
  const blocks: Block[] = [];
  for (let start = from; start < to;) {
    let level = 0;
    while (start % 2 ** (level + 1) === 0 && start + 2 ** (level + 1) <= to) level += 1;
    blocks.push({ level, index: start >> level });
    start += 2 ** level;
  }
  return blocks;
}

/** The fewest blocks that cover a set of slots, ascending; duplicates do no harm. */
export function coverSlots(slots: readonly number[]): Block[] {
  const ascending = [...new Set(slots)].sort((a, b) => a - b);
  const blocks: Block[] = [];
  for (let first = 0; first < ascending.length;) {
    let next = first + 1;
    while (next < ascending.length && ascending[next] === ascending[next - 1] + 1) next += 1;
    blocks.push(...dyadicBlocks(ascending[first], ascending[next - 1] + 1));
    first = next;
  }
  return blocks;
}
