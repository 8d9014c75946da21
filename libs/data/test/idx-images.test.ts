import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { DataError, openDataset } from '../src/index.ts';
import { idx, writeIdxFiles } from '@geodesic/testing';

const folder = mkdtempSync(join(tmpdir(), 'geodesic-idx-'));
let files = writeIdxFiles(folder);
beforeEach(() => void (files = writeIdxFiles(folder)));
afterAll(() => rmSync(folder, { recursive: true }));

/** The paths of the four files with one replaced by these bytes. */
function withFile(name: 'images' | 'labels' | 'testImages' | 'testLabels', bytes: Uint8Array): typeof files {
  const path = join(folder, 'replaced.idx');
  writeFileSync(path, bytes);
  return { ...files, [name]: path };
}

describe('openDataset of IDX files', () => {
  it('reads raw and gzipped files: pixels over 255, labels, training and test as the files divide them', () => {
    const data = openDataset(files);
    expect(data).toMatchObject({ name: 'idx', classes: 3, featureShape: [6] });
    const read = (['train', 'test'] as const).map((name) => {
      const split = data.split(name);
      const { size } = split;
      const [x, y] = [new Float32Array(6 * size), new Int32Array(size)];
      split.fill(
        Int32Array.from({ length: size }, (_, i) => i),
        x,
        y,
        new Float32Array(size),
      );
      return { x: [...x], y: [...y] };
    });
    expect(read[0]).toEqual({ x: Array.from({ length: 24 }, (_, i) => Math.fround((7 * i) / 255)), y: [2, 0, 1, 2] });
    expect(read[1]).toEqual({ x: Array.from({ length: 12 }, (_, i) => Math.fround((100 + 7 * i) / 255)), y: [1, 0] });
  });

  it('takes file URLs, and digests decompressed bytes: how files are packed or named changes nothing', () => {
    const packed = withFile('labels', gzipSync(readFileSync(files.labels)));
    const urls = { ...files, images: pathToFileURL(files.images), testLabels: pathToFileURL(files.testLabels).href };
    const { digest } = openDataset(files);
    expect(openDataset(packed).digest).toBe(digest);
    expect(openDataset(urls).digest).toBe(digest);
    const parts = [files.images, files.labels, files.testImages, files.testLabels].map((path) => readFileSync(path));
    const bytes = Buffer.concat(parts.map((part) => (part[0] === 0x1f ? gunzipSync(part) : part)));
    expect(digest).toBe(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  });

  it('trains on the first images up to a limit, with all classes and test images', () => {
    const data = openDataset({ ...files, limit: 2 });
    expect([data.split('train').size, data.split('test').size, data.classes]).toEqual([2, 2, 3]);
    const y = new Int32Array(2);
    data.split('test').fill(Int32Array.of(0, 1), new Float32Array(12), y, new Float32Array(2));
    expect([...y]).toEqual([1, 0]);
    expect(() => openDataset({ ...files, limit: 5 })).toThrow('idxImages: expected limit to be an integer from 1 to 4, got 5');
    expect(openDataset({ ...files, validation: 0.5 }).split('validation').size).toBe(2);
  });

  it('takes the digest that it has, and refuses any other', () => {
    const { digest } = openDataset(files);
    expect(openDataset({ ...files, digest }).digest).toBe(digest);
    const other = `sha256:${'a'.repeat(64)}`;
    expect(() => openDataset({ ...files, digest: other })).toThrow(
      `idxImages: expected ${other}, got ${digest} (other files than those that the run was submitted with: ${files.images}`,
    );
  });
});

describe('openDataset of IDX files that are not what they should be', () => {
  const replaced = join(folder, 'replaced.idx');
  const images = idx([4, 2, 3], new Uint8Array(24));

  it.each([
    ['labels in the place of images', 'images', idx([4], [0, 1, 2, 0]), 'expected magic number 0x00000803, got 0x00000801'],
    ['another type of entry', 'images', Uint8Array.of(0, 0, 13, 3, 0, 0, 0, 0), 'expected magic number 0x00000803, got 0x00000d03'],
    ['an empty file', 'labels', new Uint8Array(0), 'expected magic number 0x00000801, got 0 bytes'],
    ['a cut header', 'images', images.subarray(0, 12), 'expected a header of 16 bytes, got 12 bytes'],
    ['cut entries', 'images', images.subarray(0, 30), 'expected 40 bytes for dimensions 4 x 2 x 3, got 30'],
    ['trailing bytes', 'labels', Uint8Array.from([...idx([4], [0, 1, 2, 0]), 7]), 'expected 12 bytes for dimensions 4, got 13'],
    ['no images', 'images', idx([0, 2, 3], []), 'expected at least one entry, got dimensions 0 x 2 x 3'],
    ['truncated gzip', 'images', gzipSync(images).subarray(0, 25), 'expected a readable file, got damaged gzip: unexpected end of file'],
  ] as const)('explains %s', (_, name, bytes, message) => {
    expect(() => openDataset(withFile(name, bytes))).toThrow(`readIdx ${replaced}: ${message}`);
  });

  it.each([
    ['too few labels', 'labels', idx([3], [0, 1, 2]), `expected 4 labels, one for each image of ${files.images}, got 3`],
    ['a test label of no class', 'testLabels', idx([2], [1, 3]), 'expected labels below 3, as the training labels, got 3 at image 1'],
    [
      'test images of another size',
      'testImages',
      idx([2, 3, 3], new Uint8Array(18)),
      'expected images of 2 x 3 pixels, as the training images, got 3 x 3',
    ],
  ] as const)('explains %s', (_, name, bytes, message) => {
    expect(() => openDataset(withFile(name, bytes))).toThrow(`idxImages ${replaced}: ${message} (the four files must be of one data set)`);
  });

  it('names a file that is missing, and says that nothing is downloaded', () => {
    const missing = join(folder, 'none.gz');
    const open = (): unknown => openDataset({ ...files, images: missing });
    expect(open).toThrow(DataError);
    expect(open).toThrow(`readIdx ${missing}: expected a readable file, got ENOENT (every machine of a run needs the file at this path)`);
    expect(() => openDataset({ ...files, images: 'https://example.org/train.gz' })).toThrow(
      'readIdx: expected a path or a file URL, got https://example.org/train.gz (download it first',
    );
  });
});
