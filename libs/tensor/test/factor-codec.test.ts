import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { factorCodecs, roundTrip, type FactorCodecKind } from '../src/index.ts';

const KINDS = Object.keys(factorCodecs) as FactorCodecKind[];
const PROPERTY = { seed: 20_261_121, numRuns: 2000 } as const;

/** The bits of an array, NaN as NaN whatever its payload. */
function bitsOf(values: Float32Array): number[] {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Array.from(words, (word, i) => (Number.isNaN(values[i]) ? -1 : word));
}

function rounded(kind: FactorCodecKind, packed: Float32Array, n: number): Float32Array {
  const copy = packed.slice();
  roundTrip(kind, copy, n);
  return copy;
}

/** Float32 from all over the range: by its bits, hence denormals, both zeros and both ends are as likely as anything. */
const anyFloat = fc
  .integer({ min: 0, max: 2 ** 32 - 1 })
  .map((word) => new Float32Array(Uint32Array.of(word).buffer)[0])
  .filter(Number.isFinite);
const specialFloat = fc.constantFrom(0, -0, 2 ** -149, -(2 ** -149), 2 ** -126, 3.4028234663852886e38, -3.4028234663852886e38, 65520, 1);

/** Packed matrices whose entries share a scale, as factors do, at any scale, or do not. */
const matrix = fc.integer({ min: 1, max: 6 }).chain((n) => {
  const length = (n * (n + 1)) / 2;
  const wild = fc.array(fc.oneof(anyFloat, specialFloat), { minLength: length, maxLength: length });
  const unit = fc.float({ min: -2, max: 2, noNaN: true });
  const scaled = fc
    .tuple(fc.array(unit, { minLength: length, maxLength: length }), fc.integer({ min: -149, max: 126 }))
    .map(([values, exponent]) => values.map((value) => value * 2 ** exponent));
  // Small integers of the least denormal: where a rounded entry is far from its correlation.
  const denormal = fc.array(fc.integer({ min: -300, max: 300 }), { minLength: length, maxLength: length });
  const tiny = denormal.map((values) => values.map((value) => value * 2 ** -149));
  const positive = (values: readonly number[]): Float32Array => {
    const packed = Float32Array.from(values);
    for (let i = 0, at = 0; i < n; at += n - i, i++) packed[at] = Math.abs(packed[at]);
    return packed;
  };
  return fc
    .tuple(fc.oneof(wild, scaled, tiny), fc.boolean())
    .map(([values, psd]) => ({ n, packed: psd ? positive(values) : Float32Array.from(values) }));
});

describe.each(KINDS)('the codec %s', (kind) => {
  const codec = factorCodecs[kind];

  it('encodes what it decoded to the same values: a rounded matrix travels without another rounding', () => {
    fc.assert(
      fc.property(matrix, ({ n, packed }) => {
        const once = rounded(kind, packed, n);
        const decoded = new Float32Array(packed.length);
        codec.decode(codec.encode(once, n), n, decoded);
        expect(bitsOf(decoded)).toEqual(bitsOf(once));
      }),
      PROPERTY,
    );
  });

  it('rounds in place to what its code says, at any offset of bytes, in as many bytes as announced', () => {
    fc.assert(
      fc.property(matrix, fc.integer({ min: 0, max: 3 }), ({ n, packed }, offset) => {
        const size = codec.encodedSize(n);
        const bytes = codec.encode(packed, n, new Uint8Array(size + 8).subarray(offset, offset + size));
        expect([...codec.encode(packed, n)]).toEqual([...bytes]);
        const decoded = new Float32Array(packed.length + 1).subarray(1);
        codec.decode(bytes, n, decoded);
        expect(bitsOf(decoded)).toEqual(bitsOf(rounded(kind, packed, n)));
      }),
      PROPERTY,
    );
  });

  it('keeps what is finite finite, and what is not not', () => {
    fc.assert(
      fc.property(matrix, fc.nat(), fc.constantFrom(NaN, Infinity, -Infinity), ({ n, packed }, at, broken) => {
        expect(rounded(kind, packed, n).every(Number.isFinite)).toBe(true);
        packed[at % packed.length] = broken;
        expect(rounded(kind, packed, n).every(Number.isFinite)).toBe(false);
      }),
      PROPERTY,
    );
  });

  it('takes zeros to zeros', () => {
    expect(rounded(kind, new Float32Array(6), 3)).toEqual(new Float32Array(6));
  });
});

describe('bf16', () => {
  it('rounds to nearest, ties to even, in 8 bits of significand', () => {
    const packed = Float32Array.of(1 + 2 ** -8, 1 + 3 * 2 ** -8, 1 + 2 ** -8 + 2 ** -23);
    expect([...rounded('bf16', packed, 2)]).toEqual([1, 1 + 2 ** -6, 1 + 2 ** -7]);
    expect(factorCodecs.bf16.encodedSize(10)).toBe(110);
  });
});

describe('fp16', () => {
  it('is within 2^-11 of the entry, or 2^-40 of the largest as rounded, at any scale', () => {
    fc.assert(
      fc.property(matrix, ({ n, packed }) => {
        const largest = Math.max(...packed.map(Math.abs));
        rounded('fp16', packed, n).forEach((value, i) => {
          const bound = Math.max(Math.abs(packed[i]) * 2 ** -11, largest * (1 + 2 ** -11) * 2 ** -40);
          expect(Math.abs(value - packed[i])).toBeLessThanOrEqual(bound * (largest > 3.4e38 ? 2 : 1));
        });
      }),
      PROPERTY,
    );
  });

  it('holds sums that a plain float16 cannot', () => {
    expect([...rounded('fp16', Float32Array.of(1e9, 3, 5e8), 2)].map((value) => Math.round(value))).toEqual([999_817_216, 3, 499_908_608]);
  });
});

describe('int8', () => {
  it('keeps the diagonal and rounds correlations to the nearest of 127 steps', () => {
    const packed = Float32Array.of(4, 3, -6, 9, 0.5, 16);
    const expected = [4, (64 / 127) * 6, (-95 / 127) * 8, 9, (5 / 127) * 12, 16].map(Math.fround);
    expect([...rounded('int8', packed, 3)]).toEqual(expected);
    expect(factorCodecs.int8.encodedSize(3)).toBe(15);
  });

  it('has zeros in the row and column of a diagonal that is not positive', () => {
    expect([...rounded('int8', Float32Array.of(0, 1, 2, -1, 3, 1), 3)]).toEqual([0, 0, 0, -1, 0, 1]);
  });

  it('counts a correlation beyond 1 as 1', () => {
    expect([...rounded('int8', Float32Array.of(1, 1.5, 1), 2)]).toEqual([1, 1, 1]);
  });
});
