/**
 * Who reads a value, looking through nodes that only change its shape or mark it. A parameter's uses are found this way, and what
 * is added to a layer's output.
 */
import type { Graph, GraphNode } from '@geodesic/engine';

/** One reader of a value. */
export interface Consumer {
  /** Id of the reading node. */
  readonly id: number;
  /** Which of its inputs the value is. */
  readonly at: number;
  /** Id that it reads: the value, or a reshaped or marked form of it. */
  readonly alias: number;
}

/** Kernels that leave the numbers of their input as they are, in the same order. */
const aliases: ReadonlySet<string> = new Set(['Reshape', 'Tap']);

/** Readers of the values of a graph. */
export class Consumers {
  readonly #graph: Graph;
  readonly #direct: readonly { readonly id: number; readonly at: number }[][];
  readonly #outputs: ReadonlySet<number>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#direct = graph.nodes.map(() => []);
    graph.nodes.forEach(({ inputs }, id) => inputs.forEach((input, at) => this.#direct[input].push({ id, at })));
    this.#outputs = new Set(graph.outputs.map(({ id }) => id));
  }

  /** All readers of a value, in the order of construction. */
  of(value: number): Consumer[] {
    return this.#direct[value].flatMap(({ id, at }): Consumer[] =>
      aliases.has(this.#graph.nodes[id].kernel) ? this.of(id) : [{ id, at, alias: value }],
    );
  }

  /** The reader of a value that has exactly one and is no output, in any of its forms. */
  only(value: number): Consumer | undefined {
    const [{ id, at }, ...others] = this.#direct[value].length > 0 ? this.#direct[value] : [{ id: -1, at: -1 }];
    if (id < 0 || others.length > 0 || this.#outputs.has(value)) return undefined;
    return aliases.has(this.#graph.nodes[id].kernel) ? this.only(id) : { id, at, alias: value };
  }

  nodeOf(id: number): GraphNode {
    return this.#graph.nodes[id];
  }
}
