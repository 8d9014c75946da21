/**
 * The native executor: a graph becomes one ONNX Runtime session on the CPU, one session for each graph digest. Bits are
 * reproducible across sessions and processes under an equal fingerprint. A run blocks its JavaScript thread, so long
 * programs belong into a worker thread; the executor itself starts none beside the runtime's own.
 */
import { createHash } from 'node:crypto';
import { allocate, sizeOf, type DType, type NumericArray, type TensorData } from '@geodesic/tensor';
import * as ort from 'onnxruntime-node';
import { ClosedError } from '../errors.ts';
import { checkInputs, type NamedTensors } from '../evaluate.ts';
import type { Executor, Fingerprint, Program } from '../executor.ts';
import { isFloat, type Graph } from '../graph.ts';
import { graphDigest } from '../serialize.ts';
import { cpuFeatureLevel } from './cpu-features.ts';
import { emitOnnx, inputName, outputName } from './emit.ts';
import type { Precision } from './writer.ts';

/** Options of {@link onnxCpuExecutor}. */
export interface OnnxCpuOptions {
  /** Threads of one operation, 1 or more; default 1. The number decides bits. */
  readonly threads?: number;
  /** What holds the graph's float32 values inside; default float32. With float64, inputs of both float types are taken and outputs are float64. */
  readonly precision?: Precision;
}

/** Whether ONNX Runtime can be used here. */
export interface OnnxProbe {
  readonly available: boolean;
  readonly version: string;
  /** Why not. */
  readonly reason?: string;
}

/** Asks whether ONNX Runtime's native library loads and offers its CPU provider. */
export function probeOnnx(): OnnxProbe {
  const version = ort.env.versions.node ?? 'unknown';
  try {
    const available = ort.listSupportedBackends().some(({ name }) => name === 'cpu');
    return available ? { available, version } : { available, version, reason: 'the library has no CPU provider' };
  } catch (error) {
    return { available: false, version, reason: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * An executor on ONNX Runtime's CPU provider.
 *
 * Denormal floats are kept: flushing them to zero is a state of the thread, which a session would switch on for JavaScript's own
 * arithmetic too, so that sums added on a thread with a session and on one without would differ in bits.
 *
 * Limitations: Erf has no float64 version. SpdInverse and LogDet go up to n = 32.
 */
export function onnxCpuExecutor(options: OnnxCpuOptions = {}): Executor {
  const { threads = 1, precision = 'float32' } = options;
  if (!Number.isInteger(threads) || threads < 1)
    throw new RangeError(`onnxCpuExecutor: threads: expected an integer of at least 1, got ${threads}`);
  const sessions = new Map<string, SharedSession>();
  const emitted = new WeakMap<Graph, Uint8Array>();
  const emit = (graph: Graph): Uint8Array => {
    const bytes = emitted.get(graph) ?? emitOnnx(graph, { precision });
    emitted.set(graph, bytes);
    return bytes;
  };
  let closed = false;
  const release = async (digest: string, shared: SharedSession): Promise<void> => {
    if (sessions.get(digest) === shared) sessions.delete(digest);
    await (await shared.session).release();
  };
  return {
    name: 'onnx-cpu',
    fingerprint: fingerprint(threads, precision),
    lowering: (graph) => `sha256:${createHash('sha256').update(emit(graph)).digest('hex')}`,
    async compile(graph) {
      if (closed) throw new ClosedError('executor');
      const digest = graphDigest(graph);
      const shared = sessions.get(digest) ?? { session: createSession(emit(graph), threads), programs: 0 };
      sessions.set(digest, shared);
      shared.programs++;
      try {
        const dispose = async (): Promise<void> => {
          if (--shared.programs === 0 && !closed) await release(digest, shared);
        };
        return new OnnxProgram(graph, await shared.session, { precision, executorClosed: () => closed, dispose });
      } catch (error) {
        sessions.delete(digest);
        throw error;
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      await Promise.all([...sessions].map(([digest, shared]) => release(digest, shared)));
    },
  };
}

/** The session of a graph digest and the number of open programs on it. */
interface SharedSession {
  readonly session: Promise<ort.InferenceSession>;
  programs: number;
}

function fingerprint(threads: number, precision: Precision): Fingerprint {
  return {
    executor: 'onnx-cpu',
    version: ort.env.versions.node ?? 'unknown',
    node: process.versions.node,
    v8: process.versions.v8,
    arch: process.arch,
    cpu: cpuFeatureLevel(),
    threads,
    precision,
    denormals: 'kept',
  };
}

async function createSession(model: Uint8Array, threads: number): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(model, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: {
      // The emission decides where a transpose stands apart from its product; see gemm.ts.
      optimization: { disable_specified_optimizers: 'GemmTransposeFusion' },
      session: { set_denormal_as_zero: '0', intra_op: { allow_spinning: '0' } },
    },
  });
}

interface ProgramOptions {
  readonly precision: Precision;
  readonly executorClosed: () => boolean;
  readonly dispose: () => Promise<void>;
}

/** A session with its graph's interface; the session belongs to the executor. */
class OnnxProgram implements Program {
  readonly #graph: Graph;
  readonly #session: ort.InferenceSession;
  readonly #options: ProgramOptions;
  readonly #fetches: readonly string[];
  #disposed = false;

  constructor(graph: Graph, session: ort.InferenceSession, options: ProgramOptions) {
    this.#graph = graph;
    this.#session = session;
    this.#options = options;
    this.#fetches = graph.outputs.map(({ name }) => outputName(name));
  }

  async run(inputs: NamedTensors): Promise<Record<string, TensorData>> {
    if (this.#disposed || this.#options.executorClosed()) throw new ClosedError('program');
    const { precision } = this.#options;
    checkInputs(this.#graph, inputs, { precision: precision === 'float64' ? 'float64' : 'declared' });
    const feeds = this.#graph.inputs.map(({ name, id }): [string, ort.Tensor] => {
      const dtype = held(this.#graph.nodes[id].dtype, precision);
      return [inputName(name), toOrt(inputs[name], dtype)];
    });
    const results = await this.#session.run(Object.fromEntries(feeds), this.#fetches);
    const outputs = this.#graph.outputs.map(({ name, id }): [string, TensorData] => {
      const { shape, dtype } = this.#graph.nodes[id];
      return [name, { shape, dtype: held(dtype, precision), data: results[outputName(name)].data as NumericArray }];
    });
    return Object.fromEntries(outputs);
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    await this.#options.dispose();
  }
}

/** The type that holds a graph dtype in a session. */
function held(dtype: DType, precision: Precision): DType {
  return isFloat(dtype) && precision === 'float64' ? 'float64' : dtype;
}

/** Wraps an array for the runtime; copies where the type differs or the runtime refuses shared memory. */
function toOrt({ dtype, shape, data }: TensorData, as: DType): ort.Tensor {
  let entries = data;
  if (dtype !== as || data.buffer instanceof SharedArrayBuffer) {
    entries = allocate(as, sizeOf(shape));
    entries.set(data);
  }
  return new ort.Tensor(as, entries as Float32Array, shape);
}
