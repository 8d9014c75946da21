import { canonicalJson } from '@geodesic/engine';
import { describe, expect, it } from 'vitest';

describe('canonicalJson', () => {
  it('sorts keys, leaves no space and leaves out undefined', () => {
    expect(canonicalJson({ b: [1, 'x', null, true], a: { d: 0.1, c: 1e21 }, e: undefined })).toBe(
      '{"a":{"c":1e+21,"d":0.1},"b":[1,"x",null,true]}',
    );
  });

  it('refuses what JSON cannot hold', () => {
    expect(() => canonicalJson({ a: NaN })).toThrow('canonicalJson: expected a finite number, got NaN');
    expect(() => canonicalJson([() => 1])).toThrow('canonicalJson: expected a JSON value, got function');
  });
});
