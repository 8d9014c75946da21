/**
 * The coordinator's side of the tree: blocks of any shape in any order, one total whose bits depend on neither. Siblings are
 * added as soon as both are there, in place, so what is held is the coarsest set of accepted nodes. Sums that reach the codec's level
 * here are rounded here; blocks that arrive at or above it have been rounded (see `roundAtLevel`).
 */
import type { SumsCodec } from '@geodesic/tensor';
import { blockEnd, blockKey, blockStart, containsBlock, parentOf, rootBlock, siblingOf } from './block.ts';
import type { Block } from './block.ts';
import { addContributions, roundAtLevel } from './contribution.ts';
import type { Contribution, ContributionShape } from './contribution.ts';
import { ProtocolError } from './errors.ts';

/** `overlap`: it holds fewer examples than the accepted nodes that it would replace, so one side is wrong; nothing changes. */
export type TreeAnswer = 'accepted' | 'duplicate' | 'overlap';

/**
 * Reduces one round. Contributions must have been checked (see `findFault`).
 *
 * *Limitations*: a partly covered block replaces what it covers; its bits are trusted to be the same.
 */
export class ReductionTree {
  readonly #root: Block;
  readonly #codec: SumsCodec | undefined;
  /** Disjoint nodes, no two of them siblings. */
  readonly #nodes = new Map<string, Contribution>();

  constructor(shape: Pick<ContributionShape, 'slots' | 'codec'>) {
    this.#root = rootBlock(shape.slots);
    this.#codec = shape.codec;
  }

  /**
   * Places a contribution; when accepted, its buffers belong to the tree.
   * @throws {ProtocolError} when the block is not one of the tree
   */
  accept(contribution: Contribution): TreeAnswer {
    const { block } = contribution;
    if (!containsBlock(this.#root, block))
      throw new ProtocolError('ReductionTree.accept', `a block in ${blockKey(this.#root)}`, blockKey(block));
    if (this.covers(block)) return 'duplicate';
    const replaced = [...this.#nodes.values()].filter((node) => containsBlock(block, node.block));
    const replacedCount = replaced.reduce((count, node) => count + node.count, 0);
    if (replacedCount > contribution.count) return 'overlap';
    for (const node of replaced) this.#nodes.delete(blockKey(node.block));
    this.#place(contribution);
    return 'accepted';
  }

  /** Whether every slot of a block is covered: since siblings merge, one node then contains it. */
  covers(block: Block): boolean {
    for (let ancestor = block; ancestor.level <= this.#root.level; ancestor = parentOf(ancestor)) {
      if (this.#nodes.has(blockKey(ancestor))) return true;
    }
    return false;
  }

  /** The slots not yet covered, ascending. */
  uncovered(): number[] {
    const covered = new Uint8Array(1 << this.#root.level);
    for (const { block } of this.#nodes.values()) covered.fill(1, blockStart(block), blockEnd(block));
    return Array.from(covered.keys()).filter((slot) => covered[slot] === 0);
  }

  /** Whether every slot is covered. */
  get complete(): boolean {
    return this.#nodes.has(blockKey(this.#root));
  }

  /**
   * The contribution of all slots; the tree keeps it, the caller may use its buffers when it is done with the tree.
   * @throws {ProtocolError} when slots are missing
   */
  total(): Contribution {
    const total = this.#nodes.get(blockKey(this.#root));
    if (total === undefined) throw new ProtocolError('ReductionTree.total', 'all slots covered', `${this.uncovered().length} missing`);
    return total;
  }

  #place(contribution: Contribution): void {
    let node = contribution;
    for (let sibling = this.#takeSibling(node); sibling !== undefined; sibling = this.#takeSibling(node)) {
      const [left, right] = (node.block.index & 1) === 0 ? [node, sibling] : [sibling, node];
      node = roundAtLevel(addContributions(left, right), this.#codec);
    }
    this.#nodes.set(blockKey(node.block), node);
  }

  #takeSibling(node: Contribution): Contribution | undefined {
    const key = blockKey(siblingOf(node.block));
    const sibling = this.#nodes.get(key);
    this.#nodes.delete(key);
    return sibling;
  }
}
