import { describe, expect, it } from 'vitest';
import { blockProgram, GraphBuilder, type PhaseProgram } from '../src/index.ts';

/** The sum over rows of x + direction + previous. */
function phase(changes: Partial<PhaseProgram> = {}): PhaseProgram {
  const builder = new GraphBuilder();
  const x = builder.input('x', [2, 3], 'float32');
  const direction = builder.input('vector:direction', [3], 'float32');
  const previous = builder.input('previous', [3], 'float32');
  const moved = builder.add('Add', [builder.add('Add', [x, direction]), previous]);
  builder.output('sum:moved', builder.add('Sum', [moved], { axes: [0] }));
  builder.output('rows:moved', moved);
  return { graph: builder.build(), columns: [], sums: [{ name: 'moved', shape: [3], symmetric: false }], random: [], ...changes };
}

describe('blockProgram', () => {
  it('gives every slot rows of its own, and all slots the vectors of the round', () => {
    const names = blockProgram(phase(), 2).inputs.map(({ name }) => name);
    expect(names).toEqual(['x@0', 'vector:direction', 'previous', 'x@1']);
  });

  it('refuses a phase that gathers rows, which no sum of slots holds, and blocks that are none', () => {
    const gathering = phase({ rows: [{ name: 'moved', width: 3 }] });
    expect(() => blockProgram(gathering, 2)).toThrow('blockProgram: expected a phase of sums only, got rows moved');
    expect(() => blockProgram(phase(), 3)).toThrow('blockProgram: expected a power of two of slots, got 3');
  });
});
