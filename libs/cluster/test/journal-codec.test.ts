import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeJournalRecord, encodeJournalRecord, JOURNAL_MAGIC, ProtocolError, scanJournal } from '../src/index.ts';
import type { JournalRecord } from '../src/index.ts';
import { bitsOf, PROPERTY } from './fixtures.ts';
import { covered } from './log-fixtures.ts';

function roundOf(step: number): JournalRecord['round'] {
  return { run: 'r', step, attempt: 0, phase: 'grad', inputDigest: `digest ${step} ü` };
}

function totalOf(
  step: number,
  sums: Float32Array,
  scalars: Float64Array = Float64Array.of(0.1),
): Extract<JournalRecord, { total: unknown }> {
  return { round: roundOf(step), total: { block: { level: 3, index: 0 }, count: 64, scalars, sums }, coverage: covered('w1', 0, 8) };
}

const failed: JournalRecord = {
  round: roundOf(9),
  failure: { step: 9, attempt: 0, phase: 'grad', reason: 'Log makes NaN', worker: 'w1' },
};

describe('encodeJournalRecord', () => {
  it('keeps every bit, those of -0 and of subnormal numbers too', () => {
    const sums = Float32Array.of(-0, 0, 1e-45, -1e-45, 3.4028234663852886e38, Math.fround(0.1));
    const scalars = Float64Array.of(-0, 5e-324, 1 / 3);
    const record = { ...totalOf(1, sums, scalars), dropped: [3, 5] };
    const read = decodeJournalRecord(encodeJournalRecord(record));
    expect(read).toEqual(record);
    expect('total' in read && bitsOf(read.total)).toBe(bitsOf(record.total));
  });

  it('is the inverse of decodeJournalRecord for any numbers, which are then the reader’s own', () => {
    const arrays = fc.tuple(fc.float32Array({ noNaN: true }), fc.float64Array({ noNaN: true }));
    const property = fc.property(arrays, fc.nat(7), ([sums, scalars], offset) => {
      const record = totalOf(2, sums, scalars);
      const frame = encodeJournalRecord(record);
      const shifted = new Uint8Array(frame.length + offset).subarray(offset); // frames lie at any offset of a file
      shifted.set(frame);
      const read = decodeJournalRecord(shifted);
      shifted.fill(0);
      expect('total' in read && bitsOf(read.total)).toBe(bitsOf(record.total));
    });
    fc.assert(property, PROPERTY);
  });

  it('keeps failures, and of a plan its identity only', () => {
    expect(decodeJournalRecord(encodeJournalRecord(failed))).toEqual(failed);
    const round = { ...failed.round, slots: 8, version: 1 };
    expect(decodeJournalRecord(encodeJournalRecord({ ...failed, round }))).toEqual(failed);
  });
});

describe('decodeJournalRecord', () => {
  const frame = encodeJournalRecord(totalOf(1, Float32Array.of(1, 2, 3)));

  it('refuses any flipped bit', () => {
    for (let bit = 0; bit < 8 * frame.length; bit += 1) {
      const damaged = Uint8Array.from(frame);
      damaged[bit >> 3] ^= 1 << (bit & 7);
      expect(() => decodeJournalRecord(damaged)).toThrow(ProtocolError);
    }
  });

  it('refuses a frame that is cut', () => {
    for (let length = 0; length < frame.length; length += 1)
      expect(() => decodeJournalRecord(frame.subarray(0, length))).toThrow(ProtocolError);
  });
});

describe('scanJournal', () => {
  const records = [
    totalOf(1, Float32Array.of(1, 2)),
    failed,
    totalOf(2, new Float32Array(40_000).fill(0.5)),
    totalOf(3, Float32Array.of(3)),
  ];
  const frames = records.map((record) => encodeJournalRecord(record));
  const file = Buffer.concat([JOURNAL_MAGIC, ...frames]);

  function scan(bytes: Uint8Array): ReturnType<typeof scanJournal> {
    return scanJournal((offset, length) => bytes.subarray(offset, offset + length), bytes.length);
  }

  it('finds every round, so that its frame can be read alone', async () => {
    const { entries, validBytes, torn } = await scan(file);
    expect(torn).toBeUndefined();
    expect(validBytes).toBe(file.length);
    expect(entries.map(({ round }) => round)).toEqual(records.map(({ round }) => round));
    const read = entries.map(({ offset, length }) => decodeJournalRecord(file.subarray(offset, offset + length)));
    expect(read).toEqual(records);
  });

  it('does not read the sums', async () => {
    let bytesRead = 0;
    const frame = encodeJournalRecord(totalOf(2, new Float32Array(250_000)));
    const copies = 20;
    const size = JOURNAL_MAGIC.length + copies * frame.length;
    const large = Buffer.concat([JOURNAL_MAGIC, ...Array.from({ length: copies }, () => frame)]);
    const { entries } = await scanJournal((offset, length) => {
      const bytes = large.subarray(offset, offset + length);
      bytesRead += bytes.length;
      return Promise.resolve(bytes);
    }, size);
    expect(entries).toHaveLength(copies);
    expect(bytesRead).toBeLessThan(size / 10);
  });

  it('ends at a torn frame, wherever it is cut', async () => {
    const ends = frames.map((_, i) => JOURNAL_MAGIC.length + frames.slice(0, i + 1).reduce((sum, { length }) => sum + length, 0));
    for (const length of [8, 9, 23, 24, 30, ends[0] - 1, ends[0], ends[0] + 1, ends[1] + 500, ends[2] - 1, ends[2], ends[3] - 1]) {
      const { entries, validBytes, torn } = await scan(file.subarray(0, length));
      const whole = ends.filter((end) => end <= length);
      expect(entries).toHaveLength(whole.length);
      expect(validBytes).toBe(whole.at(-1) ?? JOURNAL_MAGIC.length);
      expect(torn === undefined).toBe(length === validBytes);
    }
  });

  it('ends at a damaged header, and leaves a damaged body to its reader', async () => {
    const inHeader = Uint8Array.from(file);
    inHeader[JOURNAL_MAGIC.length + frames[0].length + 20] ^= 4;
    expect(await scan(inHeader)).toMatchObject({ entries: [{}], torn: expect.stringContaining('journal: header: expected CRC-32') });
    const inBody = Uint8Array.from(file);
    inBody[JOURNAL_MAGIC.length + frames[0].length - 1] ^= 4;
    const { entries } = await scan(inBody);
    expect(entries).toHaveLength(4);
    const [{ offset, length }] = entries;
    expect(() => decodeJournalRecord(inBody.subarray(offset, offset + length))).toThrow('journal: body: expected CRC-32');
  });

  it('says of another file what it is not', async () => {
    expect(await scan(Buffer.from('{}'))).toEqual({
      entries: [],
      validBytes: 0,
      torn: 'expected a journal, got a file that begins otherwise',
    });
    const newer = Uint8Array.from(file);
    newer[7] = 2;
    expect((await scan(newer)).torn).toBe('expected a journal of format 1, got format 2');
    expect((await scan(new Uint8Array(0))).torn).toBeDefined();
  });
});
