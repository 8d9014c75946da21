/**
 * A plan with its backend: uploads inputs, calls the kernels, reads outputs. A run is synchronous inside, for tfjs' state belongs to
 * the whole process; values are given back as soon as nothing reads them any more.
 */
import { allocate, sizeOf, type NumericArray, type TensorData } from '@geodesic/tensor';
import { keep, tensor, tidy, type DataType, type Tensor } from '@tensorflow/tfjs-core';
import { ClosedError, ExecutorError } from '../errors.ts';
import { checkInputs, type NamedTensors } from '../evaluate.ts';
import type { Program } from '../executor.ts';
import type { Graph } from '../graph.ts';
import { graphDigest } from '../serialize.ts';
import { tfjsEngine } from '../trace/tfjs-engine.ts';
import { withBackend, type OpenBackend } from './backends.ts';
import { mapOperands, readBy, type Plan, type Step } from './plan.ts';

const OUT_OF_MEMORY = /out of memory|\bOOM\b|failed to allocate|cannot enlarge memory|ResourceExhausted/i;

/** What a program needs of its executor. */
export interface ProgramOptions {
  readonly executor: string;
  readonly backend: OpenBackend;
  readonly isExecutorClosed: () => boolean;
  readonly onDispose: (program: Program) => void;
}

/** A planned graph on a backend. */
export class TfjsProgram implements Program {
  readonly #graph: Graph;
  readonly #plan: Plan;
  readonly #options: ProgramOptions;
  /** Values that no later step reads, by the step that reads them last. */
  readonly #doneAfter: readonly (readonly number[])[];
  /** Constants, which stay on the backend; by id. */
  readonly #constants: ReadonlyMap<number, Tensor>;
  #disposed = false;

  constructor(graph: Graph, plan: Plan, options: ProgramOptions) {
    this.#graph = graph;
    this.#plan = plan;
    this.#options = options;
    this.#doneAfter = lastReads(plan);
    this.#constants = withBackend(options.backend, () => uploadConstants(plan));
  }

  async run(inputs: NamedTensors): Promise<Record<string, TensorData>> {
    if (this.#disposed || this.#options.isExecutorClosed()) throw new ClosedError('program');
    checkInputs(this.#graph, inputs, { precision: 'declared' });
    return withBackend(this.#options.backend, () => {
      const results: Record<string, TensorData> = {};
      tidy(() => {
        const values = this.#compute(inputs);
        for (const { name, id } of this.#plan.outputs) results[name] = download(this.#plan.steps[id], values[id]);
      });
      return results;
    });
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const constant of this.#constants.values()) constant.dispose();
    this.#options.onDispose(this);
  }

  #compute(inputs: NamedTensors): readonly Tensor[] {
    const values: Tensor[] = [];
    this.#plan.steps.forEach((step, id) => {
      try {
        values.push(this.#constants.get(id) ?? made(step, values, inputs));
      } catch (error) {
        throw this.#failure(error, step);
      }
      for (const done of this.#doneAfter[id]) values[done].dispose();
    });
    return values;
  }

  #failure(error: unknown, { node }: Step): ExecutorError {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0];
    const failure = OUT_OF_MEMORY.test(reason) ? 'out-of-memory' : 'failed';
    const operation = `${node}:${this.#graph.nodes[node].kernel}`;
    return new ExecutorError(this.#options.executor, { failure, reason, graph: graphDigest(this.#graph), operation });
  }
}

/** Calls a kernel, or uploads an input. */
function made({ source, shape, dtype }: Step, values: readonly Tensor[], inputs: NamedTensors): Tensor {
  if (source.kind === 'input') return upload({ shape, dtype, data: inputs[source.name].data });
  if (source.kind === 'constant') throw new Error('a constant that was not uploaded');
  const operands = mapOperands(source.inputs, (value) => values[value]);
  const result = tfjsEngine().runKernel(source.kernel, operands as Record<string, Tensor>, source.attributes);
  return Array.isArray(result) ? result[source.output] : result;
}

/** Copies an array of ours to the backend: some hold on to what they are given, and none takes shared memory. */
function upload({ shape, dtype, data }: TensorData): Tensor {
  return tensor(data.slice() as Float32Array, [...shape], dtype as DataType);
}

function uploadConstants({ steps }: Plan): ReadonlyMap<number, Tensor> {
  const uploaded = new Map<number, Tensor>();
  steps.forEach(({ source, shape, dtype }, id) => {
    if (source.kind !== 'constant') return;
    const data = allocate(dtype, sizeOf(shape));
    data.set(source.values);
    uploaded.set(id, keep(upload({ shape, dtype, data })));
  });
  return uploaded;
}

/** Reads a value; the array is a copy. */
function download({ shape, dtype }: Step, value: Tensor): TensorData {
  const data: NumericArray = allocate(dtype, sizeOf(shape));
  data.set(value.dataSync());
  return { shape, dtype, data };
}

/** For every step the computed and fed values that it reads last and that are no outputs. */
function lastReads({ steps, outputs }: Plan): readonly (readonly number[])[] {
  const last = new Map<number, number>();
  steps.forEach((step, id) => readBy(step).forEach((read) => last.set(read, id)));
  const kept = new Set(outputs.map(({ id }) => id));
  const done: number[][] = steps.map(() => []);
  for (const [value, id] of last) if (!kept.has(value) && steps[value].source.kind !== 'constant') done[id].push(value);
  return done;
}
