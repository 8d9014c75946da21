/**
 * Data sets and their splits. A split hands out examples by position (0 to size - 1) into rows of the caller's arrays;
 * position -1 is a padding row: zeros, with weight 0. B rows, I features.
 */
import type { Shape } from '@geodesic/tensor';
import { DataError } from './errors.ts';
import { takeByHash } from './hash-split.ts';
import { OPTICAL_DIGITS_DIGEST, readOpticalDigits } from './optical-digits.ts';

export type SplitName = 'train' | 'validation' | 'test';

/** Where targets are written: classes as integers, quantities as floats. */
export type TargetArray = Int32Array | Float32Array;

/** A part of a data set. */
export interface Split {
  readonly name: SplitName;
  /** Number of examples; 0 for a validation split that was not asked for. */
  readonly size: number;
  /** Index in the whole data set of each of the split's examples, ascending. */
  readonly indices: Int32Array;
  /**
   * Writes the examples at `positions` [B] into x [B, I], y [B] (target) and weight [B] (1, or 0 for padding).
   * @throws {DataError} when an array has the wrong length or a position is outside the split
   */
  fill(positions: Int32Array, x: Float32Array, y: TargetArray, weight: Float32Array): void;
}

/** A classification data set, held in memory. */
export interface Dataset {
  readonly name: string;
  /** `sha256:` of the raw bytes; it belongs to what a run's result depends on. */
  readonly digest: string;
  /** Number of classes. */
  readonly classes: number;
  /** Shape of one example's features. */
  readonly featureShape: Shape;
  split(name: SplitName): Split;
}

/** The `data` section of a run spec, plus where to read the asset from. */
export interface DatasetOptions {
  readonly source: 'digits';
  /** Share of the training split held out for validation, in [0, 0.5]; default 0. */
  readonly validation?: number;
  /** Another place of the asset; default the one in this package. */
  readonly asset?: URL;
}

const TEST_SHARE = 0.25;
const TEST_SALT = 0x7e57;
const VALIDATION_SALT = 0x7a11d;
/** Pixels are 0..16; dividing by a power of two is exact, so features in [0, 1] have the same bits everywhere. */
const PIXEL_SCALE = 1 / 16;

/**
 * Opens a data set: 75 % training, 25 % test by hash of the index; validation is carved out of the training part by another hash.
 * @throws {DataError} when the asset is missing or corrupt, or the validation share is out of range
 */
export function openDataset({ source, validation = 0, asset }: DatasetOptions): Dataset {
  if (!(validation >= 0 && validation <= 0.5)) {
    throw new DataError('openDataset', {
      expected: 'validation in [0, 0.5]',
      got: String(validation),
      hint: 'it is a share of the training split',
    });
  }
  const raw = readOpticalDigits(asset);
  const everything = Int32Array.from({ length: raw.count }, (_, index) => index);
  const { taken: test, rest: training } = takeByHash(everything, { share: TEST_SHARE, salt: TEST_SALT });
  const { taken: held, rest: train } = takeByHash(training, { share: validation, salt: VALIDATION_SALT });
  const indices = { train, validation: held, test };
  return {
    name: source,
    digest: OPTICAL_DIGITS_DIGEST,
    classes: 10,
    featureShape: [64],
    split: (name) => makeSplit({ name, indices: indices[name], pixels: raw.pixels, labels: raw.labels }),
  };
}

interface SplitParts {
  readonly name: SplitName;
  readonly indices: Int32Array;
  readonly pixels: Uint8Array;
  readonly labels: Uint8Array;
}

function makeSplit({ name, indices, pixels, labels }: SplitParts): Split {
  const features = pixels.length / labels.length;
  return {
    name,
    size: indices.length,
    indices,
    fill(positions, x, y, weight) {
      requireLengths(positions.length, features, { x, y, weight });
      x.fill(0);
      y.fill(0);
      weight.fill(0);
      for (const [row, position] of positions.entries()) {
        if (position === -1) continue;
        const index = indices[position];
        if (index === undefined) {
          throw new DataError(`fill ${name}`, {
            expected: `a position in [0, ${indices.length}) or -1`,
            got: String(position),
            hint: '-1 is padding',
          });
        }
        for (let f = 0; f < features; f++) x[row * features + f] = pixels[index * features + f] * PIXEL_SCALE;
        y[row] = labels[index];
        weight[row] = 1;
      }
    },
  };
}

function requireLengths(rows: number, features: number, arrays: Readonly<Record<'x' | 'y' | 'weight', { readonly length: number }>>): void {
  for (const [array, length] of [
    ['x', rows * features],
    ['y', rows],
    ['weight', rows],
  ] as const) {
    const got = arrays[array].length;
    if (got !== length)
      throw new DataError('fill', { expected: `${array} of length ${length}`, got: String(got), hint: `${rows} positions` });
  }
}
