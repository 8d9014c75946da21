import { CoupledExamplesError, Expressions, GraphBuilder, checkRowIndependence, type Graph } from '@geodesic/engine';
import { describe, expect, it } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

function program(center: (x: Expressions, features: number) => number): Graph {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const features = builder.input('x', [4, 2], 'float32');
  const theta = builder.input('theta', [2, 2], 'float32');
  builder.output('examples', x.sum(x.square(x.matMul(center(x, features), theta)), [1]));
  return builder.build();
}

const inputs = {
  x: tensor('float32', [4, 2], [0.1, -1, 2, 0.3, -0.4, 0.7, 1.1, 0.2]),
  theta: tensor('float32', [2, 2], [1, 0.5, -0.25, 2]),
};
const options = { rowInputs: ['x'], rowOutputs: ['examples'], inputs };

describe('checkRowIndependence', () => {
  it('accepts a program that treats every example alone', () => {
    expect(() =>
      checkRowIndependence(
        program((_x, features) => features),
        options,
      ),
    ).not.toThrow();
  });

  it('catches a mean over the batch and names the output', () => {
    const centered = program((x, features) => x.sub(features, x.scale(x.sum(features, [0]), 1 / 4)));
    expect(() => checkRowIndependence(centered, options)).toThrow(CoupledExamplesError);
    expect(() => checkRowIndependence(centered, options)).toThrow("output 'examples': expected row 0 unchanged when input row 2 changes");
  });

  it('changes whole numbers to other whole numbers: a shift would leave the ids of tokens what they are', () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const hot = builder.add('OneHot', [x.cast(builder.input('ids', [4, 1], 'float32'), 'int32')], { depth: 3 });
    builder.output('examples', x.sub(hot, x.sum(hot, [0])));
    const ids = { rowInputs: ['ids'], rowOutputs: ['examples'], inputs: { ids: tensor('float32', [4, 1], [0, 1, 2, 1]) } };
    expect(() => checkRowIndependence(builder.build(), ids)).not.toThrow();
    expect(() => checkRowIndependence(builder.build(), { ...ids, wholeInputs: ['ids'] })).toThrow(CoupledExamplesError);
  });

  it('needs two rows to compare', () => {
    const one = { ...options, inputs: { ...inputs, x: tensor('float32', [1, 2], [0, 0]) } };
    expect(() =>
      checkRowIndependence(
        program((_x, features) => features),
        one,
      ),
    ).toThrow("input 'x': expected a value of two rows or more, got float32[1,2]");
  });
});
