/**
 * Values of an emission, in one or two layouts. A graph's images are [B, H, W, C], channels last; the provider computes
 * convolutions and pools on [B, C, H, W], channels first. A value is kept in the layout in which it was made and converted
 * when it is asked for in the other, once.
 */
import type { Shape } from '@geodesic/tensor';
import type { Graph } from '../graph.ts';
import type { OnnxWriter } from './writer.ts';

/** Where the channels of an image stand; values that are no images are `last`. */
export type Layout = 'first' | 'last';

/** Axes of [B, H, W, C] in the order B, C, H, W. */
export const TO_FIRST: readonly number[] = [0, 3, 1, 2];
const TO_LAST: readonly number[] = [0, 2, 3, 1];

/** The shape of an image with its channels first; of a value that broadcasts to images, padded to rank 4. */
export function firstShape(shape: Shape): number[] {
  const padded = [...Array.from({ length: 4 - shape.length }, () => 1), ...shape];
  return TO_FIRST.map((axis) => padded[axis]);
}

/** The values of a graph by id. */
export class LayoutValues {
  readonly #writer: OnnxWriter;
  readonly #graph: Graph;
  readonly #names = { last: new Map<number, string>(), first: new Map<number, string>() };
  readonly #madeFirst = new Set<number>();

  constructor(writer: OnnxWriter, graph: Graph) {
    this.#writer = writer;
    this.#graph = graph;
  }

  /** Records the name under which a value was written. */
  set(id: number, layout: Layout, name: string): void {
    this.#names[layout].set(id, name);
    if (layout === 'first') this.#madeFirst.add(id);
  }

  /** Whether a value was made with channels first. */
  isFirst(id: number): boolean {
    return this.#madeFirst.has(id);
  }

  /** The name of a value in a layout; converts it where it has to. Smaller values than images become what broadcasts with them. */
  get(id: number, layout: Layout): string {
    const known = this.#names[layout].get(id);
    if (known !== undefined) return known;
    const name = layout === 'first' ? this.#toFirst(id) : this.#toLast(id);
    this.#names[layout].set(id, name);
    return name;
  }

  #toFirst(id: number): string {
    const { shape } = this.#graph.nodes[id];
    const name = this.#names.last.get(id)!;
    if (shape.length === 0) return name;
    const padded = [...Array.from({ length: 4 - shape.length }, () => 1), ...shape];
    if (keepsOrder(padded, TO_FIRST)) return this.#writer.op('Reshape', [name, this.#writer.integers(firstShape(shape))]);
    const full = shape.length === 4 ? name : this.#writer.op('Reshape', [name, this.#writer.integers(padded)]);
    return this.#writer.op('Transpose', [full], { perm: TO_FIRST });
  }

  #toLast(id: number): string {
    const { shape } = this.#graph.nodes[id];
    const name = this.#names.first.get(id)!;
    if (keepsOrder(firstShape(shape), TO_LAST)) return this.#writer.op('Reshape', [name, this.#writer.integers(shape)]);
    return this.#writer.op('Transpose', [name], { perm: TO_LAST });
  }
}

/** Whether a permutation moves no entry, since the axes that it moves past each other have size 1. */
function keepsOrder(from: Shape, perm: readonly number[]): boolean {
  const moving = perm.filter((axis) => from[axis] !== 1);
  return moving.every((axis, i) => i === 0 || moving[i - 1] < axis);
}
