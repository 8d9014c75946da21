/**
 * What an executor has to answer: the value of a kernel case, and for a smooth one the gradient of its weighted sum (VJP), its
 * tangent (JVP), and the gradient's first and second tangents (second and third order), all as the reference interpreter computes them
 * from the same inputs.
 */
import { evaluate, jvp, UnsupportedKernelError, vjp, type Graph, type NamedTensors } from '@geodesic/engine';
import { emitOnnx, type EmitOptions, type Precision } from '@geodesic/engine/onnx';
import { sizeOf, type TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { kernelCases } from './cases/index.ts';
import { buildCase, generator, materialise, tensor, type KernelCase } from './cases/kernel-case.ts';

/** Largest errors of an executor, absolute for small values and relative for large ones, by what holds its floats. */
export const TOLERANCE: Readonly<Record<Precision, { readonly abs: number; readonly rel: number }>> = {
  float32: { abs: 2e-5, rel: 2e-5 },
  float64: { abs: 1e-11, rel: 1e-11 },
};

/** One case as a graph, with its inputs. */
export interface ConformanceCase {
  readonly name: string;
  readonly kernel: string;
  readonly graph: Graph;
  readonly inputs: NamedTensors;
}

/** A case, and whether its graph is refused before anything runs. */
export type JudgedCase = ConformanceCase & { readonly refused: boolean };

/** All cases, and how the executor of these options treats each: refused by its emission or not. */
export function conformanceCases(emission: EmitOptions): readonly JudgedCase[] {
  return judgedCases((graph) => emitOnnx(graph, emission));
}

/** All cases, and whether a compilation refuses each. */
export function judgedCases(compile: (graph: Graph) => unknown): readonly JudgedCase[] {
  return kernelCases.map((kernelCase) => {
    const prepared = prepare(kernelCase);
    return { ...prepared, refused: refusalOf(() => compile(prepared.graph)) !== undefined };
  });
}

/** Why an emission refuses a graph. @throws what is no refusal */
export function refusal(graph: Graph, emission: EmitOptions): UnsupportedKernelError | undefined {
  return refusalOf(() => emitOnnx(graph, emission));
}

/** Why a compilation refuses a graph. @throws what is no refusal */
export function refusalOf(compile: () => unknown): UnsupportedKernelError | undefined {
  try {
    compile();
    return undefined;
  } catch (error) {
    if (error instanceof UnsupportedKernelError) return error;
    throw error;
  }
}

/** Expects an executor's answer to be the reference's. @throws with the worst entry and the output's name */
export function expectConformance(
  { graph, inputs }: ConformanceCase,
  got: Readonly<Record<string, TensorData>>,
  tolerance: { readonly abs: number; readonly rel: number },
): void {
  const expected = evaluate(graph, inputs, { precision: 'float64' });
  for (const { name } of graph.outputs) {
    try {
      if (String(got[name].shape) !== String(expected[name].shape))
        throw new Error(`expected shape [${expected[name].shape.join(',')}], got [${got[name].shape.join(',')}]`);
      expectClose(got[name].data, expected[name].data, tolerance);
    } catch (error) {
      throw new Error(`output '${name}': ${(error as Error).message}`, { cause: error });
    }
  }
}

function prepare(kernelCase: KernelCase): ConformanceCase {
  const { builder, inputs, value } = buildCase(kernelCase, { floats: 'float32' });
  builder.output('value', value);
  const isFloat = (id: number): boolean => builder.dtypeOf(id) === 'float32';
  if ((kernelCase.smooth ?? true) && isFloat(value)) {
    const wrt = inputs.filter(isFloat);
    const drawn = (id: number, seed: number): number => {
      const random = generator(seed);
      const shape = builder.shapeOf(id);
      return builder.constant(
        tensor(
          'float32',
          shape,
          Array.from({ length: sizeOf(shape) }, () => 2 * random() - 1),
        ),
      );
    };
    const gradients = vjp(builder, [{ id: value, cotangent: drawn(value, 11) }], wrt);
    gradients.forEach((id, i) => builder.output(`vjp ${i}`, id));
    const seeds = wrt.map((id, i) => ({ id, tangent: drawn(id, 23 + i) }));
    if (seeds.length > 0) {
      builder.output('jvp', jvp(builder, seeds, [value])[0]);
      const second = jvp(builder, seeds, gradients);
      second.forEach((id, i) => builder.output(`second order ${i}`, id));
      jvp(builder, seeds, second).forEach((id, i) => builder.output(`third order ${i}`, id));
    }
  }
  const graph = builder.build();
  const used = new Set(graph.inputs.map(({ name }) => name));
  const entries = Object.entries(materialise(kernelCase, 5)).filter(([name]) => used.has(name));
  const rounded = entries.map(([name, input]) => [name, input.dtype === 'float64' ? tensor('float32', input.shape, input.data) : input]);
  return { name: `${kernelCase.kernel} ${kernelCase.title}`, kernel: kernelCase.kernel, graph, inputs: Object.fromEntries(rounded) };
}
