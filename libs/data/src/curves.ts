/**
 * CURVES: grey images of smooth strokes, made here, for autoencoders (after the data set of Hinton & Salakhutdinov 2006, which Martens &
 * Grosse 2015 train on). A stroke is the quadratic Bezier curve through three points p0, p1, p2 uniform in [0.1, 0.9]^2, at t = 0, 1/2, 1:
 *   b(t) = (1 - t)^2 p0 + 2 t (1 - t) c + t^2 p2,   c = 2 p1 - (p0 + p2) / 2,   t = 0, 1/59, ..., 1,
 * and the pixel centred at c has the value exp(-d^2 / (2 sigma^2)) in (0, 1], d the distance of c to the nearest of these 60 points and
 * sigma = 0.6 / side. Six uniform numbers a stroke (x0, y0, x1, y1, x2, y2) from Philox, key (seed 20150218, 'data.curves', part), counter
 * the stroke's number in its part; so the first strokes of a larger set are those of a smaller one, and the 500 test strokes never change.
 */
import { deriveKey, fillUniform } from '@geodesic/random';
import { digestOf, type ExampleTable, range, requireInteger } from './example-table.ts';

/** Images of strokes; they have no classes. */
export interface CurvesOptions {
  readonly source: 'curves';
  /** Pixels along a side, 2 to 256; default 14. */
  readonly side?: number;
  /** Training images, 1 to 1,000,000; default 1000. */
  readonly examples?: number;
}

const SEED = 20150218;
const TEST_EXAMPLES = 500;
const POINTS = 60;
const PEN = 0.6;

/** Draws the strokes. O(60 side^2) for each. @throws {DataError} when an option is out of range */
export function curves({ side = 14, examples = 1000 }: CurvesOptions): ExampleTable {
  requireInteger('curves', { side }, [2, 256]);
  requireInteger('curves', { examples }, [1, 1_000_000]);
  const count = examples + TEST_EXAMPLES;
  const size = side * side;
  const values = new Float32Array(count * size);
  const keys = { train: deriveKey(SEED, 'data.curves', 'train'), test: deriveKey(SEED, 'data.curves', 'test') };
  const uniform = new Float64Array(6);
  for (let index = 0; index < count; index++) {
    const isTest = index >= examples;
    fillUniform(isTest ? keys.test : keys.train, isTest ? index - examples : index, uniform);
    drawStroke(values.subarray(index * size, (index + 1) * size), side, uniform);
  }
  return {
    digest: digestOf(values),
    classes: 0,
    featureShape: [size],
    values,
    divisor: 1,
    labels: new Uint8Array(count),
    training: range(0, examples),
    test: range(examples, count),
  };
}

/** Row-major, the first row at y = 0. `uniform` holds six numbers in (0, 1). */
function drawStroke(image: Float32Array, side: number, uniform: Float64Array): void {
  const [x0, y0, x1, y1, x2, y2] = uniform.map((value) => 0.1 + 0.8 * value);
  const [cx, cy] = [2 * x1 - (x0 + x2) / 2, 2 * y1 - (y0 + y2) / 2];
  const points = new Float64Array(2 * POINTS);
  for (let k = 0; k < POINTS; k++) {
    const t = k / (POINTS - 1);
    const [a, b, c] = [(1 - t) * (1 - t), 2 * t * (1 - t), t * t];
    points[2 * k] = a * x0 + b * cx + c * x2;
    points[2 * k + 1] = a * y0 + b * cy + c * y2;
  }
  const sigma = PEN / side;
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      let nearest = Infinity;
      for (let k = 0; k < POINTS; k++) {
        const dx = (column + 0.5) / side - points[2 * k];
        const dy = (row + 0.5) / side - points[2 * k + 1];
        nearest = Math.min(nearest, dx * dx + dy * dy);
      }
      image[row * side + column] = Math.exp(-nearest / (2 * sigma * sigma));
    }
  }
}
