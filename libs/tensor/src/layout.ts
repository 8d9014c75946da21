/**
 * A layout places named tensors one after the other in one flat vector, in the order given.
 * Parameters, gradients and updates share a layout, so that they travel and add as single vectors.
 */
import { LayoutError } from './errors.ts';
import { nearMatches } from './near-matches.ts';
import { sizeOf, type Shape } from './shape.ts';

/** One tensor's place; offset and size count elements. */
export interface LayoutEntry {
  readonly name: string;
  readonly shape: Shape;
  readonly offset: number;
  readonly size: number;
}

/** All entries, consecutive from 0 to `size`. */
export interface Layout {
  readonly entries: readonly LayoutEntry[];
  readonly size: number;
}

/** Places tensors one after the other. @throws {LayoutError} when a name occurs twice @throws {ShapeError} as sizeOf */
export function makeLayout(parts: readonly { readonly name: string; readonly shape: Shape }[]): Layout {
  const seen = new Set<string>();
  let offset = 0;
  const entries = parts.map(({ name, shape }): LayoutEntry => {
    if (seen.has(name)) throw new LayoutError('makeLayout', name, 'a name of its own', 'the name of an earlier entry');
    seen.add(name);
    const entry = { name, shape: [...shape], offset, size: sizeOf(shape) };
    offset += entry.size;
    return entry;
  });
  return { entries, size: offset };
}

/** The entry of a name; O(entries). @throws {LayoutError} naming entries that look alike when there is none */
export function entryOf(layout: Layout, name: string): LayoutEntry {
  const entry = layout.entries.find((candidate) => candidate.name === name);
  if (entry) return entry;
  const names = layout.entries.map((candidate) => candidate.name);
  const near = nearMatches(name, names);
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `there are ${names.slice(0, 8).join(', ')}`;
  throw new LayoutError('entryOf', name, 'the name of an entry', names.length > 0 ? `no entry (${hint})` : 'an empty layout');
}

/**
 * The part of a flat vector that belongs to a name: a view, not a copy.
 * @throws {LayoutError} as entryOf, and when the vector's length is not the layout's size
 */
export function viewOf<T extends Float32Array | Float64Array>(layout: Layout, flat: T, name: string): T {
  const { offset, size } = entryOf(layout, name);
  if (flat.length !== layout.size) throw new LayoutError('viewOf', name, `a vector of ${layout.size} entries`, `${flat.length}`);
  return flat.subarray(offset, offset + size) as T;
}
