/**
 * Rows added to zeros at given places, repeated places in order. ScatterND copies whole rows, but on several threads it may add to
 * one place at the same time; ScatterElements adds in order everywhere, and looks up a place for each entry (ten times slower).
 */
import type { Site } from './emission.ts';
import { ELEMENT } from './proto.ts';

/** Adds updates [count, inner] to the rows of zeros [size, inner] that `places` [count, 1] (int32) name. */
export function addRows(
  { writer, node }: Site,
  rows: { readonly updates: string; readonly places: string; readonly count: number; readonly size: number; readonly inner: number },
): string {
  const { updates, places, count, size, inner } = rows;
  const zeros = writer.op('Expand', [writer.scalar(node.dtype, 0), writer.integers([size, inner])]);
  const reduction = { text: 'add' };
  if (writer.can('ScatterND.add', node.dtype))
    return writer.op('ScatterND', [zeros, writer.op('Cast', [places], { to: ELEMENT.int64 }), updates], { reduction });
  const indices = writer.op('Expand', [places, writer.integers([count, inner])]);
  return writer.op('ScatterElements', [zeros, indices, updates], { axis: 0, reduction });
}
