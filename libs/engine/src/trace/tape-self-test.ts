/**
 * Self-test of the tape repair: proof, once a process and only for programs that nest gradients, that second derivatives are
 * right on this tfjs. See {@link orderedAddTapeNode} for what goes wrong without the repair.
 */
import { grad, square, tanh } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Graph } from '../graph.ts';
import { evaluate } from '../evaluate.ts';
import { TraceError } from './trace-error.ts';

let passed = false;

/** Checks (tanh^2)'' = 2 (1 - t^2)(1 - 3 t^2) at 0.7, t = tanh(0.7); `traceScalar` names x and y. @throws {TraceError} when the tape gives another value */
export function requireRepairedTape(traceScalar: (fn: (x: Tensor) => Tensor) => Graph): void {
  if (passed) return;
  const graph = traceScalar(grad(grad((x: Tensor) => square(tanh(x)))));
  const { y } = evaluate(graph, { x: { dtype: 'float64', shape: [], data: Float64Array.of(0.7) } }, { precision: 'float64' });
  const t = Math.tanh(0.7);
  const expected = 2 * (1 - t * t) * (1 - 3 * t * t);
  passed = Math.abs(y.data[0] - expected) < 1e-12;
  if (passed) return;
  throw new TraceError({
    op: 'grad',
    expected: `a second derivative of ${expected}`,
    got: `${y.data[0]} in the self-test of tfjs' tape`,
    remedy: 'use @tensorflow/tfjs-core 4.22.0, or take derivatives with vjp on the graph',
  });
}
