import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, digestRunSpec, freezeRunSpec, parseRunSpec } from '../src/index.ts';
import { MINIMAL_NDM, someGroups } from './specs.ts';

function digest(overrides: readonly string[] = []): string {
  return digestRunSpec(freezeRunSpec(parseRunSpec(MINIMAL_NDM, { format: 'yaml', overrides, defaultGroups: someGroups })));
}

describe('canonicalJson', () => {
  it('sorts keys, leaves undefined out and prints numbers as ECMAScript does', () => {
    expect(canonicalJson({ b: [1e21, -0, 0.1], a: { z: null, y: undefined, x: 'é"' } })).toBe(
      '{"a":{"x":"é\\"","z":null},"b":[1e+21,0,0.1]}',
    );
  });

  it('round-trips any JSON value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { seed: 1 },
    );
  });

  it('refuses numbers that JSON cannot hold', () => {
    expect(() => canonicalJson({ a: Number.NaN })).toThrow('canonicalJson: expected a finite number, got NaN');
  });
});

describe('digestRunSpec', () => {
  it('ignores the cluster and the order of keys', () => {
    const reordered = MINIMAL_NDM.trim().split('\n').reverse().join('\n');
    const spec = freezeRunSpec(parseRunSpec(reordered, { format: 'yaml', overrides: ['cluster.workers=7'], defaultGroups: someGroups }));
    expect(digestRunSpec(spec)).toBe(digest());
  });

  it('sees what an initial checkpoint holds, and not where it lies', () => {
    const init = (checkpoint: string, digit: string): string[] => [
      `init={checkpoint: ${checkpoint}, digest: 'sha256:${digit.repeat(64)}'}`,
    ];
    expect(digest(init('here', 'a'))).toBe(digest(init('there', 'a')));
    expect(digest(init('here', 'a'))).not.toBe(digest(init('here', 'b')));
    expect(digest(init('here', 'a'))).not.toBe(digest());
  });

  it('sees every other setting, and a default written out is the default', () => {
    expect(digest()).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(digest(['batch.slots=8', 'optimizer.groups.ends.momentum=0.9'])).toBe(digest());
    expect(digest(['optimizer.groups.ends.momentum=0.8'])).not.toBe(digest());
    expect(digest(['seed=2'])).not.toBe(digest());
  });
});
