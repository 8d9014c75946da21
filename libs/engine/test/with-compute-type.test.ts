import { evaluate, Expressions, GraphBuilder, graphDigest, jvp, vjp, withComputeType, type Graph } from '@geodesic/engine';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import type { TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { roundToFormat } from '../src/kernels/round-to.ts';
import { generator, tensor } from './cases/kernel-case.ts';

describe('roundToFormat', () => {
  it.each([
    // 1 + 2^-8 lies between 1 and 1 + 2^-7: the tie goes to the even 1; 1 + 3 * 2^-8 goes to the even 1 + 2^-6.
    ['bfloat16', 1 + 2 ** -8, 1],
    ['bfloat16', 1 + 3 * 2 ** -8, 1 + 2 ** -6],
    ['bfloat16', -(1 + 2 ** -8 + 2 ** -20), -(1 + 2 ** -7)],
    ['bfloat16', 3.4e38, Infinity],
    ['float16', 1 + 2 ** -11, 1],
    ['float16', 1 + 3 * 2 ** -11, 1 + 2 ** -9],
    ['float16', 65519, 65504],
    ['float16', 65520, Infinity],
    ['float16', 2 ** -24, 2 ** -24],
    ['float16', 1.5 * 2 ** -25, 2 ** -24],
    ['float16', 2 ** -25, 0],
  ] as const)('rounds to the nearest %s, ties to even: %f', (format, value, rounded) => {
    expect(roundToFormat(value, format)).toBe(rounded);
  });

  it.each(['bfloat16', 'float16'] as const)('gives the bits that the executor gives, in %s', async (format) => {
    const random = generator(3);
    const spread = Array.from({ length: 4000 }, () => (random() - 0.5) * 2 ** Math.floor(40 * random() - 26));
    const ties = Array.from({ length: 64 }, (_, i) => 1 + i * 2 ** (format === 'float16' ? -11 : -8));
    const values = Float32Array.from([...spread, ...ties, 65504, 65519, 65520, 1e6, -1e6]);
    const builder = new GraphBuilder();
    builder.output('y', builder.add('RoundTo', [builder.input('x', [values.length], 'float32')], { format }));
    const executor = onnxCpuExecutor();
    const program = await executor.compile(builder.build());
    const { y } = await program.run({ x: tensor('float32', [values.length], values) });
    expect(Array.from(y.data)).toEqual(Array.from(values, (value) => Math.fround(roundToFormat(value, format))));
    await executor.close();
  });
});

/** tanh(x w) v and its gradient in w. */
function network(): Graph {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const w = builder.input('w', [6, 5], 'float32');
  const hidden = x.unary('Tanh', x.matMul(builder.input('x', [4, 6], 'float32'), w));
  const y = x.matMul(hidden, builder.input('v', [5, 2], 'float32'));
  builder.output('y', y);
  builder.output('gradient', vjp(builder, [{ id: x.sum(y, [0, 1]), cotangent: builder.constant(1) }], [w])[0]);
  return builder.build();
}

function inputsOf(graph: Graph): Parameters<typeof evaluate>[1] {
  const random = generator(8);
  const entries = graph.inputs.map(({ name, id }) => {
    const { shape } = graph.nodes[id];
    return [
      name,
      tensor(
        'float32',
        shape,
        Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() - 0.5),
      ),
    ] as const;
  });
  return Object.fromEntries(entries);
}

describe('withComputeType', () => {
  it('rounds what products read, once a value, and nothing else', () => {
    const graph = withComputeType(network(), 'bfloat16');
    const rounded = graph.nodes.filter(({ kernel }) => kernel === 'RoundTo').map(({ inputs }) => inputs[0]);
    expect(new Set(rounded).size).toBe(rounded.length);
    const products = graph.nodes.filter(({ kernel }) => kernel === 'BatchMatMul');
    // The gradient of a sum is a broadcast one, which is what it is rounded to.
    const operands = products.flatMap(({ inputs }) => inputs.map((id) => graph.nodes[id].kernel));
    expect(new Set(operands)).toEqual(new Set(['RoundTo', 'BroadcastTo']));
    expect(graph.outputs.every(({ id }) => graph.nodes[id].dtype === 'float32')).toBe(true);
  });

  it('changes the digest, and nothing when done twice', () => {
    const graph = network();
    const once = withComputeType(graph, 'float16');
    expect(graphDigest(once)).not.toBe(graphDigest(graph));
    expect(graphDigest(withComputeType(once, 'float16'))).toBe(graphDigest(once));
  });

  it.each([
    ['bfloat16', 2 ** -8],
    ['float16', 2 ** -11],
  ] as const)('stays within a few roundings of the graph in float32: %s', (format, rounding) => {
    const graph = network();
    const inputs = inputsOf(graph);
    const exact = evaluate(graph, inputs, { precision: 'float64' });
    const rounded = evaluate(withComputeType(graph, format), inputs, { precision: 'float64' });
    for (const name of ['y', 'gradient']) {
      expectClose(rounded[name].data, exact[name].data, { abs: 8 * rounding });
      expect(rounded[name].data).not.toEqual(exact[name].data);
    }
  });

  it('keeps its roundings through the optimisations of the runtime', async () => {
    const graph = network();
    const inputs = inputsOf(graph);
    const executor = onnxCpuExecutor();
    const run = async (of: Graph) => (await executor.compile(of)).run(inputs);
    const [plain, rounded] = [await run(graph), await run(withComputeType(graph, 'bfloat16'))];
    const expected = evaluate(withComputeType(graph, 'bfloat16'), inputs, { precision: 'float64' });
    const error = (of: Record<string, TensorData>): number =>
      Math.max(...Array.from(of.gradient.data, (value, i) => Math.abs(value - expected.gradient.data[i])));
    expect(error(rounded)).toBeLessThan(error(plain) / 100);
    await executor.close();
  });

  it('is differentiated straight through', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [3], 'float64');
    const y = builder.add('RoundTo', [x], { format: 'bfloat16' });
    const t = builder.input('t', [3], 'float64');
    expect(vjp(builder, [{ id: y, cotangent: t }], [x])).toEqual([t]);
    expect(jvp(builder, [{ id: x, tangent: t }], [y])).toEqual([t]);
  });
});
