/**
 * tfjs has gradients of some ops as kernels of their own; they are lowered by the derivative rules of the graph.
 */
import { vjp } from '../../vjp.ts';
import type { Recorder, Value } from '../recorder.ts';

/** The gradient of a lowered function at x: dy is the cotangent of f(x). */
export function pullBack(recorder: Recorder, x: Value, dy: Value, f: (x: Value) => Value): Value {
  const input = recorder.cast(x, 'float32');
  const id = recorder.full(input);
  const y = recorder.full(f({ ...input, id }));
  const [cotangent] = vjp(recorder.builder, [{ id: y, cotangent: recorder.full(dy) }], [id]);
  return { id: cotangent, shape: x.shape, dtype: 'float32' };
}
