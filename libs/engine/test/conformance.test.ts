/** Every case of every kernel on the CPU, in both precisions, against the reference interpreter. */
import { emitOnnx, onnxCpuExecutor, webgpuCapabilities } from '@geodesic/engine/onnx';
import * as ort from 'onnxruntime-node';
import type { TensorData } from '@geodesic/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { conformanceCases, expectConformance, TOLERANCE } from './conformance.ts';

describe.each(['float32', 'float64'] as const)('onnx-cpu in %s', (precision) => {
  const executor = onnxCpuExecutor({ precision });
  afterAll(() => executor.close());
  const cases = conformanceCases({ precision });

  it('refuses nothing', () => {
    expect(cases.filter(({ refused }) => refused).map(({ name }) => name)).toEqual([]);
  });

  it.each(cases.filter(({ refused }) => !refused))('computes $name with its derivatives as the reference does', async (conformanceCase) => {
    const program = await executor.compile(conformanceCase.graph);
    expectConformance(conformanceCase, await program.run(conformanceCase.inputs), TOLERANCE[precision]);
    await program.dispose();
  });
});

// On the processor, what is composed for WebGPU is what is tested: no device takes part.
describe('the emission for onnx-webgpu', () => {
  const capabilities = webgpuCapabilities;
  const cases = conformanceCases({ capabilities });

  it('refuses formats of 16 bits only', () => {
    expect(new Set(cases.filter(({ refused }) => refused).map(({ kernel }) => kernel))).toEqual(new Set(['RoundTo']));
  });

  it.each(cases.filter(({ refused }) => !refused))('computes $name with its derivatives as the reference does', async (conformanceCase) => {
    const { graph, inputs } = conformanceCase;
    const session = await ort.InferenceSession.create(emitOnnx(graph, { capabilities }), { logSeverityLevel: 4 });
    const feeds = Object.entries(inputs).map(([name, { dtype, data, shape }]) => [
      `in:${name}`,
      new ort.Tensor(dtype, data as Float32Array, shape),
    ]);
    const results = await session.run(Object.fromEntries(feeds) as Record<string, ort.Tensor>);
    const outputs = graph.outputs.map(({ name, id }): [string, TensorData] => {
      const { dtype, shape } = graph.nodes[id];
      return [name, { dtype, shape, data: results[`out:${name}`].data as Float32Array }];
    });
    expectConformance(conformanceCase, Object.fromEntries(outputs), TOLERANCE.float32);
    await session.release();
  });
});
