import { ExecutorError, Expressions, GraphBuilder } from '@geodesic/engine';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { describe, expect, it } from 'vitest';
import { sessionError } from '../src/onnx/session-error.ts';
import { nearestLayers } from '../src/taps.ts';
import { tensor } from './cases/kernel-case.ts';

const at = { executor: 'onnx-webgpu', graph: `sha256:${'ab'.repeat(32)}` };

describe('sessionError', () => {
  it('names executor, graph, operation and layer of what the runtime says', () => {
    const said = "Non-zero status code returned while running Gemm node. Name:'7:BatchMatMul@dense1/Gemm:v3' Status Message: bad alloc";
    const error = sessionError(new Error(said), at);
    expect(error).toMatchObject({ executor: 'onnx-webgpu', operation: '7:BatchMatMul@dense1/Gemm:v3', reason: 'bad alloc' });
    expect(error.message).toContain('at operation 7:BatchMatMul@dense1/Gemm:v3 of graph sha256:abababababab');
  });

  it.each([
    ['Failed to allocate memory for requested buffer of size 4096', 'out-of-memory'],
    ['std::bad_alloc', 'out-of-memory'],
    ['Got invalid dimensions for input', 'shape'],
    ['webgpu_context.cc:136 x was false. Failed to get a WebGPU adapter: No supported adapters', 'unavailable'],
    ['the device was lost', 'failed'],
  ])('tells what %s is about', (said, failure) => {
    expect(sessionError(new Error(said), at).failure).toBe(failure);
  });

  it('is what a failing run rejects with', async () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const table = builder.add('Tap', [builder.input('table', [3, 2], 'float32')], { layer: 'embedding', role: 'input' });
    builder.output('y', x.neg(builder.add('GatherV2', [table, builder.input('ids', [2], 'int32')], { axis: 0 })));
    const executor = onnxCpuExecutor();
    const program = await executor.compile(builder.build());
    const run = program.run({ table: tensor('float32', [3, 2], [1, 2, 3, 4, 5, 6]), ids: tensor('int32', [2], [0, 9]) });
    await expect(run).rejects.toBeInstanceOf(ExecutorError);
    await expect(run).rejects.toThrow(/^onnx-cpu: .*operation \d+:GatherV2@embedding\/Gather.*graph sha256:.*out of .*bounds/);
    await executor.close();
  });
});

describe('onnxCpuExecutor', () => {
  it('says that memory is what a run lacks, with the operation, its layer and the size', async () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    // More than a process can address, wherever memory is promised beyond what there is.
    const size = 2 ** 23;
    const column = builder.add('Tap', [builder.input('a', [size, 1], 'float32')], { layer: 'wide', role: 'input' });
    builder.output('y', x.sum(x.matMul(column, builder.input('b', [1, size], 'float32')), [0, 1]));
    const executor = onnxCpuExecutor();
    const program = await executor.compile(builder.build());
    const zeros = new Float32Array(size);
    const run = program.run({
      a: { dtype: 'float32', shape: [size, 1], data: zeros },
      b: { dtype: 'float32', shape: [1, size], data: zeros },
    });
    await expect(run).rejects.toMatchObject({ name: 'ExecutorError', failure: 'out-of-memory' });
    await expect(run).rejects.toThrow(
      /expected enough memory, at operation .*BatchMatMul@wide.*, got Failed to allocate memory .* 281474976710656 \(use smaller slots/,
    );
    await executor.close();
  });
});

describe('nearestLayers', () => {
  it('gives every value the layer of the latest tap before it', () => {
    const builder = new GraphBuilder();
    const x = new Expressions(builder);
    const first = builder.add('Tap', [builder.input('x', [2], 'float32')], { layer: 'stem', role: 'input' });
    const second = builder.add('Tap', [x.unary('Tanh', first)], { layer: 'head', role: 'input' });
    builder.output('y', x.add(x.unary('Exp', second), first));
    const graph = builder.build();
    const layers = nearestLayers(graph);
    const layerOf = (kernel: string): string | undefined => layers[graph.nodes.findIndex((node) => node.kernel === kernel)];
    expect([layerOf('Input'), layerOf('Tanh'), layerOf('Exp'), layerOf('Add')]).toEqual([undefined, 'stem', 'head', 'head']);
  });
});
