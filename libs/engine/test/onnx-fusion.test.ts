/**
 * What the emission makes of several nodes at once: a softmax, the shared steps of Gelu and its derivative, rows that are added.
 */
import { Expressions, GraphBuilder, evaluate, vjp, type Graph } from '@geodesic/engine';
import { emittedOperations, onnxCpuExecutor } from '@geodesic/engine/onnx';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import { cpuThreadsCapabilities } from '../src/onnx/capabilities.ts';
import { generator, tensor } from './cases/kernel-case.ts';

const count = (operations: readonly string[], op: string): number => operations.filter((each) => each === op).length;

function filled(shape: readonly [number, number], seed: number): ReturnType<typeof tensor> {
  return tensor('float32', shape, Array.from({ length: shape[0] * shape[1] }, generator(seed)));
}

/** exp(log softmax x), whose logarithms may be an output too. */
function softmax(options: { readonly logarithms: boolean }): Graph {
  const builder = new GraphBuilder();
  const logarithms = builder.add('LogSoftmax', [builder.input('x', [3, 5], 'float32')]);
  builder.output('y', builder.add('Exp', [logarithms]));
  if (options.logarithms) builder.output('logarithms', logarithms);
  return builder.build();
}

describe('Softmax', () => {
  it('is what the exponential of a log-softmax becomes, unless the logarithms are used too', () => {
    expect(emittedOperations(softmax({ logarithms: false }))).toEqual(['Softmax']);
    expect(emittedOperations(softmax({ logarithms: true }))).toEqual(['LogSoftmax', 'Exp']);
  });

  it('has the value of the two nodes', async () => {
    const executor = onnxCpuExecutor();
    const graph = softmax({ logarithms: false });
    const x = filled([3, 5], 1);
    const { y } = await (await executor.compile(graph)).run({ x });
    expectClose(y.data, evaluate(graph, { x }, { precision: 'float64' }).y.data, { abs: 1e-6, rel: 1e-6 });
    await executor.close();
  });
});

describe('Gelu', () => {
  it('computes the error function once for its value and its derivative', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [3, 5], 'float32');
    const y = builder.add('Gelu', [x]);
    builder.output('y', y);
    builder.output('gradient', vjp(builder, [{ id: y, cotangent: builder.input('c', [3, 5], 'float32') }], [x])[0]);
    const operations = emittedOperations(builder.build());
    expect([count(operations, 'Erf'), count(operations, 'Exp'), operations.length]).toEqual([1, 1, 11]);
  });
});

describe('ScatterAdd', () => {
  it('adds rows in order, with the same bits on one thread and on two', async () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const [updates, places] = [builder.input('updates', [400, 16], 'float32'), builder.input('places', [400], 'int32')];
    builder.output('sums', x.builder.add('ScatterAdd', [updates, places], { axis: 0, size: 7 }));
    const graph = builder.build();
    expect(count(emittedOperations(graph), 'ScatterND')).toBe(1);
    expect(count(emittedOperations(graph, { capabilities: cpuThreadsCapabilities }), 'ScatterElements')).toBe(1);
    const feeds = {
      updates: filled([400, 16], 2),
      places: tensor(
        'int32',
        [400],
        Array.from({ length: 400 }, (_, i) => (i * i) % 7),
      ),
    };
    const sums = [];
    for (const threads of [1, 2]) {
      const executor = onnxCpuExecutor({ threads });
      sums.push((await (await executor.compile(graph)).run(feeds)).sums.data);
      await executor.close();
    }
    expect(sums[0]).toEqual(sums[1]);
    expectClose(sums[0], evaluate(graph, feeds, { precision: 'float64' }).sums.data, { abs: 1e-4, rel: 1e-4 });
  });
});
