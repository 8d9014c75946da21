import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeSums,
  encodedSumsSize,
  encodeSums,
  findSegmentFault,
  roundSums,
  type CodedSegment,
  type FactorCodecKind,
} from '../src/index.ts';

/** Segments with gaps between them, and the length of a vector that ends with another gap. */
const layout = fc
  .array(
    fc.record({ gap: fc.nat(4), size: fc.integer({ min: 1, max: 5 }), kind: fc.constantFrom<FactorCodecKind>('bf16', 'fp16', 'int8') }),
    {
      maxLength: 4,
    },
  )
  .chain((parts) => fc.nat(4).map((tail) => ({ parts, tail })))
  .map(({ parts, tail }) => {
    let offset = 0;
    const segments = parts.map(({ gap, size, kind }): CodedSegment => {
      const segment = { offset: offset + gap, size, kind };
      offset = segment.offset + (size * (size + 1)) / 2;
      return segment;
    });
    return { segments, length: offset + tail };
  });

describe('encodeSums', () => {
  it('is exact for rounded sums, whatever stands between the segments', () => {
    fc.assert(
      fc.property(layout, fc.infiniteStream(fc.float({ noNaN: true, noDefaultInfinity: true })), ({ segments, length }, values) => {
        const sums = Float32Array.from({ length }, () => values.next().value as number);
        const plain = sums.slice();
        roundSums(sums, segments);
        const bytes = encodeSums(sums, segments);
        expect(bytes.length).toBe(encodedSumsSize(segments, length));
        expect(Buffer.from(decodeSums(bytes, segments, length).buffer)).toEqual(Buffer.from(sums.buffer));
        // What lies between the segments is as it was.
        for (const { offset, size } of segments) sums.fill(0, offset, offset + (size * (size + 1)) / 2);
        for (const { offset, size } of segments) plain.fill(0, offset, offset + (size * (size + 1)) / 2);
        expect(sums).toEqual(plain);
      }),
      { seed: 3, numRuns: 500 },
    );
  });

  it('takes about a quarter of the bytes with int8, half with bf16', () => {
    const size = 100;
    expect(encodedSumsSize([{ offset: 10, size, kind: 'int8' }], 5070)).toBe(4 * 20 + 400 + 4950);
    expect(encodedSumsSize([{ offset: 10, size, kind: 'bf16' }], 5070)).toBe(4 * 20 + 10_100);
  });
});

describe('findSegmentFault', () => {
  it.each<[string, readonly CodedSegment[]]>([
    ['segment kind: expected one of bf16, fp16, int8, got zip', [{ offset: 0, size: 1, kind: 'zip' as FactorCodecKind }]],
    ['segment size: expected an integer >= 1, got 0', [{ offset: 0, size: 0, kind: 'int8' }]],
    [
      'segment offset: expected an integer >= 3, got 2',
      [
        { offset: 0, size: 2, kind: 'int8' },
        { offset: 2, size: 1, kind: 'bf16' },
      ],
    ],
    ['segment: expected its end within 10 sums, got 11', [{ offset: 1, size: 4, kind: 'fp16' }]],
  ])('says %s', (fault, segments) => {
    expect(findSegmentFault(segments, 10)).toBe(fault);
    expect(() => encodeSums(new Float32Array(10), segments)).toThrow(fault);
  });
});
