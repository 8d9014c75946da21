import { Expressions, GraphBuilder, evaluate, graphDigest, jvp, vjp } from '@geodesic/engine';
import type { TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

const build = (): { builder: GraphBuilder; x: Expressions } => {
  const builder = new GraphBuilder();
  return { builder, x: new Expressions(builder) };
};

const valuesOf = (builder: GraphBuilder, feeds: Record<string, TensorData>): Record<string, number[]> =>
  Object.fromEntries(
    Object.entries(evaluate(builder.build(), feeds, { precision: 'float64' })).map(([name, { data }]) => [name, Array.from(data)]),
  );

describe('jvp', () => {
  it('pushes tangents of several seeds through products and broadcasts', () => {
    const { builder, x } = build();
    const [a, b] = [builder.input('a', [2, 2], 'float64'), builder.input('b', [2], 'float64')];
    const [da, db] = [builder.input('da', [2, 2], 'float64'), builder.input('db', [2], 'float64')];
    const y = x.mul(a, b);
    const seeds = [
      { id: a, tangent: da },
      { id: b, tangent: db },
    ];
    builder.output('tangent', jvp(builder, seeds, [y])[0]);
    const feeds = {
      a: tensor('float64', [2, 2], [1, 2, 3, 4]),
      b: tensor('float64', [2], [5, 6]),
      da: tensor('float64', [2, 2], [1, 0, 0, 1]),
      db: tensor('float64', [2], [10, 100]),
    };
    expect(valuesOf(builder, feeds).tangent).toEqual([5 + 10, 200, 30, 6 + 400]);
  });

  it('makes no node for values that no seed reaches, and stored zeros for none', () => {
    const { builder, x } = build();
    const [a, b] = [builder.input('a', [3], 'float64'), builder.input('b', [3], 'float64')];
    const independent = x.unary('Tanh', x.unary('Exp', b));
    const before = builder.size;
    const [tangent] = jvp(builder, [{ id: a, tangent: b }], [independent]);
    expect(builder.size - before).toBe(2); // the scalar zero, and its broadcast
    expect(builder.nodeOf(tangent).kernel).toBe('BroadcastTo');
    expect(jvp(builder, [], [])).toEqual([]);
  });

  it('leaves the zero term out of a product with a constant', () => {
    const { builder, x } = build();
    const [a, w, da] = [
      builder.input('a', [2, 3], 'float64'),
      builder.input('w', [3, 2], 'float64'),
      builder.input('da', [2, 3], 'float64'),
    ];
    const y = x.unary('Tanh', x.matMul(a, w));
    builder.output('tangent', jvp(builder, [{ id: a, tangent: da }], [y])[0]);
    expect(builder.build().nodes.filter(({ kernel }) => kernel === 'BatchMatMul')).toHaveLength(2);
  });

  it('is zero behind a StopGradient and through integers', () => {
    const { builder, x } = build();
    const a = builder.input('a', [2], 'float64');
    const stopped = x.mul(a, builder.add('StopGradient', [x.square(a)]));
    const rounded = x.cast(x.cast(a, 'int32'), 'float64');
    const one = builder.constant(tensor('float64', [2], [1, 1]));
    const [first, second] = jvp(builder, [{ id: a, tangent: one }], [stopped, rounded]);
    builder.output('stopped', first);
    builder.output('rounded', second);
    const values = valuesOf(builder, { a: tensor('float64', [2], [3, -2]) });
    expect(values).toEqual({ stopped: [9, 4], rounded: [0, 0] });
  });

  it('is zero behind values that are to be constants, unless they are seeds', () => {
    const { builder, x } = build();
    const a = builder.input('a', [], 'float64');
    const square = x.square(a);
    const y = x.mul(a, square);
    const one = builder.constant(1, 'float64');
    const constants = new Set([square]);
    builder.output('constant', jvp(builder, [{ id: a, tangent: one }], [y], { constants })[0]);
    builder.output('seeded', jvp(builder, [{ id: square, tangent: one }], [y], { constants })[0]);
    expect(valuesOf(builder, { a: tensor('float64', [], [3]) })).toEqual({ constant: [9], seeded: [3] });
  });

  it('takes tangents of values on the way, and adds what arrives from other seeds', () => {
    const { builder, x } = build();
    const a = builder.input('a', [2], 'float64');
    const marked = builder.add('Tap', [x.scale(a, 3)], { layer: 'stem', role: 'output' });
    const y = x.square(marked);
    const [one, two] = [1, 2].map((value) => builder.constant(tensor('float64', [2], [value, value + 1])));
    builder.output('inner', jvp(builder, [{ id: marked, tangent: one }], [y])[0]);
    const seeds = [
      { id: a, tangent: two },
      { id: marked, tangent: one },
    ];
    builder.output('both', jvp(builder, seeds, [y])[0]);
    const values = valuesOf(builder, { a: tensor('float64', [2], [1, 2]) });
    expect(values.inner).toEqual([2 * 3 * 1, 2 * 6 * 2]);
    expect(values.both).toEqual([2 * 3 * (1 + 6), 2 * 6 * (2 + 9)]);
  });

  it('nests with vjp: forward over reverse equals reverse over reverse', () => {
    const { builder, x } = build();
    const [a, v] = [builder.input('a', [4], 'float64'), builder.input('v', [4], 'float64')];
    const loss = x.sum(x.mul(x.unary('Tanh', a), x.unary('Exp', x.sum(x.square(a), [0]))), [0]);
    const one = builder.constant(1, 'float64');
    const [gradient] = vjp(builder, [{ id: loss, cotangent: one }], [a]);
    builder.output('forward', jvp(builder, [{ id: a, tangent: v }], [gradient])[0]);
    builder.output('reverse', vjp(builder, [{ id: gradient, cotangent: v }], [a])[0]);
    const feeds = { a: tensor('float64', [4], [0.3, -0.2, 0.5, 0.1]), v: tensor('float64', [4], [1, -2, 0.5, 3]) };
    const values = valuesOf(builder, feeds);
    expectClose(values.forward, values.reverse, { rel: 1e-13 });
  });

  it('gives equal graphs for equal calls', () => {
    const once = (): string => {
      const { builder, x } = build();
      const [a, v] = [builder.input('a', [5], 'float32'), builder.input('v', [5], 'float32')];
      builder.output('tangent', jvp(builder, [{ id: a, tangent: v }], [x.mul(x.unary('Tanh', a), x.unary('Exp', a))])[0]);
      return graphDigest(builder.build());
    };
    expect(once()).toBe(once());
  });

  it('refuses tangents of another type, of integers, and two of one value', () => {
    const { builder } = build();
    const [a, i] = [builder.input('a', [2], 'float32'), builder.input('i', [2], 'int32')];
    expect(() => jvp(builder, [{ id: a, tangent: builder.constant(1) }], [a])).toThrow(
      'jvp: expected a tangent of type float32[2] for value 0, got float32[]',
    );
    expect(() => jvp(builder, [{ id: i, tangent: i }], [i])).toThrow('jvp: expected float values as seeds, got value 1 of type int32[2]');
    const seed = { id: a, tangent: a };
    expect(() => jvp(builder, [seed, seed], [a])).toThrow('jvp: expected one tangent for each value (add them first), got value 0 twice');
  });
});
