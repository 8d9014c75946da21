/**
 * The providers of ONNX Runtime that executors stand on: what each can do, how its sessions are opened, and what its bits depend on.
 */
import type * as ort from 'onnxruntime-node';
import type { Fingerprint } from '../executor.ts';
import { cpuCapabilities, cudaCapabilities, webgpuCapabilities, type Capabilities } from './capabilities.ts';
import { cpuFeatureLevel } from './cpu-features.ts';

/** Names of the executors on ONNX Runtime. */
export type OnnxExecutorName = 'onnx-cpu' | 'onnx-webgpu' | 'onnx-cuda';

/** One provider. */
export interface Provider {
  readonly name: OnnxExecutorName;
  /** The runtime's own name of it. */
  readonly backend: 'cpu' | 'webgpu' | 'cuda';
  readonly capabilities: Capabilities;
  /** Whether the runtime promises equal bits on equal hardware. */
  readonly deterministic: boolean;
}

/** All providers by executor name. */
export const PROVIDERS: Readonly<Record<OnnxExecutorName, Provider>> = {
  'onnx-cpu': { name: 'onnx-cpu', backend: 'cpu', capabilities: cpuCapabilities, deterministic: true },
  'onnx-webgpu': { name: 'onnx-webgpu', backend: 'webgpu', capabilities: webgpuCapabilities, deterministic: false },
  'onnx-cuda': { name: 'onnx-cuda', backend: 'cuda', capabilities: cudaCapabilities, deterministic: false },
};

/** What becomes of an operation that a device does not take: the host computes it, or the session is refused. */
export type Fallback = 'host' | 'refuse';

/** How a session on a provider is opened. */
export function sessionOptions(
  provider: Provider,
  { threads = 1, fallback = 'host' }: { readonly threads?: number; readonly fallback?: Fallback } = {},
): ort.InferenceSession.SessionOptions {
  const onDevice = provider.backend !== 'cpu';
  return {
    executionProviders: onDevice ? [provider.backend] : ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
    extra: {
      // The emission decides where a transpose stands apart from its product; see gemm.ts. Blocked channels (NCHWc) are for constant
      // filters: where filters are inputs only pools would change to them and back, a tenth of a convolutional network's step.
      optimization: { disable_specified_optimizers: 'GemmTransposeFusion;NchwcTransformer' },
      session: {
        set_denormal_as_zero: '0',
        intra_op: { allow_spinning: '0' },
        ...(onDevice && fallback === 'refuse' && { disable_cpu_ep_fallback: '1' }),
      },
    },
  };
}

/** What an executor's bits depend on beside the graph. */
export function fingerprintOf(provider: Provider, facts: { threads: number; precision: string; version: string }): Fingerprint {
  const { version, threads, precision } = facts;
  const { node, v8 } = process.versions;
  const host = { executor: provider.name, version, node, v8, arch: process.arch, cpu: cpuFeatureLevel() };
  return { ...host, threads, precision, denormals: provider.backend === 'cpu' ? 'kept' : 'of the device' };
}
