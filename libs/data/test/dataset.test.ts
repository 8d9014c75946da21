import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, openDataset, OPTICAL_DIGITS_DIGEST, type Split } from '../src/index.ts';

const ASSET = new URL('../assets/optical-digits.bin.gz', import.meta.url);

interface Rows {
  readonly x: Float32Array;
  readonly y: Int32Array;
  readonly weight: Float32Array;
}

/** Fills fresh arrays from a split. */
function filled(split: Split, positions: readonly number[]): Rows {
  const rows = {
    x: new Float32Array(positions.length * 64).fill(9),
    y: new Int32Array(positions.length).fill(9),
    weight: new Float32Array(positions.length).fill(9),
  };
  split.fill(Int32Array.from(positions), rows.x, rows.y, rows.weight);
  return rows;
}

/** The error that an action throws. */
function dataErrorOf(action: () => unknown): DataError {
  try {
    action();
  } catch (error) {
    if (error instanceof DataError) return error;
    throw error;
  }
  throw new Error('expected a DataError, got none');
}

describe('openDataset', () => {
  it('splits 1,797 digits into 1,348 for training and 449 for testing, each index exactly once', () => {
    const data = openDataset({ source: 'digits', validation: 0.1 });
    const [train, validation, test] = (['train', 'validation', 'test'] as const).map((name) => data.split(name));
    expect([train.size, validation.size, test.size]).toEqual([1213, 135, 449]);
    const all = [...train.indices, ...validation.indices, ...test.indices].toSorted((a, b) => a - b);
    expect(all).toEqual(Array.from({ length: 1797 }, (_, index) => index));
  });

  it('never moves an example between training and test: the split is part of the published results', () => {
    const test = openDataset({ source: 'digits' }).split('test');
    expect(createHash('sha256').update(test.indices.join(',')).digest('hex').slice(0, 16)).toBe('c1f8bedf1836af1a');
  });

  it('takes a larger validation split as a superset of a smaller one, and none by default', () => {
    const small = openDataset({ source: 'digits', validation: 0.1 }).split('validation').indices;
    const large = new Set(openDataset({ source: 'digits', validation: 0.2 }).split('validation').indices);
    expect(small.every((index) => large.has(index))).toBe(true);
    expect(openDataset({ source: 'digits' }).split('validation').size).toBe(0);
  });

  it('keeps every class near a tenth in every split', () => {
    const data = openDataset({ source: 'digits', validation: 0.1 });
    for (const name of ['train', 'test'] as const) {
      const split = data.split(name);
      const { y } = filled(split, [...split.indices.keys()]);
      const counts = Array.from({ length: data.classes }, (_, label) => y.filter((other) => other === label).length / split.size);
      expect(Math.min(...counts)).toBeGreaterThan(0.06);
      expect(Math.max(...counts)).toBeLessThan(0.14);
    }
  });

  it('refuses a validation share outside [0, 0.5]', () => {
    expect(() => openDataset({ source: 'digits', validation: 0.7 })).toThrow(
      'openDataset: expected validation in [0, 0.5], got 0.7 (it is a share of the training split)',
    );
  });
});

describe('openDataset, a damaged asset', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'geodesic-data-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('names the file, the expected and the found digest when one pixel differs', () => {
    const bytes = gunzipSync(readFileSync(ASSET));
    bytes[100] ^= 1;
    const file = join(folder, 'flipped.bin.gz');
    writeFileSync(file, gzipSync(bytes));
    const got = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
    const error = dataErrorOf(() => openDataset({ source: 'digits', asset: pathToFileURL(file) }));
    expect(error).toMatchObject({ file, expected: OPTICAL_DIGITS_DIGEST, got });
    expect(error.message).toBe(
      `readOpticalDigits ${file}: expected ${OPTICAL_DIGITS_DIGEST}, got ${got} (restore the file from the repository)`,
    );
  });

  it('says so when the file is cut short or missing', () => {
    const file = join(folder, 'short.bin.gz');
    writeFileSync(file, readFileSync(ASSET).subarray(0, 1000));
    expect(() => openDataset({ source: 'digits', asset: pathToFileURL(file) })).toThrow(
      'expected a readable gzip file, got unexpected end of file',
    );
    expect(() => openDataset({ source: 'digits', asset: pathToFileURL(join(folder, 'none')) })).toThrow(
      'expected a readable gzip file, got ENOENT',
    );
  });
});

describe('fill', () => {
  const train = openDataset({ source: 'digits' }).split('train');

  it('writes pixels in [0, 1], the class and weight 1, and zeros for padding', () => {
    const { x, y, weight } = filled(train, [3, -1]);
    const raw = gunzipSync(readFileSync(ASSET));
    const index = train.indices[3];
    expect([...x.subarray(0, 64)]).toEqual([...raw.subarray(16 + 64 * index, 16 + 64 * (index + 1))].map((pixel) => pixel / 16));
    expect(Math.max(...x)).toBe(1);
    expect([...y]).toEqual([raw[16 + 64 * 1797 + index], 0]);
    expect([...weight]).toEqual([1, 0]);
    expect(x.subarray(64).every((value) => value === 0)).toBe(true);
  });

  it('refuses a position outside the split and arrays of the wrong length', () => {
    expect(() => filled(train, [1348])).toThrow('fill train: expected a position in [0, 1348) or -1, got 1348 (-1 is padding)');
    const [positions, x, y, weight] = [new Int32Array(2), new Float32Array(64), new Int32Array(2), new Float32Array(2)];
    expect(() => train.fill(positions, x, y, weight)).toThrow('fill: expected x of length 128, got 64 (2 positions)');
  });
});
