/**
 * Image sets that are not part of the repository: a folder with `mnist` and `fashion-mnist`, each with its four gzipped IDX files, named by
 * `--data` or $GEODESIC_DATA.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const files = {
  images: 'train-images-idx3-ubyte.gz',
  labels: 'train-labels-idx1-ubyte.gz',
  testImages: 't10k-images-idx3-ubyte.gz',
  testLabels: 't10k-labels-idx1-ubyte.gz',
};

/**
 * The `data` section of a run spec for a set.
 * @param {string} set `mnist` or `fashion-mnist`
 * @param {string | undefined} folder what `--data` says
 * @returns {{data: object} | {reason: string}} the section, or why there is none
 */
export function idxData(set, folder = process.env.GEODESIC_DATA) {
  if (!folder) return { reason: `no ${set}: name a folder with ${set}/ by --data or $GEODESIC_DATA` };
  const paths = Object.fromEntries(Object.entries(files).map(([key, file]) => [key, resolve(folder, set, file)]));
  const missing = Object.values(paths).filter((path) => !existsSync(path));
  if (missing.length > 0) return { reason: `no ${set}: ${missing.join(', ')} missing` };
  return { data: { source: 'idx', ...paths } };
}
