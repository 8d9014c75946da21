/**
 * Labelled grey images in IDX files, such as MNIST and Fashion-MNIST: four files, which say themselves what trains and what tests.
 * Features are pixel / 255, in [0, 1], the division rounded to float32.
 */
import { DataError } from './errors.ts';
import { digestOf, type ExampleTable, range, requireInteger } from './example-table.ts';
import { type IdxArray, readIdx } from './idx-file.ts';

/** Where the files are; each may be gzipped. */
export interface IdxOptions {
  readonly source: 'idx';
  /** Training images [N, rows, columns]: a path, or a file URL. */
  readonly images: string | URL;
  /** Training labels [N]. */
  readonly labels: string | URL;
  readonly testImages: string | URL;
  readonly testLabels: string | URL;
  /** Train on the first so many images only; default all. */
  readonly limit?: number;
  /** What {@link Dataset.digest} must be: `sha256:` over the decompressed files, in the order of the fields above. Default: not checked. */
  readonly digest?: string;
}

/** Reads the files. @throws {DataError} when one is missing or corrupt, or they do not belong together */
export function idxImages(options: IdxOptions): ExampleTable {
  const train = readPart(options.images, options.labels);
  const test = readPart(options.testImages, options.testLabels);
  const size = (images: IdxArray): string => images.shape.slice(1).join(' x ');
  if (size(test.images) !== size(train.images)) {
    throw mismatch(test.images, `images of ${size(train.images)} pixels, as the training images`, size(test.images));
  }
  const digest = digestOf(train.images.bytes, train.labels.bytes, test.images.bytes, test.labels.bytes);
  if (options.digest !== undefined && options.digest !== digest) {
    const hint = `other files than those that the run was submitted with: ${train.images.file} and its companions`;
    throw new DataError('idxImages', { expected: options.digest, got: digest, hint, file: train.images.file });
  }
  const classes = 1 + train.labels.entries.reduce((most, label) => Math.max(most, label), 0);
  const stray = test.labels.entries.findIndex((label) => label >= classes);
  if (stray >= 0) {
    const got = `${test.labels.entries[stray]} at image ${stray}`;
    throw mismatch(test.labels, `labels below ${classes}, as the training labels`, got);
  }
  const [available, tests] = [train.images.shape[0], test.images.shape[0]];
  const { limit = available } = options;
  requireInteger('idxImages', { limit }, [1, available]);
  const pixels = train.images.entries.length / available;
  return {
    digest,
    classes,
    featureShape: [pixels],
    values: joined(train.images.entries.subarray(0, limit * pixels), test.images.entries),
    divisor: 255,
    labels: joined(train.labels.entries.subarray(0, limit), test.labels.entries),
    training: range(0, limit),
    test: range(limit, limit + tests),
  };
}

interface Part {
  readonly images: IdxArray;
  readonly labels: IdxArray;
}

function readPart(imagesAt: string | URL, labelsAt: string | URL): Part {
  const images = readIdx(imagesAt, { rank: 3, holds: 'images' });
  const labels = readIdx(labelsAt, { rank: 1, holds: 'labels' });
  if (labels.shape[0] !== images.shape[0]) {
    throw mismatch(labels, `${images.shape[0]} labels, one for each image of ${images.file}`, String(labels.shape[0]));
  }
  return { images, labels };
}

function mismatch({ file }: IdxArray, expected: string, got: string): DataError {
  return new DataError(`idxImages ${file}`, { expected, got, hint: 'the four files must be of one data set', file });
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
