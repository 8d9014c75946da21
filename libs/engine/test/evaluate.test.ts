import { ClosedError, Expressions, GraphBuilder, ProgramInputError, evaluate, referenceExecutor, type Graph } from '@geodesic/engine';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { drawEntries, float, generator, tensor } from './cases/kernel-case.ts';

function unaryGraph(kernel: string, size: number): Graph {
  const builder = new GraphBuilder();
  builder.output('y', builder.add(kernel, [builder.input('x', [size], 'float32')]));
  return builder.build();
}

const at = (kernel: string, entries: number[]): number[] =>
  Array.from(
    evaluate(unaryGraph(kernel, entries.length), { x: tensor('float64', [entries.length], entries) }, { precision: 'float64' }).y.data,
  );

describe('evaluate', () => {
  it('computes the error function to published values (DLMF 7.1; tables of Abramowitz and Stegun 7.1)', () => {
    const points = [0, 0.5, 1, 2, 2.99, 3.01, -1.5, 10];
    const values = [
      0, 0.5204998778130465, 0.8427007929497149, 0.9953222650189527, 0.9999764743969194, 0.9999792610363629, -0.9661051464753108, 1,
    ];
    expectClose(at('Erf', points), values, { abs: 5e-14 });
  });

  it('keeps accuracy where naive formulas cancel or overflow', () => {
    expectClose(at('Expm1', [1e-12]), [1e-12], { rel: 1e-11 });
    expectClose(at('Log1p', [1e-12]), [1e-12], { rel: 1e-11 });
    expectClose(at('Softplus', [800, -800, -40]), [800, 0, Math.exp(-40)], { rel: 1e-15 });
    expectClose(at('Sigmoid', [-800, 800]), [0, 1], {});
    expectClose(at('LogSoftmax', [1000, 0]), [0, -1000], {});
  });

  it('inverts SPD matrices and takes their log-determinants', () => {
    const [batch, n] = [3, 7];
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const a = builder.input('a', [batch, n, n], 'float64');
    builder.output('product', x.matMul(a, builder.add('SpdInverse', [a])));
    builder.output('logDet', builder.add('LogDet', [a]));
    builder.output('scaled', x.sub(builder.add('LogDet', [x.scale(a, 3)]), builder.add('LogDet', [a])));
    const value = tensor('float64', [batch, n, n], drawEntries(float([batch, n, n], { kind: 'spd' }), generator(4)));
    const outputs = evaluate(builder.build(), { a: value }, { precision: 'float64' });
    const identity = Array.from({ length: batch * n * n }, (_, e) => Number(Math.floor((e % (n * n)) / n) === e % n));
    expectClose(outputs.product.data, identity, { abs: 1e-13 });
    expectClose(
      outputs.scaled.data,
      Array.from({ length: batch }, () => n * Math.log(3)),
      { rel: 1e-13 },
    );
  });

  it('shows a matrix that is not positive definite as NaN', () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.add('LogDet', [builder.input('a', [2, 2], 'float64')]));
    const a = tensor('float64', [2, 2], [1, 2, 2, 1]);
    expect(evaluate(builder.build(), { a }, { precision: 'float64' }).y.data[0]).toBeNaN();
  });

  it('refuses an index outside its axis', () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.add('GatherV2', [builder.input('x', [2], 'float32'), builder.input('i', [1], 'int32')], { axis: 0 }));
    const feeds = { x: tensor('float32', [2], [1, 2]), i: tensor('int32', [1], [2]) };
    expect(() => evaluate(builder.build(), feeds, { precision: 'float64' })).toThrow('GatherV2: expected indices in [0, 2), got 2');
  });
});

describe('referenceExecutor', () => {
  it('rounds outputs once, to the dtypes of the graph', async () => {
    const program = await referenceExecutor().compile(unaryGraph('Exp', 1));
    const { y } = await program.run({ x: tensor('float32', [1], [0.1]) });
    expect(y).toEqual({ dtype: 'float32', shape: [1], data: Float32Array.of(Math.exp(Math.fround(0.1))) });
    await expect(program.run({ x: tensor('float64', [1], [0.1]) })).rejects.toBeInstanceOf(ProgramInputError);
    await program.dispose();
    await expect(program.run({})).rejects.toBeInstanceOf(ClosedError);
  });
});
