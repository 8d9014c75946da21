/**
 * Tracing: one call of a tfjs function on recording tensors becomes a graph. The model language is ordinary TensorFlow.js;
 * its float32 stands for the precision of the run, which is chosen when the graph is emitted.
 */
import { Tensor, engine } from '@tensorflow/tfjs-core';
import type { DType, Shape } from '@geodesic/tensor';
import { GraphBuilder } from '../graph-builder.ts';
import type { Graph } from '../graph.ts';
import { changingConstant } from './changing-constant.ts';
import { requireReal } from './complex-values.ts';
import { withoutMarks } from './gradients.ts';
import { requireSameGraph } from './purity.ts';
import { Recorder, type ConstantListener } from './recorder.ts';
import { RecordingBackend } from './recording-backend.ts';
import { record } from './recording-session.ts';
import { TraceError } from './trace-error.ts';

/** Type of an input of a traced function. */
export interface InputSpec {
  /** Static shape. */
  readonly shape: Shape;
  /** `float32` (default; stands for the run's precision), `int32` or `bool`. */
  readonly dtype?: DType;
}

/** A function of named tensors that can be traced: pure, synchronous, of static shapes. */
export type TracedFunction = (inputs: Record<string, Tensor>) => Record<string, Tensor>;

/**
 * Records a tfjs function as a graph. The function is called twice, and refused if the two graphs differ. Inputs that it does
 * not use are not inputs of the graph. Tensors made before tracing are captured as constants.
 *
 * Gradients taken inside (tf.grad, tf.valueAndGrad, ..) are recorded by the derivative rules of the graph, to any order.
 *
 * While it runs, the tfjs engine of the whole process records (backend, tape, scopes): it is synchronous and not reentrant.
 * Afterwards, also after an error, tfjs is as it was, and every tensor that the call made is disposed.
 *
 * @throws {TraceError} for random numbers, values that change between calls, values read in JavaScript, variables, custom
 * gradients, tensors of earlier traces, kernels without a lowering, and anything but a flat record of tensors returned
 */
export function trace(fn: TracedFunction, inputs: Readonly<Record<string, InputSpec>>): Graph {
  const graph = traceOnce(fn, inputs);
  const again = traceOnce(fn, inputs);
  try {
    requireSameGraph(graph, again);
  } catch (error) {
    const stack = changingConstant((onConstant) => void traceOnce(fn, inputs, onConstant));
    if (stack !== undefined && error instanceof Error) error.stack = `${error.name}: ${error.message}\n${stack}`;
    throw error;
  }
  return graph;
}

function traceOnce(fn: TracedFunction, inputs: Readonly<Record<string, InputSpec>>, onConstant?: ConstantListener): Graph {
  const builder = new GraphBuilder();
  const backend = new RecordingBackend(new Recorder(builder, onConstant));
  return record(backend, () => {
    const placeholders = Object.entries(inputs).map(([name, spec]) => [name, placeholder(backend, name, spec)]);
    const returned = callTraced(backend, () => fn(Object.fromEntries(placeholders) as Record<string, Tensor>));
    for (const [name, tensor] of outputsOf(returned))
      builder.output(name, backend.recorder.full(requireReal(`output '${name}'`, backend.recorded(tensor))));
    return withoutMarks(builder.build());
  });
}

/** Calls a user's function; an asynchronous read that it made comes before whatever followed from it. */
function callTraced(backend: RecordingBackend, call: () => unknown): unknown {
  try {
    const returned = call();
    if (backend.asynchronousRead === undefined) return returned;
  } catch (error) {
    throw backend.asynchronousRead ?? error;
  }
  throw backend.asynchronousRead;
}

function placeholder(backend: RecordingBackend, name: string, { shape, dtype = 'float32' }: InputSpec): Tensor {
  if (dtype === 'float64') {
    const remedy = "say float32: it stands for the run's precision";
    throw new TraceError({ op: `input '${name}'`, shape, expected: 'float32, int32 or bool', got: dtype, remedy });
  }
  const value = { id: backend.recorder.builder.input(name, shape, dtype), shape, dtype };
  return engine().makeTensorFromTensorInfo(backend.tensorInfo(value, `input '${name}'`), backend);
}

/** Checks what the function returned. @throws {TraceError} naming the key that is not a tensor */
function outputsOf(returned: unknown): [string, Tensor][] {
  if (returned instanceof Promise) {
    throw badReturn('outputs', 'a promise', 'make the function synchronous; tracing swaps state of the whole process');
  }
  if (typeof returned !== 'object' || returned === null || returned instanceof Tensor || Array.isArray(returned)) {
    const got = returned instanceof Tensor ? 'a tensor' : Array.isArray(returned) ? 'an array' : String(returned);
    throw badReturn('outputs', got, 'return { name: tensor }');
  }
  const outputs = Object.entries(returned);
  if (outputs.length === 0) throw badReturn('outputs', 'none', 'return { name: tensor }');
  for (const [name, value] of outputs) {
    if (!(value instanceof Tensor)) throw badReturn(`output '${name}'`, describe(value), 'flatten the record and give every tensor a name');
  }
  return outputs as [string, Tensor][];
}

function badReturn(op: string, got: string, remedy: string): TraceError {
  return new TraceError({ op, expected: 'a flat record of tensors', got, remedy });
}

function describe(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'a nested object' : String(value);
}
