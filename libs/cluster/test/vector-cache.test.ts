import { beforeEach, describe, expect, it } from 'vitest';
import { VectorCache } from '../src/index.ts';

let cache: VectorCache<string>;

beforeEach(() => {
  cache = new VectorCache({ spareElements: 20 });
});

function add(...digests: string[]): void {
  for (const digest of digests) cache.add(digest, { value: `value ${digest}`, length: 10 });
}

describe('VectorCache', () => {
  it('keeps the most recently used up to its budget', () => {
    add('a', 'b', 'c');
    cache.pin('round', ['a']);
    cache.pin('round', []);
    expect(cache.trim()).toEqual(['b']);
    expect([cache.get('a'), cache.get('b'), cache.get('c')]).toEqual(['value a', undefined, 'value c']);
  });

  it('keeps all that is pinned, whatever its size, until its holder wants something else', () => {
    add('a', 'b', 'c', 'd', 'e');
    cache.pin('round', ['a', 'b', 'c', 'not yet here']);
    cache.pin('update', ['a']);
    expect(cache.trim()).toEqual([]);
    expect(cache.size).toBe(5);
    cache.pin('round', []);
    expect(cache.trim()).toEqual(['d', 'e']);
    expect([cache.has('a'), cache.has('b'), cache.has('c')]).toEqual([true, true, true]);
  });

  it('takes a vector of an address once', () => {
    add('a');
    cache.add('a', { value: 'again', length: 10 });
    expect(cache.get('a')).toBe('value a');
  });
});
