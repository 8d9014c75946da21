/**
 * Purity: a program is traced twice, and the two graphs must be the same node by node. What JavaScript computes while tracing
 * (Math.random, the clock, a counter) is baked into the graph as a constant; the second trace shows it.
 */
import { canonicalJson } from '../canonical-json.ts';
import type { Graph } from '../graph.ts';
import { PASS_AS_INPUT } from './refusals.ts';
import { TraceError } from './trace-error.ts';

/** Compares two traces of one function. @throws {TraceError} naming the first node that differs and the outputs that it reaches */
export function requireSameGraph(first: Graph, second: Graph): void {
  const length = Math.max(first.nodes.length, second.nodes.length);
  for (let id = 0; id < length; id++) {
    if (canonicalJson(first.nodes[id] ?? 'none') !== canonicalJson(second.nodes[id] ?? 'none')) throw impure(first, second, id);
  }
  const names = ({ outputs }: Graph): string => outputs.map(({ name }) => name).join(', ');
  if (canonicalJson(first.outputs) !== canonicalJson(second.outputs)) {
    const got = `${names(first)} then ${names(second)}`;
    throw new TraceError({
      op: 'outputs',
      expected: 'the same outputs from two traces',
      got,
      remedy: 'return the same record at every call',
    });
  }
}

function impure(first: Graph, second: Graph, id: number): TraceError {
  const graph = id < first.nodes.length ? first : second;
  const { kernel, shape } = graph.nodes[id];
  const consumer = graph.nodes.find(({ inputs }) => inputs.includes(id));
  const op = kernel === 'Constant' && consumer ? consumer.kernel : kernel;
  const what = kernel === 'Constant' ? `a constant of ${op} that changes between calls` : `another ${kernel} at every call`;
  return new TraceError({
    op,
    shape,
    expected: 'the same graph from two traces',
    got: `${what}, at node ${id}, which reaches ${reachedOutputs(graph, id)}`,
    remedy: PASS_AS_INPUT,
  });
}

function reachedOutputs(graph: Graph, from: number): string {
  const reached = new Set([from]);
  graph.nodes.forEach(({ inputs }, id) => {
    if (inputs.some((input) => reached.has(input))) reached.add(id);
  });
  const names = graph.outputs.filter(({ id }) => reached.has(id)).map(({ name }) => `'${name}'`);
  return `output ${names.join(', ')}`;
}
