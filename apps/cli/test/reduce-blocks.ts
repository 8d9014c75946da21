/** The reduction tree by hand: totals of blocks, computed in any way, added as a cluster adds them. */
import type { TotalOf } from './run-in-process.ts';

/** The total of a block. */
export type Total = Awaited<ReturnType<TotalOf>>;

/** left + right, one rounding in float32 (sums) and float64 (scalars): a node of the tree. */
function add(left: Total, right: Total): Total {
  const block = { level: left.block.level + 1, index: left.block.index >> 1 };
  if (left.count === 0 || right.count === 0) return { ...(left.count === 0 ? right : left), block };
  return {
    block,
    count: left.count + right.count,
    scalars: left.scalars.map((value, i) => value + right.scalars[i]),
    sums: left.sums.map((value, i) => value + right.sums[i]),
  };
}

/** Adds the totals of neighbouring blocks of one level, in order, a power of two of them. */
export function reduceBlocks(level: readonly Total[]): Total {
  return level.length === 1 ? level[0] : reduceBlocks(level.flatMap((node, i) => (i % 2 === 0 ? [add(node, level[i + 1])] : [])));
}

/** Computes a round in `parts` equal blocks, as so many workers would. */
export function inBlocks(parts: number): TotalOf {
  return async (compute, slots) => {
    const blocks: Total[] = [];
    for (let index = 0; index < parts; index++) blocks.push(await compute({ level: Math.log2(slots / parts), index }));
    return reduceBlocks(blocks);
  };
}
