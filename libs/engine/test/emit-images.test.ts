/**
 * Chains of convolutions and pools in ONNX: the layout of images changes no value beyond the rounding of another order of sums
 * (single kernels: conformance.test.ts).
 */
import { evaluate, Expressions, GraphBuilder, vjp } from '@geodesic/engine';
import { emitOnnx, onnxCpuExecutor } from '@geodesic/engine/onnx';
import { expectClose } from '@geodesic/testing';
import { afterAll, describe, expect, it } from 'vitest';
import type { NamedTensors } from '../src/evaluate.ts';
import type { Graph } from '../src/graph.ts';
import { tensor } from './cases/kernel-case.ts';

const executors = { float32: onnxCpuExecutor(), float64: onnxCpuExecutor({ precision: 'float64' }) };
/** A few hundred terms of size one a sum, some layers deep. */
const TOLERANCE = { float32: { abs: 2e-5, rel: 2e-5 }, float64: { abs: 1e-12, rel: 1e-12 } };

afterAll(() => Promise.all(Object.values(executors).map((executor) => executor.close())));

/** Runs a float32 graph natively and in the interpreter, from float64 values. */
async function expectAgreement(graph: Graph, values: NamedTensors, precision: 'float32' | 'float64'): Promise<void> {
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, id }) => [
      name,
      tensor(precision === 'float32' ? graph.nodes[id].dtype : 'float64', values[name].shape, values[name].data),
    ]),
  );
  const program = await executors[precision].compile(graph);
  const got = await program.run(feeds);
  const expected = evaluate(graph, feeds, { precision: 'float64' });
  for (const { name } of graph.outputs) {
    expect(got[name].shape).toEqual(expected[name].shape);
    expectClose(got[name].data, expected[name].data, TOLERANCE[precision]);
  }
  await program.dispose();
}

/** conv - bias - relu - pool - conv - relu - pool - dense, its loss, and its gradients; `detour` puts work between the layers. */
function network(detour: (x: Expressions, images: number) => number = (_, images) => images): Graph {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const shapes = { images: [2, 8, 8, 2], k1: [3, 3, 2, 8], b1: [8], k2: [3, 3, 8, 3], b2: [3], w: [12, 5] };
  const ids = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, builder.input(name, shape, 'float32')]));
  const conv = (images: number, k: number): number =>
    builder.add('Conv2D', [images, k], { strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 1 });
  const pool = (images: number): number => builder.add('MaxPool', [images], { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] });
  const layer = (images: number, k: number, b: number): number => pool(x.unary('Relu', x.add(conv(images, k), b)));
  const hidden = layer(detour(x, layer(ids.images, ids.k1, ids.b1)), ids.k2, ids.b2);
  const logits = x.matMul(x.reshape(hidden, [2, 12]), ids.w);
  const loss = x.sum(x.unary('LogSoftmax', logits), [0, 1]);
  const names = Object.keys(shapes);
  builder.output('loss', loss);
  vjp(
    builder,
    [{ id: loss, cotangent: builder.constant(1) }],
    names.map((name) => ids[name]),
  ).forEach((gradient, i) => builder.output(`d${names[i]}`, gradient));
  return builder.build();
}

/** Numbers without ties, by name. */
function values(graph: Graph): NamedTensors {
  let state = 0.5;
  return Object.fromEntries(
    graph.inputs.map(({ name, id }) => {
      const { shape } = graph.nodes[id];
      const data = Float64Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => {
        state = (state + 0.6180339887498949) % 1;
        return 2 * state - 1;
      });
      return [name, { shape, dtype: 'float64' as const, data }];
    }),
  );
}

describe('emitImages', () => {
  const detours: Readonly<Record<string, (x: Expressions, images: number) => number>> = {
    nothing: (_, images) => images,
    'a normalisation over the batch': (x, images) => {
      const mean = x.scale(x.sum(images, [0, 1, 2], { keepDims: true }), 1 / 32);
      return x.div(x.sub(images, mean), x.shift(x.sum(x.square(images), [1, 2], { keepDims: true }), 1));
    },
    'a slice, zeros and a join': (x, images) => {
      const part = x.slice(images, [0, 0, 1, 0], [2, 4, 3, 7]);
      const padded = x.pad(part, [
        [0, 0],
        [0, 0],
        [1, 0],
        [0, 0],
      ]);
      return x.concat([padded, x.slice(images, [0, 0, 0, 7], [2, 4, 4, 1])], 3);
    },
    'sums that change the order of axes, and a map over columns': (x, images) => {
      const rows = x.reshape(x.sum(images, [0, 2]), [1, 4, 1, 8]);
      const columns = x.builder.constant(tensor('float32', [4, 1], [1, 2, 3, 4]));
      return x.mul(x.add(images, rows), columns);
    },
    'a mean over space': (x, images) =>
      x.mul(images, x.builder.add('AvgPool', [images], { kernel: [4, 4], strides: [1, 1], pads: [0, 0, 0, 0] })),
  };

  it.each(Object.entries(detours))('keeps a network and its gradients through %s', async (_, detour) => {
    const graph = network(detour);
    await expectAgreement(graph, values(graph), 'float32');
    await expectAgreement(graph, values(graph), 'float64');
  });

  it('transposes activations only where a chain begins and ends', () => {
    const text = Buffer.from(emitOnnx(network())).toString('latin1');
    // Images (with two channels; one channel needs none), the pooled features and their cotangent, the gradient of the images;
    // each filter, and the cotangents of both as right factors.
    expect(text.match(/\/Transpose:v/g)!.length).toBe(9);
  });

  it.each([
    ['windows side by side', { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0] }],
    ['windows that overlap', { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }],
  ] as const)('gives the whole cotangent of a tie to the first maximum, in %s', async (_, attributes) => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [1, 4, 4, 2], 'float32');
    const y = builder.add('MaxPool', [x], attributes);
    const dy = builder.input('dy', builder.shapeOf(y), 'float32');
    builder.output('dx', builder.add('MaxPoolPut', [x, dy], attributes));
    builder.output('t', builder.add('MaxPoolTake', [x, builder.input('v', [1, 4, 4, 2], 'float32')], attributes));
    const graph = builder.build();
    const ties = {
      ...values(graph),
      x: tensor(
        'float64',
        [1, 4, 4, 2],
        Array.from({ length: 32 }, (_entry, i) => (i * i) % 3),
      ),
    };
    await expectAgreement(graph, ties, 'float32');
    await expectAgreement(graph, { ...ties, x: tensor('float64', [1, 4, 4, 2], new Float64Array(32)) }, 'float32');
  });
});
