import { GraphBuilder, evaluate, type Attributes } from '@geodesic/engine';
import type { TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

const row = (...values: number[]): TensorData => tensor('float64', [values.length], values);
const whole = (...values: number[]): TensorData => tensor('int32', [values.length], values);

/** The value of one kernel in the reference interpreter. */
function valueOf(kernel: string, inputs: readonly TensorData[], attributes: Attributes = {}): number[] {
  const builder = new GraphBuilder();
  const ids = inputs.map(({ shape, dtype }, i) => builder.input(`x${i}`, shape, dtype));
  builder.output('y', builder.add(kernel, ids, attributes));
  const feeds = Object.fromEntries(inputs.map((input, i) => [`x${i}`, input]));
  return Array.from(evaluate(builder.build(), feeds, { precision: 'float64' }).y.data);
}

describe('rounding', () => {
  it('rounds ties to the even neighbour', () => {
    expect(valueOf('Round', [row(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.4999)])).toEqual([-2, -2, -0, 0, 2, 2, 2].map((v) => v + 0));
    expect(valueOf('Ceil', [row(-1.5, 1.2, 3)])).toEqual([-1, 2, 3]);
  });

  it('takes remainders with the sign of the divisor', () => {
    expect(valueOf('Mod', [row(5.5, -5.5, 5.5, -5.5, 6, -6), row(2, 2, -2, -2, 3, 3)]).map((v) => v + 0)).toEqual([
      1.5, 0.5, -0.5, -1.5, 0, 0,
    ]);
    expect(valueOf('FloorDiv', [row(5.5, -5.5, 5.5, -5.5), row(2, 2, -2, -2)])).toEqual([2, -3, -3, 2]);
    expect(valueOf('Mod', [whole(7, -7, 7, -7), whole(3, 3, -3, -3)])).toEqual([1, 2, -2, -1]);
    expect(valueOf('FloorDiv', [whole(7, -7, 7, -7), whole(3, 3, -3, -3)])).toEqual([2, -3, -3, 2]);
  });

  it('keeps a remainder below the divisor where floor(a / b) b would round', () => {
    expect(valueOf('Mod', [row(1), row(0.1)])[0]).toBe(1 % 0.1);
    expect(valueOf('Mod', [row(1e20), row(3)])[0]).toBe(1e20 % 3);
  });

  it('tells numbers from what is none', () => {
    const values = row(Number.NaN, Infinity, -Infinity, 0, -1);
    expect(valueOf('IsNan', [values])).toEqual([1, 0, 0, 0, 0]);
    expect(valueOf('IsInf', [values])).toEqual([0, 1, 1, 0, 0]);
    expect(valueOf('IsFinite', [values])).toEqual([0, 0, 0, 1, 1]);
  });
});

describe('trigonometry', () => {
  it('has the known values', () => {
    const root = Math.SQRT1_2;
    expectClose(valueOf('Tan', [row(0, Math.PI / 4, -Math.PI / 3)]), [0, 1, -Math.sqrt(3)], { abs: 1e-15 });
    expectClose(valueOf('Asin', [row(-1, 0.5, root)]), [-Math.PI / 2, Math.PI / 6, Math.PI / 4], { abs: 1e-15 });
    expectClose(valueOf('Acos', [row(-1, 0.5, 1)]), [Math.PI, Math.PI / 3, 0], { abs: 1e-15 });
    expectClose(valueOf('Atan', [row(Infinity, 1, -Math.sqrt(3))]), [Math.PI / 2, Math.PI / 4, -Math.PI / 3], { abs: 1e-15 });
    expectClose(valueOf('Sinh', [row(Math.log(2), 1e-10)]), [0.75, 1e-10], { rel: 1e-14 });
    expectClose(valueOf('Cosh', [row(Math.log(2), 0)]), [1.25, 1], { rel: 1e-14 });
    expectClose(valueOf('Asinh', [row(0.75, -0.75, 1e-10)]), [Math.log(2), -Math.log(2), 1e-10], { rel: 1e-14 });
    expectClose(valueOf('Acosh', [row(1.25, 1)]), [Math.log(2), 0], { abs: 1e-15 });
    expectClose(valueOf('Atanh', [row(0.6, -0.6)]), [Math.log(2), -Math.log(2)], { rel: 1e-15 });
    expect([valueOf('Asin', [row(1.1)]), valueOf('Acosh', [row(0.5)]), valueOf('Atanh', [row(2)])].flat()).toEqual([NaN, NaN, NaN]);
  });

  it('finds the angle of a point in every quadrant and on the axes', () => {
    const angles = valueOf('Atan2', [row(1, 1, -1, -1, 0, 0, 2, -2), row(1, -1, -1, 1, 1, -1, 0, 0)]);
    expectClose(
      angles,
      [0.25, 0.75, -0.75, -0.25, 0, 1, 0.5, -0.5].map((turn) => turn * Math.PI),
      { abs: 1e-15 },
    );
  });
});

describe('strides', () => {
  const matrix = tensor('float64', [3, 4], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);

  it('reads forwards and backwards', () => {
    expect(valueOf('Stride', [matrix], { begin: [0, 3], size: [2, 2], strides: [2, -2] })).toEqual([4, 2, 12, 10]);
    expect(valueOf('Reverse', [matrix], { axes: [-1] })).toEqual([4, 3, 2, 1, 8, 7, 6, 5, 12, 11, 10, 9]);
    expect(valueOf('Stride', [row(5)], { begin: [0], size: [1], strides: [-7] })).toEqual([5]);
  });

  it('puts entries between zeros', () => {
    expect(valueOf('Dilate', [row(1, 2, 3)], { begin: [6], strides: [-2], shape: [8] })).toEqual([0, 0, 3, 0, 2, 0, 1, 0]);
  });

  it('are simplified: unit strides are a slice, and two reversals cancel', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [3, 4], 'float32');
    const once = builder.add('Reverse', [x], { axes: [0, 1] });
    expect(builder.add('Reverse', [once], { axes: [0, 1] })).toBe(x);
    expect(builder.nodeOf(builder.add('Reverse', [once], { axes: [1] }))).toMatchObject({ kernel: 'Reverse', attributes: { axes: [0] } });
    const block = builder.add('Stride', [x], { begin: [1, 2], size: [1, 2], strides: [-5, 1] });
    expect(builder.nodeOf(block)).toMatchObject({ kernel: 'Slice', attributes: { begin: [1, 2], size: [1, 2] } });
  });

  it('refuses positions outside', () => {
    expect(() => valueOf('Stride', [matrix], { begin: [0, 0], size: [2, 3], strides: [1, 2] })).toThrow(
      'Stride: expected strided positions inside [3,4], got begin [0,0], size [2,3], strides [1,2]',
    );
    expect(() => valueOf('Stride', [row(1, 2)], { begin: [0], size: [2], strides: [0] })).toThrow('strided positions inside [2]');
    expect(() => valueOf('Reverse', [matrix], { axes: [0, -2] })).toThrow('distinct axes');
  });
});

describe('order', () => {
  it('sorts the largest entries, ties by position', () => {
    const ties = tensor('float64', [2, 5], [1, 3, 3, 2, 3, 0, 0, -1, 5, 0]);
    expect(valueOf('TopKIndices', [ties], { k: 4 })).toEqual([1, 2, 4, 3, 8 - 5, 0, 1, 4]);
    expect(valueOf('TopKIndices', [row(7)], { k: 1 })).toEqual([0]);
    expect(valueOf('ArgMin', [ties], { axis: 1 })).toEqual([0, 2]);
    expect(valueOf('ArgMin', [tensor('float64', [2, 1], [1, 1])], { axis: 0 })).toEqual([0]);
    expect(() => valueOf('TopKIndices', [row(1, 2)], { k: 3 })).toThrow('attribute k: an integer in [1, 3)');
  });
});

describe('pointwise indexing', () => {
  const matrix = tensor('float64', [2, 3], [1, 2, 3, 4, 5, 6]);

  it('takes and puts along an axis; what meets adds up', () => {
    const indices = tensor('int32', [2, 3], [2, 2, 0, 1, 0, 1]);
    expect(valueOf('TakeAlongAxis', [matrix, indices], { axis: 1 })).toEqual([3, 3, 1, 5, 4, 5]);
    expect(valueOf('PutAlongAxis', [matrix, indices], { axis: 1, size: 4 })).toEqual([3, 0, 3, 0, 5, 10, 0, 0]);
  });

  it('gathers and scatters at coordinates', () => {
    const points = tensor('int32', [2, 2], [1, 2, 0, 0]);
    expect(valueOf('GatherNd', [matrix, points])).toEqual([6, 1]);
    expect(valueOf('GatherNd', [matrix, tensor('int32', [1, 1], [1])])).toEqual([4, 5, 6]);
    expect(valueOf('ScatterNd', [row(5, 7), tensor('int32', [2, 1], [1, 1])], { shape: [3] })).toEqual([0, 12, 0]);
  });

  it('refuses positions outside, and shapes that do not fit', () => {
    expect(() => valueOf('TakeAlongAxis', [matrix, tensor('int32', [2, 1], [3, 0])], { axis: 1 })).toThrow('indices in [0, 3), got 3');
    expect(() => valueOf('GatherNd', [matrix, tensor('int32', [1, 2], [0, -1])])).toThrow('indices in [0, 3), got -1');
    expect(() => valueOf('GatherNd', [matrix, tensor('int32', [1, 3], [0, 0, 0])])).toThrow('indices [.., K] with K up to 2');
    expect(() => valueOf('TakeAlongAxis', [matrix, tensor('int32', [1, 3], [0, 0, 0])], { axis: 1 })).toThrow('outside axis 1');
    expect(() => valueOf('ScatterNd', [row(5), tensor('int32', [2, 1], [1, 1])], { shape: [3] })).toThrow('updates of shape [2]');
  });
});

describe('Cholesky and TriangularSolve', () => {
  // Golub and Van Loan, Matrix Computations, example 4.2.1 made three by three: L = [[2, 0, 0], [1, 3, 0], [-1, 2, 1]].
  const factor = [2, 0, 0, 1, 3, 0, -1, 2, 1];
  const product = [4, 2, -2, 2, 10, 5, -2, 5, 6];

  it('factor a matrix of small integers exactly, from its symmetric part', () => {
    expect(valueOf('Cholesky', [tensor('float64', [3, 3], product)])).toEqual(factor);
    const skewed = product.map((entry, e) => entry + [0, 1, 0, -1, 0, 0, 0, 0, 0][e]);
    expect(valueOf('Cholesky', [tensor('float64', [3, 3], skewed)])).toEqual(factor);
    expect(valueOf('Cholesky', [tensor('float64', [2, 1, 1], [4, 9])])).toEqual([2, 3]);
  });

  it('solve with the factor and its transpose, without reading above the diagonal', () => {
    const lower = tensor(
      'float64',
      [3, 3],
      factor.map((entry, e) => (e % 3 > Math.floor(e / 3) ? Number.NaN : entry)),
    );
    expect(valueOf('TriangularSolve', [lower, tensor('float64', [3, 1], [2, 7, 4])], { transpose: false })).toEqual([1, 2, 1]);
    expect(valueOf('TriangularSolve', [lower, tensor('float64', [3, 1], [3, 8, 1])], { transpose: true })).toEqual([1, 2, 1]);
  });

  it('show a matrix that is not positive definite as NaN, and refuse what does not fit', () => {
    expect(valueOf('Cholesky', [tensor('float64', [2, 2], [1, 2, 2, 1])])[3]).toBeNaN();
    expect(() => valueOf('Cholesky', [tensor('float64', [2, 3], [1, 2, 3, 4, 5, 6])])).toThrow('square matrices');
    expect(() => valueOf('TriangularSolve', [tensor('float64', [2, 2], [1, 0, 0, 1]), row(1, 2)])).toThrow('TriangularSolve: expected');
  });
});
