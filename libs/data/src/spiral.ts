/**
 * Points on the arms of a spiral, a small classification problem that no linear model solves; with scaled and shifted inputs it shows what
 * a method's invariance is worth. No noise: example i of an arm k out of K, n examples an arm, stands at
 *   r = (i + 1) / n,   phi = 2 pi k / K + 4 r,   x = r (cos phi, sin phi) scale + shift,
 * its class is k; the test examples, as many, stand half-way between neighbours on the arm, at r = (i + 1/2) / n. Examples go round the arms.
 */
import { DataError } from './errors.ts';
import { digestOf, type ExampleTable, range, requireInteger } from './example-table.ts';

/** A spiral in the plane. */
export interface SpiralOptions {
  readonly source: 'spiral';
  /** K, the number of classes, 2 to 16; default 3. */
  readonly arms?: number;
  /** Training examples, a multiple of the arms; default 450. */
  readonly points?: number;
  /** Factors of the two inputs; default [1, 1]. */
  readonly scale?: readonly [number, number];
  /** Added to the two inputs, after scaling; default [0, 0]. */
  readonly shift?: readonly [number, number];
}

/** Places the points. @throws {DataError} when an option is out of range */
export function spiral({ arms = 3, points = 450, scale = [1, 1], shift = [0, 0] }: SpiralOptions): ExampleTable {
  requireInteger('spiral', { arms }, [2, 16]);
  requireInteger('spiral', { points }, [arms, 1_000_000]);
  if (points % arms !== 0) {
    throw new DataError('spiral', {
      expected: `points to be a multiple of ${arms} arms`,
      got: String(points),
      hint: 'arms are equally long',
    });
  }
  requirePair('scale', scale);
  requirePair('shift', shift);
  const values = new Float32Array(4 * points);
  const labels = new Uint8Array(2 * points);
  for (let index = 0; index < 2 * points; index++) {
    const isTest = index >= points;
    const i = Math.floor((isTest ? index - points : index) / arms);
    const arm = index % arms;
    const radius = ((i + (isTest ? 0.5 : 1)) * arms) / points;
    const angle = (2 * Math.PI * arm) / arms + 4 * radius;
    values[2 * index] = radius * Math.cos(angle) * scale[0] + shift[0];
    values[2 * index + 1] = radius * Math.sin(angle) * scale[1] + shift[1];
    labels[index] = arm;
  }
  return {
    digest: digestOf(values, labels),
    classes: arms,
    featureShape: [2],
    values,
    divisor: 1,
    labels,
    training: range(0, points),
    test: range(points, 2 * points),
  };
}

function requirePair(name: string, pair: readonly number[]): void {
  if (pair.length === 2 && pair.every(Number.isFinite)) return;
  throw new DataError('spiral', { expected: `${name} to be two finite numbers`, got: `[${pair.join(', ')}]`, hint: 'one for each input' });
}
