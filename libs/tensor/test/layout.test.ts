import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf, LayoutError, makeLayout, sizeOf, viewOf } from '../src/index.ts';

const seed = 20240602;
const layout = makeLayout([
  { name: 'stem/weight', shape: [2, 3] },
  { name: 'stem/bias', shape: [3] },
  { name: 'temperature', shape: [] },
]);

describe('makeLayout', () => {
  it('places entries one after the other in the order given', () => {
    expect(layout.entries.map(({ name, offset, size }) => [name, offset, size])).toEqual([
      ['stem/weight', 0, 6],
      ['stem/bias', 6, 3],
      ['temperature', 9, 1],
    ]);
    expect(layout.size).toBe(10);
  });

  it('covers the vector without gap or overlap for any shapes', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), { maxLength: 6 }), (shapes) => {
        const { entries, size } = makeLayout(shapes.map((shape, i) => ({ name: `p${i}`, shape })));
        let end = 0;
        for (const entry of entries) {
          expect(entry.offset).toBe(end);
          expect(entry.size).toBe(sizeOf(entry.shape));
          end += entry.size;
        }
        expect(size).toBe(end);
      }),
      { seed },
    );
  });

  it('keeps its own copy of the shapes', () => {
    const shape = [2];
    const made = makeLayout([{ name: 'w', shape }]);
    shape[0] = 9;
    expect(made.entries[0].shape).toEqual([2]);
  });

  it('refuses a repeated name', () => {
    const twice = [
      { name: 'w', shape: [1] },
      { name: 'w', shape: [2] },
    ];
    expect(() => makeLayout(twice)).toThrow(new LayoutError('makeLayout', 'w', 'a name of its own', 'the name of an earlier entry'));
  });
});

describe('entryOf', () => {
  it('suggests the near matches of an unknown name, nearest first', () => {
    expect(() => entryOf(layout, 'stem/weigth')).toThrow(
      'entryOf: stem/weigth: expected the name of an entry, got no entry (did you mean stem/weight?)',
    );
    expect(() => entryOf(layout, 'bias')).toThrow('did you mean stem/bias?');
  });

  it('lists the names when none is near, and says when there are none', () => {
    expect(() => entryOf(layout, 'zzz')).toThrow('got no entry (there are stem/weight, stem/bias, temperature)');
    expect(() => entryOf(makeLayout([]), 'w')).toThrow('entryOf: w: expected the name of an entry, got an empty layout');
  });
});

describe('viewOf', () => {
  it('gives a view that writes through', () => {
    const flat = new Float64Array(layout.size);
    viewOf(layout, flat, 'stem/bias').fill(7);
    expect([...flat]).toEqual([0, 0, 0, 0, 0, 0, 7, 7, 7, 0]);
  });

  it('refuses a vector of another length', () => {
    expect(() => viewOf(layout, new Float32Array(9), 'stem/bias')).toThrow('viewOf: stem/bias: expected a vector of 10 entries, got 9');
  });
});
