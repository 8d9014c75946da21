import { Expressions, GraphBuilder, GraphError, KernelError, graphDigest } from '@geodesic/engine';
import { describe, expect, it } from 'vitest';

/** Kernels of the graph that computes one value of x [2, 3] and y [3]. */
function kernelsOf(make: (x: Expressions, at: { a: number; b: number }) => number): string[] {
  const builder = new GraphBuilder();
  const at = { a: builder.input('a', [2, 3], 'float32'), b: builder.input('b', [3], 'float32') };
  builder.output('value', make(new Expressions(builder), at));
  return builder.build().nodes.map(({ kernel }) => kernel);
}

describe('GraphBuilder.add', () => {
  it('finds equal operations, also with swapped operands of a commutative kernel', () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const [a, b] = [builder.input('a', [2], 'float32'), builder.input('b', [2], 'float32')];
    expect(x.mul(a, b)).toBe(x.mul(b, a));
    expect(x.sub(a, b)).not.toBe(x.sub(b, a));
    expect(builder.constant(2)).toBe(builder.constant(2));
    expect(builder.constant(2)).not.toBe(builder.constant(2, 'float64'));
  });

  it('keeps every tap, equal ones too', () => {
    const builder = new GraphBuilder();
    const a = builder.input('a', [2], 'float32');
    expect(builder.add('Tap', [a], { layer: 'l', role: 'input' })).not.toBe(builder.add('Tap', [a], { layer: 'l', role: 'input' }));
  });

  const identities: [string, (x: Expressions, at: { a: number; b: number }) => number, string[]][] = [
    ['a + 0', (x, { a }) => x.shift(a, 0), ['Input']],
    ['a * 1 * 1', (x, { a }) => x.scale(x.scale(a, 1), 1), ['Input']],
    ['a * 2 * 3', (x, { a }) => x.scale(x.scale(a, 2), 3), ['Input', 'Constant', 'Multiply']],
    ['a / 4', (x, { a }) => x.div(a, x.like(a, 4)), ['Input', 'Constant', 'Multiply']],
    ['-(-a)', (x, { a }) => x.neg(x.neg(a)), ['Input']],
    ['a + (-a)', (x, { a, b }) => x.add(a, x.neg(b)), ['Input', 'Input', 'Sub']],
    ['a ** 2', (x, { a }) => x.binary('Pow', a, x.like(a, 2)), ['Input', 'Square']],
    ['a * a', (x, { a }) => x.mul(a, a), ['Input', 'Square']],
    ['a * ones', (x, { a }) => x.mul(a, x.broadcastTo(x.like(a, 1), [2, 3])), ['Input']],
    ['a + b broadcast', (x, { a, b }) => x.add(a, x.broadcastTo(b, [2, 3])), ['Input', 'Input', 'Add']],
    ['tanh of a broadcast', (x, { b }) => x.unary('Tanh', x.broadcastTo(b, [2, 3])), ['Input', 'Tanh', 'BroadcastTo']],
    ['sum of a broadcast', (x, { b }) => x.sum(x.broadcastTo(b, [2, 3]), [0]), ['Input', 'Constant', 'Multiply']],
    ['transpose twice', (x, { a }) => x.transpose(x.transpose(a, [1, 0]), [1, 0]), ['Input']],
    ['reshape back', (x, { a }) => x.reshape(x.reshape(a, [6]), [2, 3]), ['Input']],
    ['slice of a slice', (x, { a }) => x.slice(x.slice(a, [0, 1], [2, 2]), [1, 0], [1, 2]), ['Input', 'Slice']],
    ['slice of a concat', (x, { a }) => x.slice(x.concat([x.neg(a), a], 0), [2, 0], [2, 3]), ['Input']],
    ['product with transposes', (x, { a }) => x.matMul(x.transpose(a, [1, 0]), a), ['Input', 'BatchMatMul']],
    ['exp of scalars', (x, { a }) => x.mul(a, x.unary('Exp', x.like(a, 0))), ['Input']],
    ['select by a constant', (x, { a }) => x.where(x.binary('Less', x.like(a, 1), x.like(a, 2)), a), ['Input']],
  ];
  it.each(identities)('simplifies %s', (_name, make, kernels) => {
    expect(kernelsOf(make)).toEqual(kernels);
  });

  it('does not drop a factor 0, which may hide a NaN', () => {
    expect(kernelsOf((x, { a }) => x.scale(a, 0))).toEqual(['Input', 'Constant', 'Multiply']);
  });

  it('folds leading axes of a product into rows', () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    builder.output('y', x.matMul(builder.input('a', [2, 3, 4], 'float32'), builder.input('w', [4, 5], 'float32')));
    const graph = builder.build();
    expect(graph.nodes.find(({ kernel }) => kernel === 'BatchMatMul')?.shape).toEqual([6, 5]);
    expect(graph.nodes.at(-1)?.shape).toEqual([2, 3, 5]);
  });

  it('refuses wrong inputs by kernel, what is expected and what was given', () => {
    const builder = new GraphBuilder();
    const [a, i] = [builder.input('a', [2, 3], 'float32'), builder.input('i', [2], 'int32')];
    expect(() => builder.add('Add', [a, i])).toThrow('Add: expected inputs of one dtype (float32), got int32[2] (cast it first)');
    expect(() => builder.add('Add', [a, builder.input('b', [4], 'float32')])).toThrow(
      'Add: expected shapes that broadcast, got float32[2,3] and float32[4]',
    );
    expect(() => builder.add('BatchMatMul', [a, a])).toThrow('BatchMatMul: expected equal inner sizes, got float32[2,3] and float32[2,3]');
    expect(() => builder.add('Reshape', [a], { shape: [4] })).toThrow('Reshape: expected a shape of 6 entries, got [4]');
    expect(() => builder.add('Sum', [a], { axes: [2] })).toThrow(KernelError);
    expect(() => builder.add('Conv9D', [a])).toThrow(GraphError);
    expect(() => builder.add('Neg', [99])).toThrow('value: expected an id below 3, got 99');
    expect(() => builder.input('a', [1], 'float32')).toThrow("input: expected a new name, got 'a' again");
  });
});

describe('GraphBuilder.build', () => {
  it('leaves out what no output needs, inputs too, and numbers values in order', () => {
    const builder = new GraphBuilder();
    const [, b] = [builder.input('a', [2], 'float32'), builder.input('b', [2], 'float32')];
    builder.add('Exp', [b]);
    builder.output('y', builder.add('Tanh', [b]));
    expect(builder.build()).toEqual({
      nodes: [
        { kernel: 'Input', inputs: [], attributes: { name: 'b' }, shape: [2], dtype: 'float32' },
        { kernel: 'Tanh', inputs: [0], attributes: {}, shape: [2], dtype: 'float32' },
      ],
      inputs: [{ name: 'b', id: 0 }],
      outputs: [{ name: 'y', id: 1 }],
    });
  });
});

describe('GraphBuilder.from', () => {
  it('keeps ids, and knows the values that are there', () => {
    const first = new GraphBuilder();
    first.output('y', first.add('Tanh', [first.input('a', [2], 'float32')]));
    const graph = first.build();
    const builder = GraphBuilder.from(graph);
    const { id } = graph.outputs[0];
    expect(builder.add('Tanh', [graph.inputs[0].id])).toBe(id);
    builder.output('y', id);
    expect(graphDigest(builder.build())).toBe(graphDigest(graph));
  });
});

describe('GraphBuilder of another degree of simplification', () => {
  const size = (simplify: 'all' | 'sharing' | 'none'): number => {
    const builder = new GraphBuilder({ simplify });
    const x = new Expressions(builder);
    const [a, b] = [builder.input('a', [2], 'float32'), builder.input('b', [2], 'float32')];
    builder.output('y', x.add(x.scale(x.mul(a, b), 1), x.scale(x.mul(b, a), 1)));
    return builder.build().nodes.length;
  };

  it('applies identities, only shares equal operations, or neither', () => {
    expect(size('all')).toBe(4); // a, b, a * b, and the sum
    expect(size('sharing')).toBe(6); // also the constant 1 and the product with it
    expect(size('none')).toBe(9);
  });
});
