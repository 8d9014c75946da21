/**
 * tf.customGrad while tracing. Derivatives of a graph are taken on the graph, where a gradient that somebody attached in
 * JavaScript does not exist; recording the value alone would silently train with another gradient. So a user's customGrad is
 * refused. tfjs' own ops call customGrad for speed only: they are recorded as the plain ops that they stand for, which also
 * mends their second derivatives (tf.losses.softmaxCrossEntropy saves a value that its tape does not know).
 */
import { cast, engine, mul, neg, softplus, sum } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { runningOps, type KernelCall, type TfjsEngine } from './tfjs-engine.ts';
import { TraceError } from './trace-error.ts';

type PlainOp = (...inputs: readonly Tensor[]) => Tensor;

/** Ops of tfjs that use customGrad, as plain ops. */
const PLAIN: Readonly<Record<string, PlainOp>> = {
  logSigmoid: (x) => neg(softplus(neg(x))),
  logSoftmax: (logits) => logSoftmaxKernel(logits),
  softmaxCrossEntropy: (labels, logits) => neg(sum(mul(logSoftmaxKernel(cast(logits, 'float32')), labels), -1)),
};

/** Ops of tfjs whose custom gradient is right to any order, and whose kernel has no other: they run as they are. */
const TRUSTED: ReadonlySet<string> = new Set(['fusedMatMul']);

/** A `runKernelFunc` that lets kernels pass and decides on functions with a custom gradient. */
export function guardedRunKernelFunc(tfjs: TfjsEngine): TfjsEngine['runKernelFunc'] {
  const run = tfjs.runKernelFunc.bind(tfjs);
  return (call: KernelCall) => {
    if (call.kernelName !== undefined) return run(call);
    const inputs = Object.values(call.inputs);
    // A user's function inside an op of tfjs does not exist: the innermost scope tells whose call it is.
    const op = tfjs.state.activeScope?.name.endsWith('__op') ? runningOps(tfjs).at(-1)! : 'customGrad';
    if (TRUSTED.has(op)) return run(call);
    const plain = Object.hasOwn(PLAIN, op) ? PLAIN[op] : undefined;
    if (plain) return plain(...inputs);
    throw new TraceError({
      op,
      shape: inputs[0]?.shape ?? [],
      expected: 'ops whose gradient follows from their value',
      got: 'a custom gradient, which derivatives taken on the graph would ignore',
      remedy: 'write y = stopGradient(value - surrogate) + surrogate, where the surrogate is an op with the gradient you want',
    });
  };
}

function logSoftmaxKernel(logits: Tensor): Tensor {
  return engine().runKernel('LogSoftmax', { logits }, { axis: logits.rank - 1 });
}
