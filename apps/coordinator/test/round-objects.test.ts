import { vectorDigest } from '@geodesic/cluster';
import { describe, expect, it } from 'vitest';
import { RoundObjects } from '../src/round-objects.ts';

const vectors = Array.from({ length: 6 }, (_, i) => new Float32Array(10).fill(i));

describe('RoundObjects', () => {
  it('serves what the current and the previous round and the last update name, and a few more', () => {
    const objects = new RoundObjects({ spareElements: 10 });
    const kept = (): number[] => vectors.flatMap((vector, i) => (objects.find(vectorDigest(vector)) ? [i] : []));
    objects.begin({ vectors: { a: vectors[0], b: vectors[1] }, move: { direction: vectors[2], alpha: 1, mu: 0 } });
    objects.update({ direction: vectors[3], alpha: 1, mu: 0 });
    objects.begin(undefined);
    expect(kept()).toEqual([0, 1, 2, 3]);
    objects.begin({ vectors: { a: vectors[4] } });
    expect(kept()).toEqual([2, 3, 4]);
    objects.update({ direction: vectors[5], alpha: 1, mu: 0 });
    expect(kept()).toEqual([2, 4, 5]); // of the two that nobody names, the one that was used later
  });

  it('serves the bytes of which an address is the digest', () => {
    const objects = new RoundObjects();
    objects.begin({ vectors: { a: Float32Array.of(1, -2) } });
    expect([...objects.find(vectorDigest(Float32Array.of(1, -2)))!]).toEqual([0, 0, 128, 63, 0, 0, 0, 192]);
    expect(objects.find('sha256:00')).toBeUndefined();
  });
});
