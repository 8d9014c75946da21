/**
 * What convolutions, pools and patches are to each other, and what they refuse; their values against eager tfjs stand in
 * trace-kernels.test.ts, their derivatives in derivatives.test.ts.
 */
import { evaluate, Expressions, GraphBuilder, vjp, type Attributes } from '@geodesic/engine';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { drawEntries, float, generator, tensor } from './cases/kernel-case.ts';

const same: Attributes = { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 1 };
const byTwo: Attributes = { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] };

const drawn = (shape: readonly number[], seed: number): Float64Array => drawEntries(float(shape), generator(seed));

describe('Patches', () => {
  it('turns a convolution into a product with the filter as a matrix', () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const [images, filter] = [builder.input('x', [2, 5, 4, 3], 'float64'), builder.input('w', [3, 2, 3, 4], 'float64')];
    const windows: Attributes = { strides: [2, 1], pads: [1, 0, 0, 1], dilations: [1, 2] };
    builder.output('conv', builder.add('Conv2D', [images, filter], { ...windows, groups: 1 }));
    const rows = builder.add('Patches', [images], { ...windows, kernel: [3, 2] });
    builder.output('product', x.matMul(rows, x.reshape(filter, [18, 4])));
    const graph = builder.build();
    const { conv, product } = evaluate(
      graph,
      { x: tensor('float64', [2, 5, 4, 3], drawn([2, 5, 4, 3], 1)), w: tensor('float64', [3, 2, 3, 4], drawn([3, 2, 3, 4], 2)) },
      { precision: 'float64' },
    );
    expect(conv.shape).toEqual(product.shape);
    expectClose(conv.data, product.data, { abs: 1e-13 });
  });
});

describe('MaxPoolPut', () => {
  it('gives all to the first of equal maxima', () => {
    const builder = new GraphBuilder();
    const [x, dy] = [builder.input('x', [1, 2, 4, 1], 'float64'), builder.input('dy', [1, 1, 2, 1], 'float64')];
    builder.output('dx', builder.add('MaxPoolPut', [x, dy], byTwo));
    const values = { x: tensor('float64', [1, 2, 4, 1], [0, 3, 5, 5, 3, 3, 5, 5]), dy: tensor('float64', [1, 1, 2, 1], [7, 9]) };
    expect([...evaluate(builder.build(), values, { precision: 'float64' }).dx.data]).toEqual([0, 7, 9, 0, 0, 0, 0, 0]);
  });
});

describe('simplification of pools', () => {
  it('takes relu behind the pool, and so its mask', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [1, 4, 4, 1], 'float32');
    const pooled = builder.add('MaxPool', [builder.add('Relu', [x])], byTwo);
    const [dx] = vjp(builder, [{ id: pooled, cotangent: builder.input('dy', [1, 2, 2, 1], 'float32') }], [x]);
    builder.output('y', pooled);
    builder.output('dx', dx);
    const { nodes } = builder.build();
    expect(nodes.filter(({ shape }) => shape.length === 4 && shape[1] === 4).map(({ kernel }) => kernel)).toEqual(['Input', 'MaxPoolPut']);
  });

  it('sums what was put at maxima without putting it', () => {
    const builder = new GraphBuilder();
    const [x, dy] = [builder.input('x', [2, 4, 4, 3], 'float32'), builder.input('dy', [2, 2, 2, 3], 'float32')];
    const sum = builder.add('Sum', [builder.add('MaxPoolPut', [x, dy], byTwo)], { axes: [0, 1, 2], keepDims: false });
    expect(builder.nodeOf(sum)).toMatchObject({ kernel: 'Sum', inputs: [dy], shape: [3] });
  });
});

describe('convolutions and pools', () => {
  const add = (kernel: string, shapes: readonly (readonly number[])[], attributes: Attributes): (() => number) => {
    const builder = new GraphBuilder();
    const inputs = shapes.map((shape, i) => builder.input(`x${i}`, shape, 'float32'));
    return () => builder.add(kernel, inputs, attributes);
  };

  it.each([
    [
      'Conv2D',
      [
        [1, 4, 4, 3],
        [3, 3, 2, 4],
      ],
      same,
      '1 groups of channels, the same in images and filter, got images [1,4,4,3] and filter [3,3,2,4]',
    ],
    [
      'Conv2D',
      [
        [1, 2, 2, 1],
        [3, 3, 1, 1],
      ],
      { ...same, pads: [0, 0, 0, 0] },
      'windows inside the padded image, got kernel [3,3] on an image [2,2]',
    ],
    [
      'Conv2D',
      [
        [4, 4, 3],
        [3, 3, 3, 4],
      ],
      same,
      'images [B, H, W, C], got shape [4,4,3]',
    ],
    [
      'Conv2D',
      [
        [1, 4, 4, 3],
        [3, 3, 3, 4],
      ],
      { ...same, strides: [0, 1] },
      'attribute strides: integers of at least 1, got [0,1]',
    ],
    [
      'Conv2DFilterGrad',
      [
        [1, 4, 4, 3],
        [1, 3, 4, 2],
      ],
      { ...same, kernel: [3, 3] },
      '[B, 4, 4, C], one entry a window, got [1, 3, 4, 2]',
    ],
    [
      'MaxPool',
      [[1, 4, 4, 3]],
      { ...byTwo, pads: [2, 0, 0, 0] },
      'pads below the sizes of the kernel, got kernel [2,2] with pads [2,0,0,0]',
    ],
    ['PatchesGrad', [[1, 2, 2, 7]], { ...byTwo, size: [4, 4] }, 'rows of kh kw C entries, kernel [2,2], got 7'],
  ] as const)('%s names what does not fit: %#', (kernel, shapes, attributes, message) => {
    expect(add(kernel, shapes, attributes)).toThrow(`${kernel}: expected ${message}`);
  });
});
