/**
 * tfjs 4.22 loses second-order terms (tensorflow/tfjs#3252): a kernel saves copies of its outputs for the backward pass, and
 * those copies are put on the tape before the node that makes the outputs. A tape is walked from its end, so the copies'
 * gradients reach the output only after its node was passed: (tanh^2)''(0.7) is 0.8058 instead of -0.1216, without a word.
 *
 * While tracing, a node is therefore inserted before the copies that it saved. Also, only float outputs go on the tape: a
 * comparison carries no derivative, but tfjs would ask one of it and fail the second derivative of max, clip or leakyRelu.
 */
import type { TapeNode, TfjsEngine } from './tfjs-engine.ts';

/** An `addTapeNode` that keeps the tape in the order of computation. */
export function orderedAddTapeNode(engine: TfjsEngine): TfjsEngine['addTapeNode'] {
  const append = engine.addTapeNode.bind(engine);
  return (kernel, inputs, outputs, gradient, saved, attributes) => {
    const tape = engine.state.activeTape;
    if (tape === null || !outputs.some(({ dtype }) => dtype === 'float32')) return;
    append(kernel, inputs, outputs, gradient, saved, attributes);
    const at = firstCopy(tape, saved ?? []);
    if (at < tape.length - 1) tape.splice(at, 0, tape.pop()!);
  };
}

/** Index of the earliest entry that makes one of the saved tensors; the last entry's index when none does. */
function firstCopy(tape: readonly TapeNode[], saved: NonNullable<TapeNode['saved']>): number {
  const wanted = new Set(saved.map(({ id }) => id));
  let first = tape.length - 1;
  for (let i = tape.length - 2; i >= 0 && wanted.size > 0; i--) {
    const made = tape[i].outputs.filter(({ id }) => wanted.delete(id));
    if (made.length > 0) first = i;
  }
  return first;
}
