/** The executor on tfjs-wasm: what it refuses, what it leaves as it was, and what it gives back. */
import { GraphBuilder, graphDigest, type Graph } from '@geodesic/engine';
import { plannedKernels, tfjsCapabilities, tfjsExecutor } from '@geodesic/engine/tfjs';
import { engine, getKernelsForBackend } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { tensor } from './cases/kernel-case.ts';

/** y = relu(a b^T) + 1. */
function product(): Graph {
  const builder = new GraphBuilder();
  const [a, b] = ['a', 'b'].map((name) => builder.input(name, [2, 3], 'float32'));
  const values = builder.add('BatchMatMul', [a, b], { transposeB: true });
  builder.output('y', builder.add('Add', [builder.add('Relu', [values]), builder.constant(1)]));
  return builder.build();
}

const inputs = { a: tensor('float32', [2, 3], [1, 2, 3, 4, 5, 6]), b: tensor('float32', [2, 3], [1, 0, 0, -1, 0, 0]) };

describe('tfjsExecutor', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('runs a graph and leaves the process with the backend that it had, and no tensor of its own', async () => {
    const state = (): object => ({ backend: engine().backendName, tensors: engine().state.numTensors });
    const before = state();
    const executor = await tfjsExecutor({ backend: 'tfjs-wasm' });
    const program = await executor.compile(product());
    const { y } = await program.run(inputs);
    expect([...y.data]).toEqual([2, 1, 5, 1]);
    await program.dispose();
    await program.dispose();
    expect(state()).toEqual(before);
    await executor.close();
  });

  it('names everything that its bits depend on', async () => {
    const { fingerprint, deterministic } = await tfjsExecutor({ backend: 'tfjs-wasm' });
    expect(deterministic).toBe(true);
    expect(fingerprint).toMatchObject({ executor: 'tfjs-wasm', package: '@tensorflow/tfjs-backend-wasm', version: '4.22.0', threads: 1 });
  });

  it('plans transposed products with a transpose of their own on wasm, and without elsewhere', () => {
    expect(plannedKernels(product(), tfjsCapabilities['tfjs-wasm'])).toEqual(['Transpose', 'BatchMatMul', 'Relu', 'Add']);
    expect(plannedKernels(product(), tfjsCapabilities['tfjs-node'])).toEqual(['BatchMatMul', 'Relu', 'Add']);
  });

  it('digests the plan, not the graph', async () => {
    const [wasm, cpu] = await Promise.all([tfjsExecutor({ backend: 'tfjs-wasm' }), tfjsExecutor({ backend: 'tfjs-cpu' })]);
    const digests = [wasm.lowering(product()), cpu.lowering(product()), graphDigest(product())];
    expect(new Set(digests).size).toBe(3);
    expect(wasm.lowering(product())).toBe(digests[0]);
  });

  it('refuses float64 at compilation, naming the kernel', async () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.add('Tanh', [builder.input('x', [2], 'float64')]));
    const executor = await tfjsExecutor({ backend: 'tfjs-wasm' });
    await expect(executor.compile(builder.build())).rejects.toThrow(
      'tfjs-wasm: expected a supported kernel, got Input: it has no float64 (use onnx-cpu or reference)',
    );
  });

  it('refuses programs of a closed executor', async () => {
    const executor = await tfjsExecutor({ backend: 'tfjs-wasm' });
    const program = await executor.compile(product());
    await executor.close();
    await executor.close();
    await expect(program.run(inputs)).rejects.toThrow(/expected an open program/);
    await expect(executor.compile(product())).rejects.toThrow(/expected an open executor/);
  });

  it('says what is missing, and what to do', async () => {
    vi.stubEnv('GEODESIC_TFJS_NODE_GPU', '/nowhere/tfjs-node-gpu');
    await expect(tfjsExecutor({ backend: 'tfjs-node-gpu' })).rejects.toThrow(
      'GEODESIC_TFJS_NODE_GPU names /nowhere/tfjs-node-gpu, which holds no package (tools/build-tfjs-node.mjs makes one)',
    );
  });
});

describe('tfjsCapabilities', () => {
  it.each(['tfjs-wasm', 'tfjs-cpu'] as const)('tells which kernels of TensorFlow.js %s has', async (backend) => {
    await tfjsExecutor({ backend });
    const registered = new Set(getKernelsForBackend(backend.slice('tfjs-'.length)).map(({ kernelName }) => kernelName));
    for (const kernel of ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter', 'DepthwiseConv2dNative', 'ScatterNd', 'TopK', 'Tile'])
      expect(tfjsCapabilities[backend].has(kernel), kernel).toBe(registered.has(kernel));
  });
});
