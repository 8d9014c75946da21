/**
 * How fast an executor is here and now: a matrix product and a training step of a small classifier, best of repeated windows.
 * B rows; the classifier is 784-512-256-10 with ReLU and log-softmax, its step the losses and the gradient of their sum.
 */
import { sizeOf, type Shape, type TensorData } from '@geodesic/tensor';
import type { Executor, Program } from '../executor.ts';
import { Expressions } from '../expressions.ts';
import { GraphBuilder } from '../graph-builder.ts';
import type { Graph } from '../graph.ts';
import { vjp } from '../vjp.ts';

/** What was measured. */
export interface Measurement {
  /** Products of two float32 matrices [512, 512], in 10^9 operations per second. */
  readonly matmulGflops: number;
  /** Training steps of an MLP 784-512-256-10 on 128 rows, in 10^9 operations per second of its products. */
  readonly stepGflops: number;
  /** The same in rows per second. */
  readonly stepRowsPerSecond: number;
}

const SIZE = 512;
const ROWS = 128;
const LAYERS = [784, 512, 256, 10];
/** Three products a layer but the first, which needs no gradient of its input. */
const STEP_OPERATIONS = 2 * ROWS * LAYERS.slice(1).reduce((sum, width, i) => sum + (i === 0 ? 2 : 3) * LAYERS[i] * width, 0);

/**
 * Measures an executor, which stays open.
 * @param options.budget time for each of the two measurements, ms; default 300. Every one runs once at least.
 * @throws {ExecutorError} when the executor fails
 */
export async function measureExecutor(executor: Executor, options: { readonly budget?: number } = {}): Promise<Measurement> {
  const { budget = 300 } = options;
  const product = await bestSeconds(executor, matmulGraph(), budget);
  const step = await bestSeconds(executor, stepGraph(), budget);
  return {
    matmulGflops: (2 * SIZE ** 3) / product / 1e9,
    stepGflops: STEP_OPERATIONS / step / 1e9,
    stepRowsPerSecond: ROWS / step,
  };
}

function matmulGraph(): Graph {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const [a, b] = ['a', 'b'].map((name) => builder.input(name, [SIZE, SIZE], 'float32'));
  builder.output('y', x.matMul(a, b));
  return builder.build();
}

function stepGraph(): Graph {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  let values = builder.input('x', [ROWS, LAYERS[0]], 'float32');
  const labels = builder.input('y', [ROWS], 'int32');
  const weights = LAYERS.slice(1).map((width, i) => builder.input(`w${i}`, [LAYERS[i], width], 'float32'));
  weights.forEach((weight, i) => {
    values = x.matMul(values, weight);
    if (i < weights.length - 1) values = x.unary('Relu', values);
  });
  const hot = builder.add('OneHot', [labels], { depth: LAYERS[LAYERS.length - 1] });
  const losses = x.neg(x.sum(x.mul(x.unary('LogSoftmax', values), hot), [1]));
  builder.output('losses', losses);
  const gradients = vjp(builder, [{ id: x.sum(losses, [0]), cotangent: builder.constant(1) }], weights);
  gradients.forEach((gradient, i) => builder.output(`g${i}`, gradient));
  return builder.build();
}

async function bestSeconds(executor: Executor, graph: Graph, budget: number): Promise<number> {
  const program = await executor.compile(graph);
  const inputs = Object.fromEntries(graph.inputs.map(({ name, id }) => [name, filled(graph.nodes[id])]));
  try {
    return await bestOf(program, inputs, budget);
  } finally {
    await program.dispose();
  }
}

/** The first run warms up, unless it has used up the time. */
async function bestOf(program: Program, inputs: Record<string, TensorData>, budget: number): Promise<number> {
  const until = performance.now() + budget;
  let best = Infinity;
  for (let run = 0; run === 0 || performance.now() < until; run++) {
    const started = performance.now();
    await program.run(inputs);
    best = Math.min(best, performance.now() - started);
  }
  return best / 1000;
}

function filled({ shape, dtype }: { readonly shape: Shape; readonly dtype: TensorData['dtype'] }): TensorData {
  const length = sizeOf(shape);
  if (dtype === 'int32') return { shape, dtype, data: Int32Array.from({ length }, (_, i) => i % 10) };
  return { shape, dtype, data: Float32Array.from({ length }, (_, i) => Math.sin(i) / 16) };
}
