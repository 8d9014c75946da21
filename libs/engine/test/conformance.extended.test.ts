/** Every case of every kernel on WebGPU, on a software adapter where the host has no other. */
import { webgpuCapabilities } from '@geodesic/engine/onnx';
import { findSoftwareAdapter } from '@geodesic/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { conformanceCases, expectConformance, TOLERANCE } from './conformance.ts';
import { openHost, type ExecutorHost } from './executor-host.ts';

/** WGSL promises 2^-11 for sines, and an arc sine made of an arc tangent and roots (WebGPU Shading Language, 15.7.4). */
const COARSE = { abs: 5e-4, rel: 5e-4 };
const COARSE_KERNELS: ReadonlySet<string> = new Set(['Sin', 'Cos', 'Tan', 'Asin', 'Acos', 'Atan', 'Atan2']);

/** Cases in which the runtime moves a transpose to a mask of bools, which the device does not transpose. */
const REWRITTEN: ReadonlySet<string> = new Set(['Cholesky of a batch']);

const adapter = findSoftwareAdapter();
if ('reason' in adapter) process.stderr.write(`SKIPPED: conformance of onnx-webgpu: ${adapter.reason}\n`);

describe.skipIf('reason' in adapter)('onnx-webgpu', () => {
  let host: ExecutorHost;
  let lenient: ExecutorHost;
  beforeAll(async () => {
    const env = 'env' in adapter ? adapter.env : {};
    host = await openHost('onnx-webgpu', { env, fallback: 'refuse' });
    lenient = await openHost('onnx-webgpu', { env });
  });
  afterAll(() => Promise.all([host.close(), lenient.close()]));
  const cases = conformanceCases({ capabilities: webgpuCapabilities });

  it('refuses formats of 16 bits only', () => {
    expect(new Set(cases.filter(({ refused }) => refused).map(({ kernel }) => kernel))).toEqual(new Set(['RoundTo']));
  });

  it.each(cases.filter(({ refused }) => !refused))('computes $name with its derivatives as the reference does', async (conformanceCase) => {
    const { name, graph, inputs, kernel } = conformanceCase;
    expectConformance(
      conformanceCase,
      await (REWRITTEN.has(name) ? lenient : host).run(graph, inputs),
      COARSE_KERNELS.has(kernel) ? COARSE : TOLERANCE.float32,
    );
  });
});
