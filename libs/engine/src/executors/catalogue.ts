/**
 * Every executor by name: what it can do, whether it is here, how it is opened. What an executor stands on is imported only when
 * it is probed or opened, so that a host without it can still use the others.
 */
import { ExecutorError } from '../errors.ts';
import type { Executor } from '../executor.ts';
import type { Fallback, OnnxExecutorName, Precision } from '../onnx/index.ts';
import { referenceExecutor } from '../reference-executor.ts';

/** Names of executors, as a run spec's `engine` gives them. */
export type EngineName = OnnxExecutorName | TfjsExecutorName | 'reference';

/** Executors on a backend of TensorFlow.js. */
export type TfjsExecutorName = 'tfjs-node-gpu' | 'tfjs-node' | 'tfjs-wasm';

/** How an executor is opened. */
export interface ExecutorOptions {
  /** Threads of one operation, where the executor has a choice; default 1. The number decides bits. */
  readonly threads?: number;
  /** What holds the graph's float32 values inside; default float32. */
  readonly precision?: Precision;
  /** What becomes of operations that a device does not take; default host. */
  readonly fallback?: Fallback;
}

/** Whether an executor is here. */
export interface Presence {
  readonly available: boolean;
  readonly version?: string;
  /** Why it is not available. */
  readonly reason?: string;
  /** It computes on the processor what it would compute on a graphics card: for tests only. */
  readonly software?: boolean;
}

/** An executor of the catalogue. */
export interface CatalogueEntry {
  readonly name: EngineName;
  /** Whether equal fingerprints mean equal bits; others run only under `exactness: relaxed`. */
  readonly deterministic: boolean;
  readonly float64: boolean;
  probe(): Promise<Presence>;
  open(options: ExecutorOptions): Promise<Executor>;
}

function onnxEntry(name: OnnxExecutorName): CatalogueEntry {
  return {
    name,
    deterministic: name === 'onnx-cpu',
    float64: name !== 'onnx-webgpu',
    probe: () => attempt(async () => (await import('../onnx/index.ts')).probeOnnx(name)),
    async open({ threads = 1, precision = 'float32', fallback = 'host' }) {
      const onnx = await load(name, () => import('../onnx/index.ts'));
      if (name === 'onnx-cpu') return onnx.onnxCpuExecutor({ threads, precision });
      return name === 'onnx-cuda' ? onnx.onnxCudaExecutor({ precision }) : onnx.onnxWebgpuExecutor({ fallback });
    },
  };
}

function tfjsEntry(name: TfjsExecutorName): CatalogueEntry {
  const open = async (): Promise<Executor> => (await import('../tfjs/index.ts')).tfjsExecutor({ backend: name });
  return {
    name,
    deterministic: name === 'tfjs-wasm',
    float64: false,
    probe: () =>
      attempt(async () => {
        const executor = await open();
        const { version } = executor.fingerprint;
        await executor.close();
        return { available: true, version: String(version) };
      }),
    open: () => load(name, open),
  };
}

const reference: CatalogueEntry = {
  name: 'reference',
  deterministic: true,
  float64: true,
  probe: async () => ({ available: true, version: String(referenceExecutor().fingerprint.version) }),
  open: async () => referenceExecutor(),
};

/** All executors, the one that `auto` likes best first. */
export const CATALOGUE: readonly CatalogueEntry[] = [
  ...(['onnx-cuda', 'onnx-webgpu', 'onnx-cpu'] as const).map(onnxEntry),
  ...(['tfjs-node-gpu', 'tfjs-node', 'tfjs-wasm'] as const).map(tfjsEntry),
  reference,
];

/** Names of all executors, the one that `auto` likes best first. */
export const engineNames: readonly EngineName[] = CATALOGUE.map(({ name }) => name);

/** Finds an executor of the catalogue. @throws {ExecutorError} when there is none of this name */
export function entryOf(name: string): CatalogueEntry {
  const entry = CATALOGUE.find((candidate) => candidate.name === name);
  if (!entry) throw new ExecutorError(name, { failure: 'unavailable', reason: `a name that is none of ${engineNames.join(', ')}` });
  return entry;
}

/** A failed probe is an answer. */
async function attempt(probe: () => Promise<Presence>): Promise<Presence> {
  try {
    return await probe();
  } catch (error) {
    return { available: false, reason: reasonOf(error) };
  }
}

async function load<T>(name: EngineName, open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw new ExecutorError(name, { failure: 'unavailable', reason: reasonOf(error) });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ExecutorError) return error.reason;
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
