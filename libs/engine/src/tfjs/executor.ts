/**
 * Executors on the backends of TensorFlow.js: the way to run where ONNX Runtime does not, and, with tfjs-node-gpu, a way to CUDA.
 */
import { ClosedError } from '../errors.ts';
import type { Executor, Fingerprint, Program } from '../executor.ts';
import type { Graph } from '../graph.ts';
import { openBackend, type OpenBackend } from './backends.ts';
import { tfjsCapabilities, type TfjsBackendName, type TfjsCapabilities } from './capabilities.ts';
import { planTfjs } from './lower.ts';
import { planDigest, type Plan } from './plan.ts';
import { TfjsProgram } from './program.ts';

/**
 * An executor on a backend of TensorFlow.js, whose package is imported here. The folder of a package that stands elsewhere may be
 * named by the environment: GEODESIC_TFJS_NODE, GEODESIC_TFJS_NODE_GPU.
 *
 * Limitations: float32, int32 and bool only; SpdInverse, LogDet, Cholesky and TriangularSolve go up to n = 32; nothing stays on a
 * device between runs. TensorFlow (tfjs-node) takes its number of threads from TF_NUM_INTRAOP_THREADS, and its sums in the order in
 * which threads come: not deterministic. tfjs-wasm and tfjs-cpu are, on one thread.
 * @throws {ExecutorError} `unavailable` with the reason, when the package is not installed or does not start
 */
export async function tfjsExecutor(options: { readonly backend: TfjsBackendName }): Promise<Executor> {
  return new TfjsExecutor(tfjsCapabilities[options.backend], await openBackend(options.backend));
}

class TfjsExecutor implements Executor {
  readonly name: string;
  readonly deterministic: boolean;
  readonly fingerprint: Fingerprint;
  readonly #capabilities: TfjsCapabilities;
  readonly #backend: OpenBackend;
  readonly #plans = new WeakMap<Graph, Plan>();
  readonly #programs = new Set<Program>();
  #closed = false;

  constructor(capabilities: TfjsCapabilities, backend: OpenBackend) {
    this.name = capabilities.executor;
    this.deterministic = !this.name.startsWith('tfjs-node');
    this.fingerprint = backend.fingerprint;
    this.#capabilities = capabilities;
    this.#backend = backend;
  }

  lowering(graph: Graph): string {
    return planDigest(this.#plan(graph));
  }

  async compile(graph: Graph): Promise<Program> {
    if (this.#closed) throw new ClosedError('executor');
    const program = new TfjsProgram(graph, this.#plan(graph), {
      executor: this.name,
      backend: this.#backend,
      isExecutorClosed: () => this.#closed,
      onDispose: (disposed) => this.#programs.delete(disposed),
    });
    this.#programs.add(program);
    return program;
  }

  /** The backend stays, for the process has one of each. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#programs].map((program) => program.dispose()));
  }

  #plan(graph: Graph): Plan {
    const plan = this.#plans.get(graph) ?? planTfjs(graph, this.#capabilities);
    this.#plans.set(graph, plan);
    return plan;
  }
}
