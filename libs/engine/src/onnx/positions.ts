/**
 * Positions of extreme entries. A provider whose int64 results cannot be read on its device gets them by comparison: the lowest
 * position that holds the extremum, and for the k largest the position of every rank. n entries along the axis.
 */
import type { Site } from './emission.ts';
import { ELEMENT } from './proto.ts';

/** The position of the largest or smallest entry along the node's axis, the lowest where several are equal, int32. */
export function extremePosition(site: Site, op: 'ArgMax' | 'ArgMin'): string {
  const { writer, inputs, inputTypes, node } = site;
  const [{ dtype, shape }] = inputTypes;
  const axis = node.attributes.axis as number;
  if (writer.can(op, dtype)) return writer.op('Cast', [writer.op(op, inputs, { axis, keepdims: 0 })], { to: ELEMENT.int32 });
  const axes = writer.integers([axis]);
  const extremum = writer.op(op === 'ArgMax' ? 'ReduceMax' : 'ReduceMin', [inputs[0], axes], { keepdims: 1 });
  const n = shape[axis];
  const positions = writer.constant('int32', [n, ...shape.slice(axis + 1).map(() => 1)], range(n));
  // Where nothing is equal, all being NaN, the position is the last one: still an index.
  const candidates = writer.op('Where', [writer.op('Equal', [inputs[0], extremum]), positions, writer.scalar('int32', n - 1)]);
  return writer.op('ReduceMin', [candidates, axes], { keepdims: 0 });
}

/** Positions of the k largest entries of the last axis, in falling order, the lower of equal ones first, int32. */
export function topPositions(site: Site): string {
  const { writer, inputs, inputTypes, node } = site;
  const [{ dtype, shape }] = inputTypes;
  const k = node.attributes.k as number;
  if (writer.can('TopK', dtype)) {
    const [, indices] = writer.ops('TopK', [inputs[0], writer.integers([k])], { attributes: { axis: -1 }, results: 2 });
    return writer.op('Cast', [indices], { to: ELEMENT.int32 });
  }
  const [outer, n] = [shape.slice(0, -1), shape[shape.length - 1]];
  const column = writer.op('Reshape', [inputs[0], writer.integers([...outer, n, 1])]);
  const row = writer.op('Reshape', [inputs[0], writer.integers([...outer, 1, n])]);
  // Entry j stands before entry i when it is larger, or equal and earlier.
  const lower = Array.from({ length: n * n }, (_, at) => Number(at % n < Math.floor(at / n)));
  const earlier = writer.op('And', [writer.op('Equal', [row, column]), writer.constant('bool', [n, n], lower)]);
  const count = (bools: string): string => writer.op('Cast', [bools], { to: ELEMENT.int32 });
  const before = writer.op('Add', [count(writer.op('Greater', [row, column])), count(earlier)]);
  const ranks = writer.op('ReduceSum', [before, writer.integers([shape.length])], { keepdims: 1 });
  const isRank = count(writer.op('Equal', [ranks, writer.constant('int32', [1, k], range(k))]));
  const weighted = writer.op('Mul', [isRank, writer.constant('int32', [n, 1], range(n))]);
  return writer.op('ReduceSum', [weighted, writer.integers([shape.length - 1])], { keepdims: 0 });
}

function range(n: number): number[] {
  return Array.from({ length: n }, (_, i) => i);
}
