/**
 * Derivatives where a function has none, or several: what the rules choose there, and that no NaN leaks in from a branch
 * that is not taken. Forward and reverse choose alike.
 */
import { Expressions, GraphBuilder, evaluate, jvp, vjp } from '@geodesic/engine';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

type Function = (x: Expressions, inputs: readonly number[]) => number;

/** Gradients of the sum of f at vectors, by vjp; checked to be those of jvp. */
function gradientsAt(f: Function, ...points: readonly (readonly number[])[]): number[][] {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const inputs = points.map((point, i) => builder.input(`x${i}`, [point.length], 'float64'));
  const value = f(x, inputs);
  const total = x.sum(
    value,
    x.shapeOf(value).map((_, axis) => axis),
  );
  vjp(builder, [{ id: total, cotangent: builder.constant(1, 'float64') }], inputs).forEach((id, i) => builder.output(`g${i}`, id));
  points.forEach((point, i) =>
    point.forEach((_, e) => {
      const basis = builder.constant(
        tensor(
          'float64',
          [point.length],
          point.map((__, k) => Number(k === e)),
        ),
      );
      builder.output(`t${i}:${e}`, jvp(builder, [{ id: inputs[i], tangent: basis }], [total])[0]);
    }),
  );
  const graph = builder.build();
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name }) => [name, tensor('float64', graph.nodes[0].shape, points[Number(name.slice(1))])]),
  );
  const values = evaluate(graph, feeds, { precision: 'float64' });
  return points.map((point, i) => {
    const reverse = Array.from(values[`g${i}`].data, unsigned);
    expect(point.map((_, e) => unsigned(values[`t${i}:${e}`].data[0]))).toEqual(reverse);
    return reverse;
  });
}

/** 0 for -0. */
const unsigned = (value: number): number => value + 0;

describe('derivatives at kinks', () => {
  it('are those of the flat side for relu, and zero for abs, at 0', () => {
    expect(gradientsAt((x, [a]) => x.unary('Relu', a), [-1, 0, 2])).toEqual([[0, 0, 1]]);
    expect(gradientsAt((x, [a]) => x.unary('Abs', a), [-1, 0, 2])).toEqual([[-1, 0, 1]]);
  });

  it('go to the first of two equal values for Maximum and Minimum', () => {
    for (const kernel of ['Maximum', 'Minimum']) {
      expect(gradientsAt((x, [a, b]) => x.binary(kernel, a, b), [1, 1], [1, 1])).toEqual([
        [1, 1],
        [0, 0],
      ]);
      expect(gradientsAt((x, [a]) => x.binary(kernel, a, a), [1, 2])).toEqual([[1, 1]]);
    }
  });

  it('are one inside and at the bounds of a clip, as in tfjs', () => {
    const clip: Function = (x, [a]) => x.binary('Minimum', x.binary('Maximum', a, x.like(a, -1)), x.like(a, 1));
    expect(gradientsAt(clip, [-2, -1, 0, 1, 2])).toEqual([[0, 1, 1, 1, 0]]);
  });

  it('are shared equally by the entries that tie for Max and Min', () => {
    for (const [kernel, points] of [
      ['Max', [3, 1, 3, 3]],
      ['Min', [-3, 1, -3, -3]],
    ] as const) {
      const [shares] = gradientsAt((x, [a]) => x.builder.add(kernel, [a], { axes: [0] }), points);
      expectClose(shares, [1 / 3, 0, 1 / 3, 1 / 3], { rel: 1e-15 });
    }
  });
});

describe('derivatives at boundaries', () => {
  it('of sqrt and log at 0 are infinite', () => {
    for (const kernel of ['Sqrt', 'Log']) expect(gradientsAt((x, [a]) => x.unary(kernel, a), [0])).toEqual([[Infinity]]);
  });

  it('of a power with base 0 or below are those of the polynomial, and none in the exponent', () => {
    const power: Function = (x, [a, b]) => x.binary('Pow', a, b);
    expect(gradientsAt(power, [0, 0, 0, -2], [0, 1, 2, 3])).toEqual([
      [0, 1, 0, 12],
      [0, 0, 0, 0],
    ]);
    expect(gradientsAt((x, [a]) => x.binary('Pow', a, x.like(a, 3)), [0, -2])).toEqual([[0, 12]]);
  });

  it('of log-softmax stay finite for extreme and for masked logits', () => {
    const first: Function = (x, [a]) => x.slice(x.builder.add('LogSoftmax', [a]), [0], [1]);
    expect(gradientsAt(first, [1000, 0, -1000])).toEqual([[0, 0, 0]]);
    expect(gradientsAt(first, [0, 1e308, -Infinity])).toEqual([[1, -1, 0]]);
  });
});

describe('derivatives of a selection', () => {
  it('do not see an infinite derivative of the branch that is not taken', () => {
    // d sqrt(a) is infinite at 0; where the condition does not hold, it must not turn the other branch into NaN.
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const [a, b, t] = ['a', 'b', 't'].map((name) => builder.input(name, [2], 'float64'));
    const chosen = x.select(x.binary('Greater', a, x.like(a, 0)), x.unary('Sqrt', a), b);
    const seeds = [
      { id: a, tangent: t },
      { id: b, tangent: t },
    ];
    builder.output('tangent', jvp(builder, seeds, [chosen])[0]);
    const [toB] = vjp(builder, [{ id: chosen, cotangent: t }], [b]);
    builder.output('toB', toB);
    const feeds = { a: tensor('float64', [2], [0, 4]), b: tensor('float64', [2], [1, 1]), t: tensor('float64', [2], [2, 2]) };
    const { b: _, ...used } = feeds;
    const values = evaluate(builder.build(), used, { precision: 'float64' });
    expect(Array.from(values.tangent.data)).toEqual([2, 0.5]);
    expect(Array.from(values.toB.data)).toEqual([2, 0]);
  });

  it('pass an infinite cotangent to the branch taken only', () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const [a, b] = ['a', 'b'].map((name) => builder.input(name, [2], 'float64'));
    const chosen = x.select(builder.constant(tensor('bool', [2], [1, 0])), a, b);
    const infinite = builder.constant(tensor('float64', [2], [Infinity, Infinity]));
    vjp(builder, [{ id: chosen, cotangent: infinite }], [a, b]).forEach((id, i) => builder.output(`g${i}`, id));
    const values = evaluate(builder.build(), {}, { precision: 'float64' });
    expect(Array.from(values.g0.data)).toEqual([Infinity, 0]);
    expect(Array.from(values.g1.data)).toEqual([0, Infinity]);
  });
});
