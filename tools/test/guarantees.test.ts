import { describe, expect, it } from 'vitest';
// @ts-expect-error a tool without types
import { readRows, replaceFigures, table } from '../guarantees.mjs';

const rows = [
  { id: 'G10', fault: 'lies', measured: '9 of 9 rejected', bound: 'rejected' },
  { id: 'G2', fault: 'hang | stop', measured: '515 ms', bound: 'the lease', note: '5 hangs' },
];

describe('the table of guarantees', () => {
  it('orders what the tests have appended by number', () => {
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    expect((readRows as (text: string) => typeof rows)(text).map(({ id }) => id)).toEqual(['G2', 'G10']);
  });

  it('is Markdown, whatever is in the cells', () => {
    expect((table as (of: typeof rows) => string)(rows).split('\n').slice(2)).toEqual([
      '| G10 | lies | 9 of 9 rejected | rejected |  |',
      '| G2 | hang \\| stop | 515 ms | the lease | 5 hangs |',
    ]);
  });

  it('takes the place between the marks of the page, and no other', () => {
    const replace = replaceFigures as (page: string, figures: string) => string;
    const page = replace('# Top\n<!-- figures: begin -->\nold\n<!-- figures: end -->\nrest\n', 'new');
    expect(page).toBe('# Top\n<!-- figures: begin -->\n\nnew\n\n<!-- figures: end -->\nrest\n');
    expect(() => replace('# Top\n', 'new')).toThrow('expected the marks');
  });
});
