import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate, broadcastShapes, sameShape, ShapeError, sizeOf, stridesOf, type DType } from '../src/index.ts';

const seed = 20240601;
const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });

describe('sizeOf', () => {
  it('counts one entry in a scalar and none in a tensor with an empty axis', () => {
    expect(sizeOf([])).toBe(1);
    expect(sizeOf([3, 0, 2])).toBe(0);
    expect(sizeOf([2, 3, 4])).toBe(24);
  });

  it('refuses a length that is no count', () => {
    expect(() => sizeOf([2, -1])).toThrow(new ShapeError('sizeOf', 'whole lengths of at least 0', '[2, -1]'));
    expect(() => sizeOf([2, 1.5])).toThrow('sizeOf: expected whole lengths of at least 0, got [2, 1.5]');
  });
});

describe('stridesOf', () => {
  it('gives row-major strides that end in 1', () => {
    expect(stridesOf([2, 3, 4])).toEqual([12, 4, 1]);
    expect(stridesOf([])).toEqual([]);
  });

  it('addresses the last entry of every tensor that is not empty', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }), (shape) => {
        const last = stridesOf(shape).reduce((sum, stride, axis) => sum + stride * (shape[axis] - 1), 0);
        expect(last).toBe(sizeOf(shape) - 1);
      }),
      { seed },
    );
  });
});

describe('broadcastShapes', () => {
  it('aligns at the last axis and stretches ones', () => {
    expect(broadcastShapes([4, 1, 3], [2, 1])).toEqual([4, 2, 3]);
    expect(broadcastShapes([], [5])).toEqual([5]);
    expect(broadcastShapes([0, 2], [1, 1])).toEqual([0, 2]);
  });

  it('is commutative and idempotent', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), (shape, squeezed) => {
        const other = shape.map((length, axis) => (squeezed[axis] ? 1 : length));
        const result = broadcastShapes(shape, other);
        expect(result).toEqual(shape);
        expect(broadcastShapes(other, shape)).toEqual(result);
        expect(sameShape(broadcastShapes(result, result), result)).toBe(true);
      }),
      { seed },
    );
  });

  it('names both shapes when they do not go together', () => {
    expect(() => broadcastShapes([2, 3], [4])).toThrow('broadcastShapes: expected axes that are equal or 1, got [2, 3] and [4]');
  });
});

describe('sameShape', () => {
  it('tells ranks and lengths apart', () => {
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect(sameShape([2, 3], [3, 2])).toBe(false);
    expect(sameShape([2], [2, 1])).toBe(false);
  });
});

describe('allocate', () => {
  it.each<[DType, unknown]>([
    ['float32', Float32Array],
    ['float64', Float64Array],
    ['int32', Int32Array],
    ['bool', Uint8Array],
  ])('holds %s in its own kind of array, zeroed', (dtype, type) => {
    const array = allocate(dtype, 3);
    expect(array).toBeInstanceOf(type);
    expect([...array]).toEqual([0, 0, 0]);
  });

  it('refuses a size that is no count', () => {
    expect(() => allocate('float32', -1)).toThrow('allocate: expected a whole size of at least 0, got -1');
  });
});
