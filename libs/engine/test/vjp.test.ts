import { Expressions, GraphBuilder, KernelError, evaluate, findTaps, graphDigest, vjp } from '@geodesic/engine';
import { describe, expect, it } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

describe('vjp', () => {
  const build = () => {
    const builder = new GraphBuilder();
    return { builder, x: new Expressions(builder) };
  };

  it('sums a cotangent over the axes along which its input was repeated', () => {
    const { builder, x } = build();
    const bias = builder.input('bias', [3], 'float64');
    const rows = builder.input('rows', [4, 3], 'float64');
    const total = x.sum(x.mul(x.add(rows, bias), rows), [0, 1]);
    const [gradient] = vjp(builder, [{ id: total, cotangent: builder.constant(1, 'float64') }], [bias]);
    builder.output('gradient', gradient);
    const values = { rows: tensor('float64', [4, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]) };
    expect(Array.from(evaluate(builder.build(), values, { precision: 'float64' }).gradient.data)).toEqual([22, 26, 30]);
  });

  it('gives zeros where no output is reached, and behind a StopGradient', () => {
    const { builder, x } = build();
    const a = builder.input('a', [2], 'float64');
    const b = builder.input('b', [3], 'float64');
    const total = x.sum(x.mul(a, builder.add('StopGradient', [x.square(a)])), [0]);
    const [toA, toB] = vjp(builder, [{ id: total, cotangent: builder.constant(1, 'float64') }], [a, b]);
    builder.output('a', toA);
    builder.output('b', toB);
    const outputs = evaluate(builder.build(), { a: tensor('float64', [2], [3, -2]) }, { precision: 'float64' });
    expect(Array.from(outputs.a.data)).toEqual([9, 4]);
    expect(Array.from(outputs.b.data)).toEqual([0, 0, 0]);
  });

  it('takes cotangents of values on the way, marked by taps of a finished graph', () => {
    const { builder, x } = build();
    const a = builder.input('a', [2], 'float64');
    const marked = builder.add('Tap', [x.scale(a, 3)], { layer: 'stem', role: 'output' });
    builder.output('total', x.sum(x.square(marked), [0]));
    const graph = builder.build();
    const [{ id, layer, role }] = findTaps(graph);
    expect([layer, role]).toEqual(['stem', 'output']);
    const more = GraphBuilder.from(graph);
    const [toTap, toInput] = vjp(more, [{ id: graph.outputs[0].id, cotangent: more.constant(1, 'float64') }], [id, graph.inputs[0].id]);
    more.output('tap', toTap);
    more.output('input', toInput);
    const outputs = evaluate(more.build(), { a: tensor('float64', [2], [1, 2]) }, { precision: 'float64' });
    expect(Array.from(outputs.tap.data)).toEqual([6, 12]);
    expect(Array.from(outputs.input.data)).toEqual([18, 36]);
  });

  it('writes the gradient of a flat vector by one Concat of its parts', () => {
    const { builder, x } = build();
    const theta = builder.input('theta', [10], 'float64');
    const part = (begin: number, size: number): number => x.slice(theta, [begin], [size]);
    const total = x.add(x.sum(x.square(part(0, 4)), [0]), x.sum(x.mul(x.square(part(6, 3)), part(1, 3)), [0]));
    const [gradient] = vjp(builder, [{ id: total, cotangent: builder.constant(1, 'float64') }], [theta]);
    builder.output('gradient', gradient);
    const graph = builder.build();
    expect(graph.nodes.filter(({ kernel }) => kernel === 'PadV2')).toEqual([]);
    const value = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    const got = evaluate(graph, { theta: tensor('float64', [10], value) }, { precision: 'float64' }).gradient.data;
    expect(Array.from(got)).toEqual([2, 4 + 49, 6 + 64, 8 + 81, 0, 0, 28, 48, 72, 0]);
  });

  it('gives equal graphs for equal calls', () => {
    const once = (): string => {
      const { builder, x } = build();
      const a = builder.input('a', [5], 'float32');
      const value = x.sum(x.mul(x.unary('Tanh', a), x.add(x.unary('Exp', a), x.square(a))), [0]);
      builder.output('gradient', vjp(builder, [{ id: value, cotangent: builder.constant(1) }], [a])[0]);
      return graphDigest(builder.build());
    };
    expect(once()).toBe(once());
  });

  it('refuses a cotangent of another type', () => {
    const { builder } = build();
    const a = builder.input('a', [2], 'float32');
    expect(() => vjp(builder, [{ id: a, cotangent: builder.constant(1) }], [a])).toThrow(
      'vjp: expected a cotangent of type float32[2] for value 0, got float32[]',
    );
  });

  it('has no derivative through comparisons, but no error either', () => {
    const { builder, x } = build();
    const a = builder.input('a', [], 'float64');
    const step = x.cast(x.binary('Greater', a, x.like(a, 0)), 'float64');
    const [gradient] = vjp(builder, [{ id: step, cotangent: builder.constant(1, 'float64') }], [a]);
    builder.output('gradient', gradient);
    expect(evaluate(builder.build(), {}, { precision: 'float64' }).gradient.data[0]).toBe(0);
    expect(() => builder.add('BatchMatMul', [a, a])).toThrow(KernelError);
  });
});
