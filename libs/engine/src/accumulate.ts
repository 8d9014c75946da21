/**
 * The sum of a value's cotangents. A flat parameter vector is read through many slices, each of which sends back its part
 * surrounded by zeros; adding those would cost one pass over all parameters for each. Parts that do not overlap are
 * therefore joined by one Concat, so that a gradient is written once.
 */
import type { Expressions } from './expressions.ts';

/** A value that is zero but for [begin, end) along one axis. */
interface Part {
  readonly id: number;
  readonly axis: number;
  readonly begin: number;
  readonly end: number;
}

/** Adds cotangents of one value. O(parts of the value) nodes. */
export function accumulate(x: Expressions, cotangents: readonly number[]): number {
  const parts: Part[] = [];
  const rest: number[] = [];
  for (const id of cotangents) {
    const part = partOf(x, id);
    if (part && (parts.length === 0 || part.axis === parts[0].axis)) parts.push(part);
    else rest.push(id);
  }
  if (parts.length < 2) return cotangents.reduce((sum, id) => x.add(sum, id));
  const shape = x.shapeOf(cotangents[0]);
  const joined = layers(mergeEqual(x, parts)).map((layer) => join(x, layer, shape));
  return [...joined, ...rest].reduce((sum, id) => x.add(sum, id));
}

function partOf(x: Expressions, id: number): Part | undefined {
  const { kernel, inputs, attributes } = x.builder.nodeOf(id);
  if (kernel !== 'PadV2' || attributes.value !== 0) return undefined;
  const paddings = attributes.paddings as readonly (readonly [number, number])[];
  const padded = paddings.flatMap(([before, after], axis) => (before + after > 0 ? [axis] : []));
  if (padded.length !== 1) return undefined;
  const [axis] = padded;
  const begin = paddings[axis][0];
  return { id: inputs[0], axis, begin, end: begin + x.shapeOf(inputs[0])[axis] };
}

/** Adds parts of the same range, and sorts them by range. */
function mergeEqual(x: Expressions, parts: readonly Part[]): Part[] {
  const byRange = new Map<string, Part>();
  for (const part of parts) {
    const key = `${part.begin}:${part.end}`;
    const known = byRange.get(key);
    byRange.set(key, known ? { ...part, id: x.add(known.id, part.id) } : part);
  }
  return [...byRange.values()].sort((a, b) => a.begin - b.begin || a.end - b.end);
}

/** Spreads sorted parts over as few layers without overlap as a greedy choice finds. */
function layers(parts: readonly Part[]): Part[][] {
  const found: Part[][] = [];
  for (const part of parts) {
    const free = found.find((layer) => layer[layer.length - 1].end <= part.begin);
    if (free) free.push(part);
    else found.push([part]);
  }
  return found;
}

/** Writes sorted parts and the zeros between them side by side. */
function join(x: Expressions, layer: readonly Part[], shape: readonly number[]): number {
  const { axis } = layer[0];
  const pieces: number[] = [];
  let end = 0;
  const fill = (to: number): void => {
    if (to > end) pieces.push(x.zeros(shape.with(axis, to - end), x.dtypeOf(layer[0].id)));
  };
  for (const part of layer) {
    fill(part.begin);
    pieces.push(part.id);
    end = part.end;
  }
  fill(shape[axis]);
  return x.concat(pieces, axis);
}
