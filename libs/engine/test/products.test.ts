import { Expressions, GraphBuilder, evaluate, gaussNewtonVector, hessianVector, vjp } from '@geodesic/engine';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { drawEntries, float, generator, tensor } from './cases/kernel-case.ts';

/** Softmax regression through a tanh layer: logits [B, C] of x [B, I], and the sum of -log p(label). */
function classifier(builder: GraphBuilder): { wrt: number[]; vectors: number[]; logits: number; loss: number } {
  const x = new Expressions(builder);
  const input = builder.input('x', [4, 3], 'float64');
  const wrt = [builder.input('w1', [3, 5], 'float64'), builder.input('w2', [5, 3], 'float64')];
  const vectors = [builder.input('v1', [3, 5], 'float64'), builder.input('v2', [5, 3], 'float64')];
  const logits = x.matMul(x.unary('Tanh', x.matMul(input, wrt[0])), wrt[1]);
  const hot = builder.add('OneHot', [builder.input('labels', [4], 'int32')], { depth: 3 });
  const loss = x.neg(x.sum(x.mul(builder.add('LogSoftmax', [logits]), x.cast(hot, 'float64')), [0, 1]));
  return { wrt, vectors, logits, loss };
}

const random = generator(5);
const feeds = {
  x: tensor('float64', [4, 3], drawEntries(float([4, 3]), random)),
  w1: tensor('float64', [3, 5], drawEntries(float([3, 5]), random)),
  w2: tensor('float64', [5, 3], drawEntries(float([5, 3]), random)),
  v1: tensor('float64', [3, 5], drawEntries(float([3, 5]), random)),
  v2: tensor('float64', [5, 3], drawEntries(float([5, 3]), random)),
  labels: tensor('int32', [4], [0, 2, 1, 1]),
};

describe('hessianVector', () => {
  it('equals central differences of the gradient along the vector', () => {
    const builder = new GraphBuilder();
    const { wrt, vectors, loss } = classifier(builder);
    hessianVector(builder, { scalar: loss, wrt, vectors }).forEach((id, i) => builder.output(`h${i}`, id));
    vjp(builder, [{ id: loss, cotangent: builder.constant(1, 'float64') }], wrt).forEach((id, i) => builder.output(`g${i}`, id));
    const graph = builder.build();
    const h = 1e-5; // error about h^2 g'' = 1e-10 g'' by truncation (g the gradient along the vector, of length 9), 1e-11 by rounding
    const at = (step: number) => {
      const move = (w: 'w1' | 'w2', v: 'v1' | 'v2') => ({
        ...feeds[w],
        data: Float64Array.from(feeds[w].data, (value, e) => value + step * feeds[v].data[e]),
      });
      return evaluate(graph, { ...feeds, w1: move('w1', 'v1'), w2: move('w2', 'v2') }, { precision: 'float64' });
    };
    const [there, ahead, behind] = [at(0), at(h), at(-h)];
    for (const i of [0, 1]) {
      const difference = Array.from(ahead[`g${i}`].data, (value, e) => (value - behind[`g${i}`].data[e]) / (2 * h));
      expectClose(there[`h${i}`].data, difference, { abs: 1e-7 });
    }
  });

  it('refuses what is not a scalar, and another number of vectors', () => {
    const builder = new GraphBuilder();
    const a = builder.input('a', [2], 'float64');
    expect(() => hessianVector(builder, { scalar: a, wrt: [a], vectors: [a] })).toThrow(
      'hessianVector: expected a scalar, got a value of shape [2] (sum it first)',
    );
    const total = new Expressions(builder).sum(a, [0]);
    expect(() => hessianVector(builder, { scalar: total, wrt: [a], vectors: [] })).toThrow('hessianVector: expected 1 vectors, got 0');
  });
});

describe('gaussNewtonVector', () => {
  /** H u of the softmax cross-entropy in the logits: p u - p <p, u>, for every row. */
  const softmaxHessian =
    (builder: GraphBuilder, logits: number) =>
    ([u]: readonly number[]): number[] => {
      const x = new Expressions(builder);
      const p = x.unary('Exp', builder.add('LogSoftmax', [logits]));
      const pu = x.mul(p, u);
      return [x.sub(pu, x.mul(p, x.sum(pu, [1], { keepDims: true })))];
    };

  it('equals the Hessian product where the model is linear in the parameters', () => {
    const builder = new GraphBuilder();
    const { wrt, vectors, logits, loss } = classifier(builder);
    const last = { wrt: [wrt[1]], vectors: [vectors[1]] };
    builder.output('ggn', gaussNewtonVector(builder, { outputs: [logits], ...last, outputHessian: softmaxHessian(builder, logits) })[0]);
    builder.output('hessian', hessianVector(builder, { scalar: loss, ...last })[0]);
    const { v1: _, ...used } = feeds;
    const values = evaluate(builder.build(), used, { precision: 'float64' });
    expectClose(values.ggn.data, values.hessian.data, { abs: 1e-12 });
  });

  it('is a symmetric, positive semidefinite form', () => {
    const builder = new GraphBuilder();
    const { wrt, vectors, logits } = classifier(builder);
    const x = new Expressions(builder);
    const outputHessian = softmaxHessian(builder, logits);
    const dot = (a: readonly number[], b: readonly number[]): number =>
      a.map((id, i) => x.sum(x.mul(id, b[i]), [0, 1])).reduce((sum, id) => x.add(sum, id));
    const [toV, toW] = [vectors, wrt].map((list) => gaussNewtonVector(builder, { outputs: [logits], wrt, vectors: list, outputHessian }));
    builder.output('vGv', dot(vectors, toV));
    builder.output('wGv', dot(wrt, toV));
    builder.output('vGw', dot(vectors, toW));
    const { labels: _, ...used } = feeds;
    const values = evaluate(builder.build(), used, { precision: 'float64' });
    expect(values.vGv.data[0]).toBeGreaterThan(0);
    expectClose(values.wGv.data, values.vGw.data, { rel: 1e-12 });
  });

  it('refuses an output Hessian of another number of values', () => {
    const builder = new GraphBuilder();
    const a = builder.input('a', [2], 'float64');
    expect(() => gaussNewtonVector(builder, { outputs: [a], wrt: [a], vectors: [a], outputHessian: () => [] })).toThrow(
      'gaussNewtonVector: expected 1 values from outputHessian, got 0',
    );
  });
});
