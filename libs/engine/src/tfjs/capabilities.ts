/**
 * What the backends of TensorFlow.js (4.22.0) can do, as data: lowering rules ask it, so that one set of rules serves them all.
 */

/** Executors on a backend of TensorFlow.js. */
export type TfjsBackendName = 'tfjs-node' | 'tfjs-node-gpu' | 'tfjs-wasm' | 'tfjs-cpu';

/** What one backend can do. */
export interface TfjsCapabilities {
  /** Name of the executor, as errors give it. */
  readonly executor: TfjsBackendName;
  /** Whether the backend has a kernel of tfjs. */
  readonly has: (kernel: string) => boolean;
  /** A product of transposed matrices runs a naive loop: an explicit Transpose before it is several times faster. */
  readonly slowTransposedProducts: boolean;
  /** Kernels that move or compare values take bools, which some hold in one byte and read as four. */
  readonly movesBools: boolean;
}

function capabilities(executor: TfjsBackendName, lacks: readonly string[] = []): TfjsCapabilities {
  const isWasm = executor === 'tfjs-wasm';
  return { executor, has: (kernel) => !lacks.includes(kernel), slowTransposedProducts: isWasm, movesBools: !isWasm };
}

/** Capabilities by executor. */
export const tfjsCapabilities: Readonly<Record<TfjsBackendName, TfjsCapabilities>> = {
  'tfjs-node': capabilities('tfjs-node'),
  'tfjs-node-gpu': capabilities('tfjs-node-gpu'),
  'tfjs-wasm': capabilities('tfjs-wasm', ['Conv2DBackpropFilter']),
  'tfjs-cpu': capabilities('tfjs-cpu'),
};
