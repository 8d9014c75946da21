import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { TraceError, trace } from '../src/trace/index.ts';

beforeAll(() => tf.setBackend('cpu'));

function refusal(fn: Parameters<typeof trace>[0]): TraceError {
  try {
    trace(fn, { x: { shape: [3] } });
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
  throw new Error('expected a TraceError, got a graph');
}

describe('trace of a function with a constant that changes', () => {
  it('has the stack of the line that made the constant', () => {
    let calls = 4; // a factor of 1 would be left out of the graph
    const steady = (x: tf.Tensor): tf.Tensor => tf.add(tf.mul(x, 2), tf.tensor([1, 2, 3]));
    const changing = (x: tf.Tensor): tf.Tensor => tf.mul(x, ++calls);
    const error = refusal(({ x }) => ({ y: changing(steady(x)) }));
    expect(error.message).toMatch(/a constant of Multiply that changes between calls/);
    expect(error.stack).toMatch(/ at changing \(.*changing-constant\.test\.ts:/);
  });

  it('compares whole tensors', () => {
    let calls = 0;
    const error = refusal(({ x }) => ({ y: tf.add(x, tf.tensor([1, ++calls, 3])) }));
    expect(error.stack).toMatch(/Recorder\.data[^]*changing-constant\.test\.ts:30:/);
  });

  it('keeps its own stack where the structure changes and no constant does', () => {
    let calls = 0;
    const error = refusal(({ x }) => ({ y: ++calls % 2 === 0 ? tf.exp(x) : tf.sin(x) }));
    expect(error.stack).toMatch(/requireSameGraph/);
  });
});

describe('trace of a tfjs optimizer', () => {
  it.each(['minimize', 'computeGradients'] as const)('refuses %s, and leaves optimizers as they were', (method) => {
    const optimizer = tf.train.sgd(0.1);
    const error = refusal(({ x }) => {
      optimizer[method](() => tf.sum(x));
      return { x };
    });
    expect(error.message).toMatch(new RegExp(`optimizer\\.${method}: .*declare an optimizer group in the run spec`));
    expect(Object.hasOwn(tf.Optimizer.prototype, method)).toBe(true);
    expect(String(tf.Optimizer.prototype[method])).not.toMatch(/optimizerUsed/);
  });
});

describe('trace of a fused matrix product', () => {
  it('keeps matrices matrices, without the batch axis that tfjs adds', () => {
    const options = { transposeA: false, transposeB: false, activation: 'relu' as const };
    const graph = trace(({ x, w, b }) => ({ y: tf.fused.matMul({ a: x, b: w, bias: b, ...options }) }), {
      x: { shape: [5, 4] },
      w: { shape: [4, 3] },
      b: { shape: [3] },
    });
    const product = graph.nodes.find(({ kernel }) => kernel === 'BatchMatMul');
    expect(product?.shape).toEqual([5, 3]);
    expect(graph.nodes.some(({ kernel }) => kernel === 'Reshape')).toBe(false);
  });
});
