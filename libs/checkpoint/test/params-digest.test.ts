import { createHash } from 'node:crypto';
import { makeLayout } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { paramsDigest, paramsDigestInTurns } from '../src/index.ts';

const LAYOUT = makeLayout([
  { name: 'weight', shape: [2, 2] },
  { name: 'bias', shape: [2] },
]);

/** sha256 of bytes, raw. */
function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

describe('paramsDigest', () => {
  it("is the sha256 of the tensors' sha256s in layout order", () => {
    const bytes = Buffer.from('0000803f00000040000040400000804000000000000080bf', 'hex');
    const expected = sha256(Buffer.concat([sha256(bytes.subarray(0, 16)), sha256(bytes.subarray(16))])).toString('hex');
    expect(paramsDigest(LAYOUT, Float32Array.of(1, 2, 3, 4, 0, -1))).toBe(`sha256:${expected}`);
  });

  it('sees the sign of a zero and where a tensor ends', () => {
    const parameters = Float32Array.of(1, 2, 3, 4, 0, -1);
    const other = makeLayout([
      { name: 'weight', shape: [3] },
      { name: 'bias', shape: [3] },
    ]);
    expect(paramsDigest(LAYOUT, Float32Array.of(1, 2, 3, 4, -0, -1))).not.toBe(paramsDigest(LAYOUT, parameters));
    expect(paramsDigest(other, parameters)).not.toBe(paramsDigest(LAYOUT, parameters));
  });

  it('refuses parameters of another size', () => {
    expect(() => paramsDigest(LAYOUT, new Float32Array(5))).toThrow(
      'paramsDigest: expected 6 parameters, got 5 (is this the layout of this model?)',
    );
  });

  it('is the same in turns, and lets others have theirs', async () => {
    const large = makeLayout([
      { name: 'a', shape: [600_000] },
      ...Array.from({ length: 40 }, (_, i) => ({ name: `b${i}`, shape: [10_000] })),
    ]);
    const parameters = Float32Array.from({ length: large.size }, (_, i) => i);
    let turns = 0;
    let waiting = setImmediate(function tick() {
      turns += 1;
      waiting = setImmediate(tick);
    });
    expect(await paramsDigestInTurns(large, parameters)).toBe(paramsDigest(large, parameters));
    clearImmediate(waiting);
    expect(turns).toBeGreaterThanOrEqual(3);
    await expect(paramsDigestInTurns(large, new Float32Array(1))).rejects.toThrow('expected 1000000 parameters, got 1');
  });
});
