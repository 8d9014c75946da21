/**
 * Splicing: a traced graph is appended to a builder with its inputs bound to values that are already there.
 * A training step is put together this way: forward pass, cotangents, objective and statistics are traced apart
 * and become one graph, in which common subexpressions are shared.
 */
import { SpliceError } from './errors.ts';
import type { GraphBuilder } from './graph-builder.ts';
import type { Graph } from './graph.ts';

/** Where a spliced graph's values ended up in the builder. */
export interface Spliced {
  /** Output name -> value id in the builder. */
  readonly outputs: Readonly<Record<string, number>>;
  /** Node index in the spliced graph -> value id in the builder. */
  readonly ids: readonly number[];
}

/**
 * Appends `graph` to `builder`; every input is replaced by the value bound to its name.
 * @throws {SpliceError} when an input has no binding, or one of another shape or dtype
 */
export function spliceGraph(builder: GraphBuilder, graph: Graph, bindings: Readonly<Record<string, number>>): Spliced {
  const inputName = new Map(graph.inputs.map(({ name, id }) => [id, name]));
  const ids: number[] = [];
  graph.nodes.forEach((node, index) => {
    const name = inputName.get(index);
    if (name === undefined) {
      const inputs = node.inputs.map((id) => ids[id]);
      ids.push(builder.addNode({ ...node, inputs }));
      return;
    }
    const bound = bindings[name];
    if (bound === undefined) throw new SpliceError(name, `a binding for the input`, 'none');
    const expected = `${node.dtype}[${node.shape.join(',')}]`;
    const got = `${builder.dtypeOf(bound)}[${builder.shapeOf(bound).join(',')}]`;
    if (expected !== got) throw new SpliceError(name, expected, got);
    ids.push(bound);
  });
  const outputs = Object.fromEntries(graph.outputs.map(({ name, id }) => [name, ids[id]]));
  return { outputs, ids };
}
