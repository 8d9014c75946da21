/**
 * tf.customGrad while tracing. Derivatives are taken on the graph, where a gradient that somebody attached in JavaScript does
 * not exist; recording the value alone would silently train with another gradient. So a user's customGrad is refused. tfjs'
 * own ops use customGrad for speed and stability only, with the true gradient: they are recorded, by the core's stable
 * LogSoftmax where they stand for it.
 */
import { cast, engine, mul, neg, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { activeOp, type KernelCall, type TfjsEngine } from './tfjs-engine.ts';
import { TraceError } from './trace-error.ts';

/** Ops of tfjs that are recorded by other kernels than they run. */
const REPLACED: Readonly<Record<string, (...inputs: readonly Tensor[]) => Tensor>> = {
  logSoftmax: (logits) => logSoftmaxKernel(logits),
  softmaxCrossEntropy: (labels, logits) => neg(sum(mul(logSoftmaxKernel(cast(logits, 'float32')), labels), -1)),
};

/** Ops of tfjs that are recorded as they run. */
const PLAIN: ReadonlySet<string> = new Set(['logSigmoid', 'fusedMatMul', 'fusedConv2d', 'fusedDepthwiseConv2d']);

/** A `runKernelFunc` that lets kernels pass and decides on functions with a custom gradient. */
export function guardedRunKernelFunc(tfjs: TfjsEngine): TfjsEngine['runKernelFunc'] {
  const run = tfjs.runKernelFunc.bind(tfjs);
  return (call: KernelCall) => {
    const op = activeOp(tfjs) ?? 'customGrad';
    if (call.kernelName !== undefined || PLAIN.has(op)) return run(call);
    const inputs = Object.values(call.inputs);
    if (Object.hasOwn(REPLACED, op)) return REPLACED[op](...inputs);
    throw new TraceError({
      op,
      shape: inputs[0]?.shape ?? [],
      expected: 'ops whose gradient follows from their value',
      got: 'a custom gradient, which derivatives taken on the graph would ignore',
      remedy: 'write y = stopGradient(value - surrogate) + surrogate, where the surrogate has the gradient you want',
    });
  };
}

function logSoftmaxKernel(logits: Tensor): Tensor {
  return engine().runKernel('LogSoftmax', { logits }, { axis: logits.rank - 1 });
}
