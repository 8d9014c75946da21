/**
 * Small IDX files for tests: images of 2 x 3 pixels.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

/** The bytes of an IDX array of unsigned bytes. */
export function idx(shape: readonly number[], entries: ArrayLike<number>): Uint8Array {
  const header = new Uint8Array(4 + 4 * shape.length);
  header.set([0, 0, 8, shape.length]);
  shape.forEach((length, axis) => new DataView(header.buffer).setUint32(4 + 4 * axis, length));
  return Uint8Array.from([...header, ...Array.from(entries)]);
}

/** Options of `openDataset` for four files in a folder, two of them gzipped: 4 training and 2 test images, labels 0 to 2. */
export function writeIdxFiles(folder: string): {
  source: 'idx';
  images: string;
  labels: string;
  testImages: string;
  testLabels: string;
} {
  const pixels = (count: number, from: number): number[] => Array.from({ length: 6 * count }, (_, i) => (from + 7 * i) % 256);
  const files = {
    images: gzipSync(idx([4, 2, 3], pixels(4, 0))),
    labels: idx([4], [2, 0, 1, 2]),
    testImages: idx([2, 2, 3], pixels(2, 100)),
    testLabels: gzipSync(idx([2], [1, 0])),
  };
  const paths = Object.entries(files).map(([name, bytes]) => {
    const path = join(folder, `${name}.idx`);
    writeFileSync(path, bytes);
    return [name, path] as const;
  });
  return { source: 'idx', ...(Object.fromEntries(paths) as Record<keyof typeof files, string>) };
}
