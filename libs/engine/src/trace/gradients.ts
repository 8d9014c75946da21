/**
 * tf.grad and its kin inside a traced function. They do not use tfjs' tape: the derivative rules of the graph answer them, so
 * that a program has one set of rules and any order is right. (The tape of tfjs 4.22 loses second-order terms without a word,
 * tensorflow/tfjs#3252: (tanh^2)''(0.7) is 0.8058 instead of -0.1216.)
 *
 * A derivative is taken with respect to a tensor, not to a value: two tensors may share one value in the graph. While f runs,
 * each x therefore stands behind a mark of its own, a Tap; {@link withoutMarks} takes the marks out of the finished graph.
 */
import { Tensor, engine } from '@tensorflow/tfjs-core';
import { GraphBuilder } from '../graph-builder.ts';
import type { Graph, GraphNode } from '../graph.ts';
import { vjp } from '../vjp.ts';
import { requireReal } from './complex-values.ts';
import type { Value } from './recorder.ts';
import type { RecordingBackend } from './recording-backend.ts';
import type { TfjsEngine } from './tfjs-engine.ts';
import { TraceError } from './trace-error.ts';

/** Layer name of marks; the space keeps it apart from layers of models. */
const MARK = 'gradient mark';

/** `engine.gradients` on the graph: the value of f and its gradients with respect to xs. */
export function graphGradients(backend: RecordingBackend): TfjsEngine['gradients'] {
  const { builder } = backend.recorder;
  return (f, xs, dy) => {
    const { y, marks } = runMarked(backend, f, xs);
    const value = requireReal('grad', backend.recorded(y));
    const seed = dy ? backend.recorded(dy) : backend.recorder.constant(1, value.dtype, value.shape);
    const output = backend.recorder.full(value);
    requireConnected(builder, output, marks);
    const cotangents = vjp(
      builder,
      [{ id: output, cotangent: backend.recorder.full(seed) }],
      marks.map(({ id }) => id),
    );
    const tensor = ({ shape, dtype }: Value, id: number): Tensor =>
      engine().makeTensorFromTensorInfo(backend.tensorInfo({ id, shape, dtype }, 'gradient'), backend);
    return { value: y, grads: marks.map((mark, i) => tensor(mark, cotangents[i])) };
  };
}

/** The graph without marks; what they kept apart is one value again. */
export function withoutMarks(graph: Graph): Graph {
  if (!graph.nodes.some(isMark)) return graph;
  const builder = new GraphBuilder();
  const ids: number[] = [];
  for (const node of graph.nodes) {
    if (isMark(node)) ids.push(ids[node.inputs[0]]);
    else if (node.kernel === 'Input') ids.push(builder.input(node.attributes.name as string, node.shape, node.dtype));
    else ids.push(builder.addNode({ ...node, inputs: node.inputs.map((id) => ids[id]) }));
  }
  for (const { name, id } of graph.outputs) builder.output(name, ids[id]);
  return builder.build();
}

function isMark({ kernel, attributes }: GraphNode): boolean {
  return kernel === 'Tap' && attributes.layer === MARK;
}

/** Runs f while every x has a mark as its value. A tensor given twice gets a mark on its mark, and both see all its uses. */
function runMarked(backend: RecordingBackend, f: () => unknown, xs: readonly Tensor[]): { y: Tensor; marks: readonly Value[] } {
  const { recorder } = backend;
  const marked = xs.map((x) => {
    const mark = recorder.kernel('Tap', [requireReal('grad', backend.recorded(x))], { layer: MARK, role: String(recorder.builder.size) });
    return { mark, restore: backend.rebind(x, mark) };
  });
  try {
    const y = engine().tidy('forward', f as () => Tensor);
    if (y instanceof Tensor) return { y, marks: marked.map(({ mark }) => mark) };
    throw new TraceError({
      op: 'grad',
      expected: 'a function that returns a tensor',
      got: String(y),
      remedy: 'return the tensor to derive',
    });
  } finally {
    for (const { restore } of marked.toReversed()) restore();
  }
}

/** A gradient of what does not depend on x is a slip of f, not a zero; tfjs refuses it too. */
function requireConnected(builder: GraphBuilder, output: number, marks: readonly Value[]): void {
  const reached = new Set([output]);
  for (let id = output; id >= 0; id--) if (reached.has(id)) builder.nodeOf(id).inputs.forEach((input) => reached.add(input));
  const loose = marks.find(({ id }) => !reached.has(id));
  if (!loose) return;
  const remedy = 'compute the result from the argument of the function given to tf.grad, inside of it';
  throw new TraceError({ op: 'grad', shape: loose.shape, expected: 'y = f(x) that depends on x', got: 'no path from x to y', remedy });
}
