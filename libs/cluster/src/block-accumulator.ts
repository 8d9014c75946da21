/**
 * The worker's side of the tree: the nodes below one block come in order (slots, or blocks of slots that were summed together), and a
 * binary counter of buffers holds one partial node for each set bit of the number of slots so far. At most log2(slots) + 1 buffers live,
 * whatever the size of the block; adds are in place. Sums that reach the codec's level here are rounded here (see `roundAtLevel`).
 */
import type { SumsCodec } from '@geodesic/tensor';
import { blockEnd, blockKey, blockStart, containsBlock } from './block.ts';
import type { Block } from './block.ts';
import { addContributions, emptyContribution, roundAtLevel } from './contribution.ts';
import type { Contribution } from './contribution.ts';
import { ProtocolError } from './errors.ts';

/** Options of {@link BlockAccumulator}. */
export interface BlockAccumulatorOptions {
  readonly block: Block;
  readonly sumsLength: number;
  readonly scalarsLength: number;
  /** Which sums are rounded, at one level of the tree; default none. */
  readonly codec?: SumsCodec | undefined;
}

/**
 * Reduces the slots of one block to its contribution.
 *
 * *Limitations*: nodes must come in ascending order and be aligned; one accumulator serves one block.
 */
export class BlockAccumulator {
  readonly #options: BlockAccumulatorOptions;
  /** Partial nodes by level; at most one for each level. */
  readonly #partial: (Contribution | undefined)[] = [];
  readonly #free: Contribution[] = [];
  #nextSlot: number;

  constructor(options: BlockAccumulatorOptions) {
    this.#options = options;
    this.#nextSlot = blockStart(options.block);
  }

  /**
   * Adds the next node, usually a slot. Its buffers are copied: the caller may reuse them. Nodes at or above the codec's level have been rounded.
   * @throws {ProtocolError} when it does not begin where the last one ended, reaches beyond the block, or has other lengths
   */
  push(part: Contribution): void {
    this.#check(part);
    this.#nextSlot = blockEnd(part.block);
    let node = this.#copy(part);
    let { level } = part.block;
    for (let left = this.#partial[level]; left !== undefined; left = this.#partial[level]) {
      this.#partial[level] = undefined;
      const sum = roundAtLevel(addContributions(left, node), this.#options.codec);
      // Of the two buffers the sum owns one; the other is free for a later slot.
      this.#free.push(sum.sums === left.sums ? node : left);
      node = sum;
      level += 1;
    }
    this.#partial[level] = node;
  }

  /**
   * The block's contribution, owned by the caller.
   * @throws {ProtocolError} when slots are missing
   */
  finish(): Contribution {
    const { block } = this.#options;
    const total = this.#partial[block.level];
    if (this.#nextSlot !== blockEnd(block) || total === undefined) {
      throw new ProtocolError('BlockAccumulator.finish', `slots up to ${blockEnd(block) - 1}`, `slots up to ${this.#nextSlot - 1}`);
    }
    this.#partial[block.level] = undefined;
    return total;
  }

  #check(slot: Contribution): void {
    const { block, sumsLength, scalarsLength } = this.#options;
    if (blockStart(slot.block) !== this.#nextSlot || !containsBlock(block, slot.block)) {
      throw new ProtocolError(
        'BlockAccumulator.push',
        `slot ${this.#nextSlot} of block ${blockKey(block)}`,
        `block ${blockKey(slot.block)}`,
      );
    }
    if (slot.sums.length !== sumsLength || slot.scalars.length !== scalarsLength) {
      const got = `${slot.sums.length} and ${slot.scalars.length}`;
      throw new ProtocolError('BlockAccumulator.push', `${sumsLength} sums and ${scalarsLength} scalars`, got);
    }
  }

  #copy(slot: Contribution): Contribution {
    const buffers = this.#free.pop() ?? emptyContribution(slot.block, this.#options);
    buffers.sums.set(slot.sums);
    buffers.scalars.set(slot.scalars);
    return { ...buffers, block: slot.block, count: slot.count };
  }
}
