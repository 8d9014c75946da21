import { Expressions, GraphBuilder, ProgramInputError, findNonFinite, thetaSlices } from '@geodesic/engine';
import { makeLayout } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

const build = (): { builder: GraphBuilder; x: Expressions; a: number } => {
  const builder = new GraphBuilder();
  return { builder, x: new Expressions(builder), a: builder.input('a', [2], 'float32') };
};

const feed = (...entries: number[]) => ({ a: tensor('float32', [entries.length], entries) });

describe('findNonFinite', () => {
  it('names the kernel that makes the first NaN, its operands, the layer nearby and the outputs that suffer', () => {
    const { builder, x, a } = build();
    const stem = builder.add('Tap', [x.unary('Tanh', a)], { layer: 'stem', role: 'output' });
    const head = builder.add('Tap', [x.square(x.unary('Sin', x.unary('Log', stem)))], { layer: 'head', role: 'output' });
    builder.output('fine', x.square(stem));
    builder.output('loss', x.sum(head, [0]));
    const graph = builder.build();
    const found = findNonFinite(graph, feed(0.5, -0.5));
    const value = Math.fround(Math.tanh(0.5));
    expect(found).toEqual({
      id: graph.nodes.findIndex(({ kernel }) => kernel === 'Log'),
      kernel: 'Log',
      shape: [2],
      dtype: 'float32',
      layer: 'stem',
      found: 'NaN',
      operands: [{ shape: [2], dtype: 'float32', least: -value, greatest: value }],
      outputs: ['loss'],
      message: `Log float32[2] near layer 'stem' (node 3) makes NaN of float32[2] in [${-value}, ${value}]; it reaches output 'loss'`,
    });
    expect(findNonFinite(graph, feed(0.5, 0.25))).toBeUndefined();
  });

  it('finds what overflows in float32 only', () => {
    const { builder, x, a } = build();
    builder.output('y', x.unary('Log', x.unary('Exp', a)));
    expect(findNonFinite(builder.build(), feed(1, 100))).toMatchObject({ kernel: 'Exp', found: 'infinity' });
    const wide = new GraphBuilder();
    wide.output('y', wide.add('Exp', [wide.input('a', [2], 'float64')]));
    expect(findNonFinite(wide.build(), { a: tensor('float64', [2], [1, 100]) })).toBeUndefined();
  });

  it('blames the overflow, not the NaN that it becomes', () => {
    const { builder, x, a } = build();
    const large = x.unary('Exp', a);
    builder.output('y', x.div(large, x.shift(large, 1)));
    expect(findNonFinite(builder.build(), feed(100, 0))?.kernel).toBe('Exp');
  });

  it('passes over infinities that a selection keeps out, and over stated ones', () => {
    const { builder, x, a } = build();
    const positive = x.binary('Greater', a, x.like(a, 0));
    const masked = x.select(positive, x.unary('Log', a), x.like(a, -Infinity));
    builder.output('p', x.unary('Exp', builder.add('LogSoftmax', [masked])));
    builder.output('mask', masked);
    const graph = builder.build();
    expect(findNonFinite(graph, feed(0, 1))).toBeUndefined();
    expect(findNonFinite(graph, feed(0, -1))).toMatchObject({ kernel: 'LogSoftmax', found: 'NaN', outputs: ['p'] });
  });

  it('names a fed input that is not finite', () => {
    const { builder, x, a } = build();
    builder.output('y', x.square(a));
    const found = findNonFinite(builder.build(), feed(1, NaN));
    expect(found).toMatchObject({ kernel: 'Input', input: 'a', found: 'NaN' });
    expect(found?.message).toBe("input 'a' float32[2] (node 0) holds NaN; it reaches output 'y'");
  });

  it('names the nearest parameter that the value is computed from where a graph has no taps', () => {
    const { builder, x, a } = build();
    const theta = builder.input('theta', [4], 'float32');
    const [first, second] = [0, 2].map((begin) => builder.add('Slice', [theta], { begin: [begin], size: [2] }));
    const hidden = x.unary('Log', x.mul(a, first));
    builder.output('y', x.mul(x.unary('Tanh', hidden), second));
    const layout = makeLayout(['w1', 'w2'].map((name) => ({ name, shape: [2] })));
    const graph = builder.build();
    const parameters = thetaSlices(graph, layout);
    expect([...parameters.values()]).toEqual(['w1', 'w2']);
    const found = findNonFinite(graph, { ...feed(1, 1), theta: tensor('float32', [4], [-1, 1, 1, 1]) }, { parameters });
    expect(found).toMatchObject({ kernel: 'Log', parameter: 'w1' });
    expect(found?.message).toMatch(/^Log float32\[2\] near parameter 'w1' \(node \d+\) makes NaN/);
  });

  it('refuses inputs that do not fit the graph', () => {
    const { builder, x, a } = build();
    builder.output('y', x.square(a));
    expect(() => findNonFinite(builder.build(), {})).toThrow(ProgramInputError);
  });
});
