/**
 * A contribution: the sums over one block of slots, and the one rule for adding two of them. A tree node is left + right,
 * elementwise, one float32 rounding per add (scalars: float64), wherever it is computed (exactness.md 2). Means never travel.
 */
import { roundSums, type SumsCodec } from '@geodesic/tensor';
import { blockKey, isBlockOf, parentOf, siblingOf } from './block.ts';
import type { Block } from './block.ts';
import { ProtocolError } from './errors.ts';

/** Sums over the examples of a block; `count` 0 marks an empty block, the identity of the addition. */
export interface Contribution {
  readonly block: Block;
  /** Real examples in the block; padding is not counted. */
  readonly count: number;
  /** Summed losses and other scalars, in the phase's order. */
  readonly scalars: Float64Array;
  /** Everything else that is summed, flat. */
  readonly sums: Float32Array;
}

/** The lengths that every contribution of a round has. */
export interface ContributionShape {
  readonly slots: number;
  readonly sumsLength: number;
  readonly scalarsLength: number;
  /** Which sums are rounded, at one level of the tree; absent: none. */
  readonly codec?: SumsCodec;
}

/** The identity for a block without examples. Allocates zeros. */
export function emptyContribution(block: Block, shape: Pick<ContributionShape, 'sumsLength' | 'scalarsLength'>): Contribution {
  return { block, count: 0, scalars: new Float64Array(shape.scalarsLength), sums: new Float32Array(shape.sumsLength) };
}

/**
 * The contribution of the parent block. Consumes both sides: the result owns one side's buffers, the left one's when both
 * have examples, and allocates nothing.
 * @throws {ProtocolError} when the blocks are not the left and right half of one parent or the lengths differ
 */
export function addContributions(left: Contribution, right: Contribution): Contribution {
  const { block } = left;
  const sibling = siblingOf(block);
  if ((block.index & 1) === 1 || right.block.level !== sibling.level || right.block.index !== sibling.index) {
    throw new ProtocolError('addContributions', 'a left block and its right sibling', `${blockKey(block)} and ${blockKey(right.block)}`);
  }
  if (left.sums.length !== right.sums.length || left.scalars.length !== right.scalars.length) {
    const lengths = (side: Contribution): string => `${side.sums.length} sums and ${side.scalars.length} scalars`;
    throw new ProtocolError('addContributions', lengths(left), lengths(right));
  }
  const parent = parentOf(block);
  if (right.count === 0) return { ...left, block: parent };
  if (left.count === 0) return { ...right, block: parent };
  addInto(left.sums, right.sums);
  addInto(left.scalars, right.scalars);
  return { block: parent, count: left.count + right.count, scalars: left.scalars, sums: left.sums };
}

/**
 * The lossy part of the tree (exactness.md 3): a node at the codec's level is rounded in place before it is added upwards or sent; nodes
 * elsewhere, and the identity, pass. Whoever makes a node of that level calls it: of a slot the one that computes it, of a wider block the
 * one that adds its halves. So a contribution at or above the level has been rounded, and is taken as it is.
 */
export function roundAtLevel(contribution: Contribution, codec: SumsCodec | undefined): Contribution {
  const { block, count, sums } = contribution;
  if (codec?.level === block.level && count > 0) roundSums(sums, codec.segments);
  return contribution;
}

/** The segments that a block's contribution travels coded in: those of the codec at its level, none elsewhere. */
export function codedSegments(block: Block, codec: SumsCodec | undefined): SumsCodec['segments'] | undefined {
  return codec?.level === block.level ? codec.segments : undefined;
}

/** target += addend, rounded once per element to the target's type. */
function addInto<T extends Float32Array | Float64Array>(target: T, addend: T): void {
  for (let i = 0; i < target.length; i += 1) target[i] += addend[i];
}

/** Why a contribution from a peer cannot enter a round of this shape; undefined when it can. Reads every element once. */
export function findFault(contribution: Contribution, shape: ContributionShape): string | undefined {
  const { block, count, scalars, sums } = contribution;
  if (!isBlockOf(block, shape.slots)) return `block: expected one of ${shape.slots} slots, got ${blockKey(block)}`;
  if (sums.length !== shape.sumsLength) return `sums: expected ${shape.sumsLength} elements, got ${sums.length}`;
  if (scalars.length !== shape.scalarsLength) return `scalars: expected ${shape.scalarsLength} elements, got ${scalars.length}`;
  if (!Number.isSafeInteger(count) || count < 0) return `count: expected a non-negative integer, got ${count}`;
  return findNonFinite('scalars', scalars) ?? findNonFinite('sums', sums);
}

/** Whether no entry is NaN or infinite: x - x is 0 for a finite x and NaN otherwise, so this is one branch-free pass. */
export function allFinite(values: Float32Array | Float64Array): boolean {
  let witness = 0;
  for (let i = 0; i < values.length; i += 1) witness += values[i] - values[i];
  return witness === 0;
}

function findNonFinite(name: string, values: Float32Array | Float64Array): string | undefined {
  if (allFinite(values)) return undefined;
  const index = values.findIndex((value) => !Number.isFinite(value));
  return `${name}: expected finite numbers, got ${values[index]} at ${index}`;
}
