import { Expressions, GraphBuilder, evaluate, vjp, type Graph } from '@geodesic/engine';
import { emitOnnx, onnxCpuExecutor, type Precision } from '@geodesic/engine/onnx';
import { sizeOf } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { caseGenerators } from './cases/index.ts';
import { buildCase, drawEntries, float, generator, materialise, tensor, type KernelCase } from './cases/kernel-case.ts';

const executors = { float32: onnxCpuExecutor(), float64: onnxCpuExecutor({ precision: 'float64' }) };
afterAll(async () => {
  await Promise.all(Object.values(executors).map((executor) => executor.close()));
});

/** Tolerances of the native kernels' transcendental functions. */
const TOLERANCE = { float32: { abs: 2e-5, rel: 2e-5 }, float64: { abs: 1e-11, rel: 1e-11 } };

/** A kernel's value, with the gradients of its weighted sum. */
function programOf(kernelCase: KernelCase, seed: number): Graph {
  const { builder, inputs, value } = buildCase(kernelCase, { floats: 'float32' });
  const x = new Expressions(builder);
  builder.output('value', value);
  if (builder.dtypeOf(value) !== 'float32') return builder.build();
  const weight = builder.constant(tensor('float32', x.shapeOf(value), Array.from({ length: sizeOf(x.shapeOf(value)) }, generator(seed))));
  const gradients = vjp(builder, [{ id: value, cotangent: weight }], inputs);
  inputs.forEach((id, i) => {
    if (builder.dtypeOf(id) === 'float32') builder.output(`g${i}`, gradients[i]);
  });
  return builder.build();
}

async function compare(kernelCase: KernelCase, seed: number, precision: Precision): Promise<void> {
  const graph = programOf(kernelCase, seed);
  const entries = materialise(kernelCase, seed);
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, id }) => [name, tensor(graph.nodes[id].dtype, entries[name].shape, entries[name].data)]),
  );
  const expected = evaluate(graph, feeds, { precision: 'float64' });
  const program = await executors[precision].compile(graph);
  const got = await program.run(feeds);
  for (const name of Object.keys(expected)) {
    expect(got[name].shape).toEqual(expected[name].shape);
    expectClose(got[name].data, expected[name].data, TOLERANCE[precision]);
  }
}

describe('emitOnnx', () => {
  const cells = caseGenerators.flatMap((row) => (['float32', 'float64'] as const).map((precision) => ({ ...row, precision })));
  it.each(cells)('computes $kernel and its gradient in $precision as the reference does', async ({ cases, precision }) => {
    await fc.assert(
      fc.asyncProperty(cases, fc.integer(), (kernelCase, seed) => compare(kernelCase, seed, precision)),
      { seed: 20260103, numRuns: 6 },
    );
  });

  it('computes with integers and booleans', async () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const [a, b] = [builder.input('a', [2, 3], 'int32'), builder.input('b', [3], 'int32')];
    const [p, q] = [builder.input('p', [2, 3], 'bool'), builder.input('q', [3], 'bool')];
    for (const kernel of ['Neg', 'Abs', 'Sign', 'Square']) builder.output(kernel, x.unary(kernel, a));
    for (const kernel of ['Add', 'Sub', 'Multiply', 'Maximum', 'Minimum', 'Less', 'Equal']) builder.output(kernel, x.binary(kernel, a, b));
    for (const kernel of ['Sum', 'Max', 'Min']) builder.output(kernel, builder.add(kernel, [a], { axes: [0] }));
    for (const kernel of ['Greater', 'LessEqual', 'NotEqual', 'LogicalAnd']) builder.output(`${kernel} of bools`, x.binary(kernel, p, q));
    builder.output('ArgMax', builder.add('ArgMax', [a], { axis: 1 }));
    builder.output('Select', x.select(p, a, b));
    builder.output('Select of bools', x.select(p, q, x.unary('LogicalNot', p)));
    builder.output(
      'padded',
      x.pad(a, [
        [1, 0],
        [0, 1],
      ]),
    );
    const graph = builder.build();
    const feeds = {
      a: tensor('int32', [2, 3], [3, -1, 0, 7, 2, -5]),
      b: tensor('int32', [3], [3, 2, -4]),
      p: tensor('bool', [2, 3], [1, 0, 1, 0, 0, 1]),
      q: tensor('bool', [3], [1, 0, 0]),
    };
    const got = await (await executors.float32.compile(graph)).run(feeds);
    expect(got).toEqual(evaluate(graph, feeds, { precision: 'float64' }));
  });

  it('refuses what the provider lacks, by name', () => {
    const large = new GraphBuilder();
    large.output('y', large.add('LogDet', [large.input('x', [33, 33], 'float32')]));
    expect(() => emitOnnx(large.build())).toThrow(
      'onnx-cpu: expected a supported kernel, got LogDet: matrices up to 32 are unrolled, this one is 33',
    );
  });

  it('keeps constants as doubles in float64', async () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [1], 'float32');
    builder.output('y', builder.add('Multiply', [x, builder.constant(1 / 3)]));
    const program = await executors.float64.compile(builder.build());
    const { y } = await program.run({ x: tensor('float64', [1], [1]) });
    expect(y.data[0]).toBe(1 / 3);
  });

  it('fuses a dense layer with its scale and bias, and sums of products', async () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const [a, w, b] = [builder.input('a', [3, 4], 'float32'), builder.input('w', [5, 4], 'float32'), builder.input('b', [5], 'float32')];
    const layer = x.add(x.scale(x.matMul(a, w, { transposeB: true }), 0.5), b);
    builder.output('y', layer);
    builder.output('z', x.add(x.matMul(layer, w), x.matMul(a, x.matMul(w, w, { transposeA: true }))));
    const graph = builder.build();
    const random = generator(3);
    const feeds = Object.fromEntries(
      graph.inputs.map(({ name, id }) => [
        name,
        tensor('float32', graph.nodes[id].shape, drawEntries(float(graph.nodes[id].shape), random)),
      ]),
    );
    const program = await executors.float32.compile(graph);
    const got = await program.run(feeds);
    const expected = evaluate(graph, feeds, { precision: 'float64' });
    for (const name of ['y', 'z']) expectClose(got[name].data, expected[name].data, TOLERANCE.float32);
  });

  it('subtracts a scaled product x^T g wider than a panel from a matrix', async () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const [a, g, w] = [
      builder.input('a', [4, 3], 'float32'),
      builder.input('g', [4, 130], 'float32'),
      builder.input('w', [3, 130], 'float32'),
    ];
    builder.output('y', x.add(w, x.scale(x.matMul(a, g, { transposeA: true }), -0.5)));
    const graph = builder.build();
    const random = generator(4);
    const feeds = Object.fromEntries(
      graph.inputs.map(({ name, id }) => {
        const { shape } = graph.nodes[id];
        return [name, tensor('float32', shape, drawEntries(float(shape), random))];
      }),
    );
    const program = await executors.float32.compile(graph);
    const { y } = await program.run(feeds);
    expectClose(y.data, evaluate(graph, feeds, { precision: 'float64' }).y.data, TOLERANCE.float32);
  });

  it('inverts badly scaled SPD matrices to float32 accuracy', async () => {
    const n = 32;
    const random = generator(11);
    const [base, scales] = [drawEntries(float([n, n], { kind: 'spd' }), random), Array.from({ length: n }, () => 10 ** (4 * random() - 2))];
    const a = tensor(
      'float32',
      [1, n, n],
      base.map((value, e) => value * scales[Math.floor(e / n)] * scales[e % n]),
    );
    const builder = new GraphBuilder();
    const x = builder.input('a', [1, n, n], 'float32');
    builder.output('inverse', builder.add('SpdInverse', [x]));
    builder.output('logDet', builder.add('LogDet', [x]));
    const graph = builder.build();
    const got = await (await executors.float32.compile(graph)).run({ a });
    const expected = evaluate(graph, { a }, { precision: 'float64' });
    // Entries of the inverse scale like 1 / (s_i s_j); the residual is measured after that scaling.
    const unscale = (values: ArrayLike<number>): number[] =>
      Array.from(values, (value, e) => value * scales[Math.floor(e / n)] * scales[e % n]);
    expectClose(unscale(got.inverse.data), unscale(expected.inverse.data), { abs: 2e-5 });
    expectClose(got.logDet.data, expected.logDet.data, { rel: 1e-5 });
  });
});
