/**
 * The data of a spec, opened where the user sits. Files are found from the spec's folder; a run records where they lie on every machine and
 * what they hold, so that a worker with other bytes refuses to compute.
 */
import { resolve } from 'node:path';
import { openDataset, type Dataset } from '@geodesic/data';
import type { DataSpec } from '@geodesic/run-spec';

/** A data set and the `data` section that a run records. */
export interface SpecData {
  readonly dataset: Dataset;
  /** With absolute paths and the digest of what was read. */
  readonly data: DataSpec;
}

/** Opens the data of a spec that lies in `folder`. @throws {DataError} when they cannot be read, or are not what the spec's digest says */
export function openSpecData(data: DataSpec, folder: string): SpecData {
  if (data.source !== 'idx') return { dataset: openDataset(data), data };
  const { images, labels, testImages, testLabels } = data;
  // A URL is absolute already; the data library says which it reads.
  const place = (path: string): string => (/^[a-z]{2,}:\/\//i.test(path) ? path : resolve(folder, path));
  const located = { images: place(images), labels: place(labels), testImages: place(testImages), testLabels: place(testLabels) };
  const dataset = openDataset({ ...data, ...located });
  return { dataset, data: { ...data, ...located, digest: dataset.digest } };
}
