/**
 * Errors of the engine. Messages read `operation: expected X, got Y (what to do)`; fields carry the same data.
 * Every class here reports a mistake in a caller's program or data, never a broken invariant of the engine.
 */

/** A kernel was given inputs or attributes that it does not take. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
  readonly kernel: string;
  readonly expected: string;
  readonly got: string;
  constructor(kernel: string, expected: string, got: string) {
    super(`${kernel}: expected ${expected}, got ${got}`);
    this.kernel = kernel;
    this.expected = expected;
    this.got = got;
  }
}

/** A builder call that breaks the rules of a graph: an unknown value, a name used twice. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly operation: string;
  constructor(operation: string, expected: string, got: string) {
    super(`${operation}: expected ${expected}, got ${got}`);
    this.operation = operation;
  }
}

/** Bytes or JSON that are not a graph. */
export class GraphFormatError extends Error {
  override readonly name = 'GraphFormatError';
  /** Path of the bad field, e.g. `nodes[3].dtype`. */
  readonly field: string;
  readonly expected: string;
  readonly got: string;
  constructor(field: string, expected: string, got: string) {
    super(`parse graph: ${field}: expected ${expected}, got ${got}`);
    this.field = field;
    this.expected = expected;
    this.got = got;
  }
}

/** A program was fed a missing, unknown or mistyped input. */
export class ProgramInputError extends Error {
  override readonly name = 'ProgramInputError';
  readonly input: string;
  readonly expected: string;
  readonly got: string;
  constructor(input: string, expected: string, got: string) {
    super(`run program: input '${input}': expected ${expected}, got ${got}`);
    this.input = input;
    this.expected = expected;
    this.got = got;
  }
}

/** An executor has no implementation of a kernel for a dtype or size. */
export class UnsupportedKernelError extends Error {
  override readonly name = 'UnsupportedKernelError';
  readonly executor: string;
  readonly kernel: string;
  readonly reason: string;
  constructor(executor: string, kernel: string, reason: string) {
    super(`${executor}: expected a supported kernel, got ${kernel}: ${reason}`);
    this.executor = executor;
    this.kernel = kernel;
    this.reason = reason;
  }
}

/** A program or session of an executor was used after it was closed. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
  readonly subject: string;
  constructor(subject: string) {
    super(`${subject}: expected an open ${subject}, got a closed one (compile again)`);
    this.subject = subject;
  }
}

/** Perturbing one example changed another example's output. */
export class CoupledExamplesError extends Error {
  override readonly name = 'CoupledExamplesError';
  readonly output: string;
  readonly perturbedRow: number;
  readonly changedRow: number;
  constructor(output: string, perturbedRow: number, changedRow: number) {
    super(
      `row independence: output '${output}': expected row ${changedRow} unchanged when input row ${perturbedRow} changes, got another value ` +
        `(the program mixes examples of the batch; use sums over the batch, or statistics that are not taken over it)`,
    );
    this.output = output;
    this.perturbedRow = perturbedRow;
    this.changedRow = changedRow;
  }
}

/** A spliced graph's input has no value, or one of another type. */
export class SpliceError extends Error {
  override readonly name = 'SpliceError';
  readonly input: string;
  readonly expected: string;
  readonly got: string;
  constructor(input: string, expected: string, got: string) {
    super(`splice graph: input '${input}': expected ${expected}, got ${got}`);
    this.input = input;
    this.expected = expected;
    this.got = got;
  }
}

/** Bytes that are not a bundle. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
  readonly field: string;
  readonly expected: string;
  readonly got: string;
  constructor(field: string, expected: string, got: string) {
    super(`decode bundle: ${field}: expected ${expected}, got ${got}`);
    this.field = field;
    this.expected = expected;
    this.got = got;
  }
}

/** What an executor's runtime failed of. */
export type ExecutorFailure = 'unavailable' | 'unsuitable' | 'out-of-memory' | 'shape' | 'failed';

/** An executor could not start, compile or run. */
export class ExecutorError extends Error {
  override readonly name = 'ExecutorError';
  readonly executor: string;
  readonly failure: ExecutorFailure;
  /** Digest of the graph, 'sha256:<hex>'; undefined when no graph is at fault. */
  readonly graph: string | undefined;
  /** The operation, `<id>:<kernel>@<layer>` with the layer of the nearest tap where there is one. */
  readonly operation: string | undefined;
  readonly reason: string;
  constructor(
    executor: string,
    at: { readonly failure: ExecutorFailure; readonly reason: string; readonly graph?: string; readonly operation?: string },
  ) {
    const { failure, reason, graph, operation } = at;
    const where = [operation && `operation ${operation}`, graph && `graph ${graph.slice(0, 19)}`].filter(Boolean).join(' of ');
    super(`${executor}: expected ${EXPECTED[failure]}${where && `, at ${where}`}, got ${reason} (${ADVICE[failure]})`);
    this.executor = executor;
    this.failure = failure;
    this.graph = graph;
    this.operation = operation;
    this.reason = reason;
  }
}

const EXPECTED: Readonly<Record<ExecutorFailure, string>> = {
  unavailable: 'an executor that is present',
  unsuitable: 'an executor that does what is asked',
  'out-of-memory': 'enough memory',
  shape: 'shapes that fit',
  failed: 'a run without failure',
};

const ADVICE: Readonly<Record<ExecutorFailure, string>> = {
  unavailable: 'geo doctor lists what is present; engine: auto takes the best of it',
  unsuitable: 'use onnx-cpu or reference, or engine: auto',
  'out-of-memory': 'use smaller slots, or an executor with more memory',
  shape: 'the graph and the executor disagree: report it with the graph',
  failed: 'the reason is that of the runtime',
};
