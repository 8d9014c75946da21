import { deriveKey, fillUniform } from '@geodesic/random';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { type Dataset, type DatasetOptions, openDataset, type SplitName } from '../src/index.ts';

/** All features of a split, row-major, and its targets. */
function allOf(data: Dataset, name: SplitName): { x: Float32Array; y: Int32Array } {
  const split = data.split(name);
  const features = data.featureShape.reduce((product, length) => product * length, 1);
  const [x, y] = [new Float32Array(split.size * features), new Int32Array(split.size).fill(9)];
  split.fill(Int32Array.from(split.indices.keys()), x, y, new Float32Array(split.size));
  return { x, y };
}

const curves = (options: Partial<DatasetOptions> = {}): Dataset =>
  openDataset({ source: 'curves', examples: 40, ...options } as DatasetOptions);

describe('openDataset of curves', () => {
  it('has as many training images as asked for, 500 test images, no classes', () => {
    const data = openDataset({ source: 'curves', validation: 0.1 });
    expect((['train', 'validation', 'test'] as const).map((name) => data.split(name).size)).toEqual([900, 100, 500]);
    expect(data).toMatchObject({ name: 'curves', classes: 0, featureShape: [196] });
    expect(allOf(data, 'test').y.every((target) => target === 0)).toBe(true);
  });

  it('draws the stroke of the first image through its three points', () => {
    const u = new Float64Array(6);
    fillUniform(deriveKey(20150218, 'data.curves', 'train'), 0, u);
    const p = [0, 1, 2].map((k) => [0.1 + 0.8 * u[2 * k], 0.1 + 0.8 * u[2 * k + 1]]);
    // Lagrange's form of the quadratic that is p0, p1, p2 at t = 0, 1/2, 1.
    const stroke = Array.from({ length: 60 }, (_, k) => {
      const t = k / 59;
      return [0, 1].map((axis) => (1 - t) * (1 - 2 * t) * p[0][axis] + 4 * t * (1 - t) * p[1][axis] + t * (2 * t - 1) * p[2][axis]);
    });
    const expected = Array.from({ length: 196 }, (_, pixel) => {
      const [cx, cy] = [((pixel % 14) + 0.5) / 14, (Math.floor(pixel / 14) + 0.5) / 14];
      const values = stroke.map(([x, y]) => Math.exp(-((cx - x) ** 2 + (cy - y) ** 2) / (2 * (0.6 / 14) ** 2)));
      return Math.max(...values);
    });
    expectClose(allOf(curves(), 'train').x.subarray(0, 196), expected, { rel: 1e-6, abs: 1e-12 });
  });

  it('has features in [0, 1], every image with a stroke and a background', () => {
    const { x } = allOf(curves({ side: 10 }), 'train');
    for (let image = 0; image < 40; image++) {
      const pixels = x.subarray(100 * image, 100 * (image + 1));
      expect(Math.min(...pixels)).toBeGreaterThanOrEqual(0);
      expect(Math.min(...pixels)).toBeLessThan(0.01);
      expect(Math.max(...pixels)).toBeGreaterThan(0.5);
      expect(Math.max(...pixels)).toBeLessThanOrEqual(1);
    }
  });

  it('is the same set every time; more images do not change the first ones, nor the test set', () => {
    expect(curves().digest).toBe(curves().digest);
    expect(curves().digest).not.toBe(curves({ side: 13 }).digest);
    const more = curves({ examples: 60 });
    expect(more.digest).not.toBe(curves().digest);
    expect(allOf(more, 'train').x.subarray(0, 40 * 196)).toEqual(allOf(curves(), 'train').x);
    expect(allOf(more, 'test').x).toEqual(allOf(curves(), 'test').x);
  });

  it.each([
    [{ side: 1 }, 'curves: expected side to be an integer from 2 to 256, got 1'],
    [{ examples: 0.5 }, 'curves: expected examples to be an integer from 1 to 1000000, got 0.5'],
    [{ validation: -1 }, 'openDataset: expected validation in [0, 0.5], got -1'],
  ])('refuses %j', (options, message) => {
    expect(() => curves(options)).toThrow(message);
  });
});

describe('openDataset of a spiral', () => {
  const spiral = (options: object = {}): Dataset => openDataset({ source: 'spiral', ...options });

  it('stands on three arms, which the test points share', () => {
    const data = spiral();
    expect(data).toMatchObject({ classes: 3, featureShape: [2] });
    for (const [name, offset] of [
      ['train', 1],
      ['test', 0.5],
    ] as const) {
      const { x, y } = allOf(data, name);
      expect(y.length).toBe(450);
      y.forEach((label, index) => {
        const radius = (Math.floor(index / 3) + offset) / 150;
        expect(label).toBe(index % 3);
        expect(Math.hypot(x[2 * index], x[2 * index + 1])).toBeCloseTo(radius, 6);
        const angle = (2 * Math.PI * label) / 3 + 4 * radius;
        expect(x[2 * index] * Math.cos(angle) + x[2 * index + 1] * Math.sin(angle)).toBeCloseTo(radius, 6);
      });
    }
  });

  it('scales and shifts its inputs', () => {
    const plain = allOf(spiral(), 'train').x;
    const scaled = allOf(spiral({ scale: [1, 0.05], shift: [2, 0] }), 'train').x;
    expectClose(
      scaled,
      plain.map((value, i) => (i % 2 === 0 ? value + 2 : 0.05 * value)),
      { rel: 1e-6, abs: 1e-7 },
    );
    expect(spiral({ shift: [2, 0] }).digest).not.toBe(spiral().digest);
  });

  it.each([
    [{ arms: 1 }, 'spiral: expected arms to be an integer from 2 to 16, got 1'],
    [{ points: 100 }, 'spiral: expected points to be a multiple of 3 arms, got 100 (arms are equally long)'],
    [{ scale: [1] }, 'spiral: expected scale to be two finite numbers, got [1] (one for each input)'],
    [{ shift: [0, Infinity] }, 'spiral: expected shift to be two finite numbers, got [0, Infinity]'],
  ])('refuses %j', (options, message) => {
    expect(() => spiral(options)).toThrow(message);
  });
});
