import { describe, expect, it } from 'vitest';
import { type DataSpec, digestRunSpec, freezeRunSpec, parseRunSpec, type RunSpec } from '../src/index.ts';

function specWith(data: string): RunSpec {
  const text = `name: x\nseed: 1\nmodel: {recipe: autoencoder}\ndata: ${data}\nbatch: {examples: 128}\nsteps: 4\n`;
  return parseRunSpec(text, { format: 'yaml', source: 'run.yaml' });
}

const dataOf = (data: string): DataSpec => specWith(data).data;

const files = 'images: a.gz, labels: b.gz, testImages: c.gz, testLabels: d.gz';
const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;

describe('the data section of a run spec', () => {
  it.each([
    ['{source: digits}', { source: 'digits', validation: 0 }],
    ['{source: curves}', { source: 'curves', side: 14, examples: 1000, validation: 0 }],
    ['{source: curves, side: 28, examples: 20000, validation: 0.1}', { source: 'curves', side: 28, examples: 20000, validation: 0.1 }],
    ['{source: spiral}', { source: 'spiral', arms: 3, points: 450, scale: [1, 1], shift: [0, 0], validation: 0 }],
    [
      '{source: spiral, scale: [1, 0.05], shift: [2, 0]}',
      { source: 'spiral', arms: 3, points: 450, scale: [1, 0.05], shift: [2, 0], validation: 0 },
    ],
    [
      `{source: idx, ${files}, limit: 10000}`,
      { source: 'idx', images: 'a.gz', labels: 'b.gz', testImages: 'c.gz', testLabels: 'd.gz', limit: 10000, validation: 0 },
    ],
  ])('fills in what %s leaves out', (written, expected) => {
    expect(dataOf(written)).toEqual(expected);
  });

  it.each([
    ['{source: curve}', 'data.source: expected one of digits, curves, spiral, idx, got "curve" (did you mean "curves"?; line 4, column 8)'],
    ['{validation: 0.1}', 'data.source: expected one of digits, curves, spiral, idx, got nothing'],
    ['digits', 'data: expected a mapping with a source, got "digits"'],
    ['{source: digits, side: 14}', 'data.side: expected one of source, validation, got the unknown key "side"'],
    ['{source: curves, side: 1}', 'data.side: expected an integer >= 2 and <= 256, got 1'],
    ['{source: spiral, scale: [1]}', 'data.scale: expected a list of two numbers, got a list of 1'],
    ['{source: spiral, shift: [1, x]}', 'data.shift.1: expected a number, got "x"'],
    ['{source: idx, images: a, labels: b, testImages: c}', 'data.testLabels: expected the path of an IDX file'],
    [`{source: idx, ${files}, digest: abc}`, 'data.digest: expected sha256: and 64 hexadecimal digits, got "abc"'],
    [`{source: idx, ${files}, limit: 0}`, 'data.limit: expected an integer >= 1, got 0'],
  ])('explains %s', (written, message) => {
    expect(() => dataOf(written)).toThrow(message);
  });

  it('is part of the digest of a run by what files hold, not by where they lie', () => {
    const groups = [{ name: 'all', match: ['**'], method: 'sgd' as const }];
    const digestWith = (data: string): string => digestRunSpec(freezeRunSpec(specWith(data), { defaultGroups: () => groups }));
    const elsewhere = files.replaceAll('.gz', '');
    expect(digestWith(`{source: idx, ${files}, digest: '${digest('a')}'}`)).toBe(
      digestWith(`{source: idx, ${elsewhere}, digest: '${digest('a')}'}`),
    );
    expect(digestWith(`{source: idx, ${files}, digest: '${digest('a')}'}`)).not.toBe(
      digestWith(`{source: idx, ${files}, digest: '${digest('b')}'}`),
    );
    expect(digestWith(`{source: idx, ${files}}`)).not.toBe(digestWith(`{source: idx, ${elsewhere}}`));
  });
});
