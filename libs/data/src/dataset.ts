/**
 * Data sets and how they are opened. A data set is a table of examples and a fixed division into training and test; the validation part is
 * carved out of the training part by hash, so that it depends on nothing but the share asked for.
 */
import type { Shape } from '@geodesic/tensor';
import { curves, type CurvesOptions } from './curves.ts';
import { DataError } from './errors.ts';
import type { ExampleTable } from './example-table.ts';
import { takeByHash } from './hash-split.ts';
import { idxImages, type IdxOptions } from './idx-images.ts';
import { opticalDigits } from './optical-digits.ts';
import { spiral, type SpiralOptions } from './spiral.ts';
import { makeSplit, type Split, type SplitName } from './split.ts';

/** A data set, held in memory. */
export interface Dataset {
  readonly name: string;
  /** `sha256:` of the raw bytes; it belongs to what a run's result depends on. */
  readonly digest: string;
  /** Number of classes; 0 for examples that have none, whose targets are all 0: they can be reconstructed, not classified. */
  readonly classes: number;
  /** Shape of one example's features. */
  readonly featureShape: Shape;
  split(name: SplitName): Split;
}

/** Options of every data set. */
export interface SplitOptions {
  /** Share of the training split held out for validation, in [0, 0.5]; default 0. */
  readonly validation?: number;
}

/** The handwritten digits that are part of this package. */
export interface DigitsOptions {
  readonly source: 'digits';
  /** Another place of the asset; default the one in this package. */
  readonly asset?: URL;
}

/** The `data` section of a run spec. Files are named by paths, seen from the working folder, or by file URLs. */
export type DatasetOptions = SplitOptions & (DigitsOptions | CurvesOptions | SpiralOptions | IdxOptions);

const VALIDATION_SALT = 0x7a11d;

/**
 * Opens a data set.
 * @throws {DataError} when a file is missing or corrupt, or an option is out of range
 */
export function openDataset(options: DatasetOptions): Dataset {
  const { validation = 0 } = options;
  if (!(validation >= 0 && validation <= 0.5)) {
    throw new DataError('openDataset', {
      expected: 'validation in [0, 0.5]',
      got: String(validation),
      hint: 'it is a share of the training split',
    });
  }
  const table = tableOf(options);
  const { taken: held, rest: train } = takeByHash(table.training, { share: validation, salt: VALIDATION_SALT });
  const indices = { train, validation: held, test: table.test };
  const { digest, classes, featureShape } = table;
  return {
    name: options.source,
    digest,
    classes,
    featureShape,
    split: (name) => makeSplit({ name, indices: indices[name], table }),
  };
}

function tableOf(options: DatasetOptions): ExampleTable {
  switch (options.source) {
    case 'digits':
      return opticalDigits(options.asset);
    case 'curves':
      return curves(options);
    case 'spiral':
      return spiral(options);
    case 'idx':
      return idxImages(options);
  }
}
