import { fileURLToPath } from 'node:url';
import { GraphBuilder } from '@geodesic/engine';
import { cpuCapabilities, webgpuCapabilities, type Capabilities } from '@geodesic/engine/onnx';
import { describe, expect, it } from 'vitest';
import { capabilityPage } from './capability-table.ts';
import { refusal } from './conformance.ts';

describe('docs/capabilities.md', () => {
  it('says what the emission rules do (node tools/generate-capabilities.mjs writes it anew)', async () => {
    await expect(capabilityPage()).toMatchFileSnapshot(fileURLToPath(new URL('../../../docs/capabilities.md', import.meta.url)));
  });
});

describe('emitOnnx for a provider', () => {
  it('refuses float64 on WebGPU, naming the kernel', () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.add('Tanh', [builder.input('x', [2], 'float64')]));
    expect(refusal(builder.build(), { capabilities: webgpuCapabilities })?.message).toBe(
      'onnx-webgpu: expected a supported kernel, got Input: it has no float64 (use onnx-cpu or reference)',
    );
    expect(refusal(builder.build(), { capabilities: cpuCapabilities })).toBeUndefined();
  });

  it('names the operation that a provider lacks and nothing stands in for', () => {
    const builder = new GraphBuilder();
    builder.output('y', builder.add('Tanh', [builder.input('x', [2], 'float32')]));
    const capabilities: Capabilities = { executor: 'poor', float64: true, has: (op) => op !== 'Tanh' };
    expect(refusal(builder.build(), { capabilities })?.message).toBe(
      'poor: expected a supported kernel, got Tanh: the provider has no Tanh of float32',
    );
  });
});
