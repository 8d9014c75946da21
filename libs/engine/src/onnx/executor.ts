/**
 * The native executors: a graph becomes one ONNX Runtime session on a provider, one session for each graph digest. On the CPU,
 * bits are reproducible across sessions and processes under an equal fingerprint. A run blocks its JavaScript thread, so long
 * programs belong into a worker thread; the executor itself starts none beside the runtime's own.
 */
import { createHash } from 'node:crypto';
import * as ort from 'onnxruntime-node';
import type { DeviceExecutor, DeviceProgram } from '../device.ts';
import { ClosedError } from '../errors.ts';
import type { Executor, Fingerprint } from '../executor.ts';
import type { Graph } from '../graph.ts';
import { graphDigest } from '../serialize.ts';
import { cpuThreadsCapabilities } from './capabilities.ts';
import { DeviceValues } from './device-values.ts';
import { emitOnnx, outputName } from './emit.ts';
import { OnnxProgram } from './program.ts';
import { fingerprintOf, PROVIDERS, sessionOptions, type Fallback, type Provider } from './providers.ts';
import { sessionError } from './session-error.ts';
import type { Precision } from './writer.ts';

/** Options of {@link onnxCpuExecutor}. */
export interface OnnxCpuOptions {
  /** Threads of one operation, 1 or more; default 1. The number decides bits. */
  readonly threads?: number;
  /** What holds the graph's float32 values inside; default float32. With float64, inputs of both float types are taken and outputs are float64. */
  readonly precision?: Precision;
}

/**
 * An executor on ONNX Runtime's CPU provider.
 *
 * Denormal floats are kept: flushing them to zero is a state of the thread, which a session would switch on for JavaScript's own
 * arithmetic too, so that sums added on a thread with a session and on one without would differ in bits.
 *
 * Limitations: SpdInverse and LogDet go up to n = 32.
 */
export function onnxCpuExecutor(options: OnnxCpuOptions = {}): Executor {
  const { threads = 1, precision = 'float32' } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`onnxCpuExecutor: threads: expected an integer of at least 1, got ${threads}`);
  const provider = threads === 1 ? PROVIDERS['onnx-cpu'] : { ...PROVIDERS['onnx-cpu'], capabilities: cpuThreadsCapabilities };
  return new OnnxExecutor(provider, { threads, precision });
}

/**
 * An executor on ONNX Runtime's CUDA provider, whose libraries stand beside the runtime's own (see probeOnnx).
 *
 * Limitations: not deterministic; what the provider lacks runs on the host.
 */
export function onnxCudaExecutor(options: { readonly precision?: Precision } = {}): Executor {
  return new OnnxExecutor(PROVIDERS['onnx-cuda'], { threads: 1, precision: options.precision ?? 'float32' });
}

/**
 * An executor on ONNX Runtime's WebGPU provider: parameters can stay on the device.
 *
 * @param options.fallback what becomes of operations that the device does not take; default host. Emission writes none, but the
 *   runtime's own rewriting may.
 *
 * Limitations: float32, int32 and bool only; not deterministic across devices; a shader may lose a NaN on its way (Relu and Exp do).
 */
export function onnxWebgpuExecutor(options: { readonly fallback?: Fallback } = {}): DeviceExecutor {
  const provider = PROVIDERS['onnx-webgpu'];
  const device = new DeviceValues(provider);
  const executor = new OnnxExecutor(provider, { ...options, threads: 1, precision: 'float32', device });
  return Object.assign(executor, { place: device.place.bind(device) });
}

interface OnnxOptions {
  readonly threads: number;
  readonly precision: Precision;
  readonly fallback?: Fallback;
  readonly device?: DeviceValues;
}

/** A session and the number of open programs on it. */
interface SharedSession {
  readonly session: Promise<ort.InferenceSession>;
  programs: number;
}

class OnnxExecutor implements Executor {
  readonly name: string;
  readonly deterministic: boolean;
  readonly fingerprint: Fingerprint;
  readonly #provider: Provider;
  readonly #options: OnnxOptions;
  readonly #sessions = new Map<string, SharedSession>();
  readonly #emitted = new WeakMap<Graph, Uint8Array>();
  #closed = false;

  constructor(provider: Provider, options: OnnxOptions) {
    this.name = provider.name;
    this.deterministic = provider.deterministic;
    this.fingerprint = fingerprintOf(provider, { ...options, version: ort.env.versions.node ?? 'unknown' });
    this.#provider = provider;
    this.#options = options;
  }

  lowering(graph: Graph): string {
    return `sha256:${createHash('sha256').update(this.#emit(graph)).digest('hex')}`;
  }

  async compile(graph: Graph, options: { readonly keep?: readonly string[] } = {}): Promise<DeviceProgram> {
    if (this.#closed) throw new ClosedError('executor');
    const digest = graphDigest(graph);
    const keep = new Set(options.keep);
    const key = [digest, ...[...keep].toSorted()].join(' ');
    const shared = this.#sessions.get(key) ?? { session: this.#open(graph, digest, keep), programs: 0 };
    this.#sessions.set(key, shared);
    shared.programs++;
    try {
      const { precision, device } = this.#options;
      return new OnnxProgram(graph, await shared.session, {
        executor: this.name,
        digest,
        precision,
        keep,
        device,
        executorClosed: () => this.#closed,
        dispose: async () => {
          if (--shared.programs === 0 && !this.#closed) await this.#release(key, shared);
        },
      });
    } catch (error) {
      this.#sessions.delete(key);
      throw error;
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#sessions].map(([key, shared]) => this.#release(key, shared)));
    await this.#options.device?.close();
  }

  #emit(graph: Graph): Uint8Array {
    const { precision } = this.#options;
    const bytes = this.#emitted.get(graph) ?? emitOnnx(graph, { precision, capabilities: this.#provider.capabilities });
    this.#emitted.set(graph, bytes);
    return bytes;
  }

  async #open(graph: Graph, digest: string, keep: ReadonlySet<string>): Promise<ort.InferenceSession> {
    const places = graph.outputs.map(({ name }) => [outputName(name), keep.has(name) ? 'gpu-buffer' : 'cpu'] as const);
    const model = this.#emit(graph);
    try {
      return await ort.InferenceSession.create(model, {
        ...sessionOptions(this.#provider, this.#options),
        ...(keep.size > 0 && { preferredOutputLocation: Object.fromEntries(places) }),
      });
    } catch (error) {
      throw sessionError(error, { executor: this.name, graph: digest });
    }
  }

  async #release(key: string, shared: SharedSession): Promise<void> {
    if (this.#sessions.get(key) === shared) this.#sessions.delete(key);
    await (await shared.session).release();
  }
}
