/**
 * Executors compile graphs into programs. All of them answer to the reference interpreter; each names itself by a
 * fingerprint, since bit identity between workers holds only under equal fingerprints.
 */
import type { TensorData } from '@geodesic/tensor';
import type { NamedTensors } from './evaluate.ts';
import type { Graph } from './graph.ts';

/** What a result's bits depend on beside program and inputs. */
export type Fingerprint = Readonly<Record<string, string | number>>;

/** A compiled graph. */
export interface Program {
  /**
   * Runs once. Inputs are read, not kept; outputs are fresh and belong to the caller.
   * @throws {ProgramInputError} when an input is missing, unknown or mistyped
   * @throws {ClosedError} after dispose()
   * @throws {ExecutorError} when the runtime fails, naming graph and operation
   */
  run(inputs: NamedTensors): Promise<Record<string, TensorData>>;
  /** Gives the program's memory back; may be called again. */
  dispose(): Promise<void>;
}

/** A way to run graphs. */
export interface Executor {
  readonly name: string;
  /** Whether equal fingerprints mean equal bits; others run only under `exactness: relaxed`. */
  readonly deterministic: boolean;
  readonly fingerprint: Fingerprint;
  /**
   * Digest of what the executor would run for a graph, after its own lowering: two builds that lower differently may differ in bits.
   * 'sha256:<hex>'
   */
  lowering(graph: Graph): string;
  /** Compiles a graph. @throws {UnsupportedKernelError} when the executor lacks one of its kernels */
  compile(graph: Graph): Promise<Program>;
  /** Disposes of all programs; may be called again. */
  close(): Promise<void>;
}
