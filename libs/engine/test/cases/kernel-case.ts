/**
 * One case of a kernel: typed inputs, how their entries are drawn, attributes. A table of cases (index.ts) drives the tests
 * of derivatives and the conformance of executors; families may add generators of random cases. Entries come from a seeded
 * uniform generator, so a case and a seed are always the same numbers.
 */
import { sizeOf, type DType, type Shape, type TensorData } from '@geodesic/tensor';
import type fc from 'fast-check';
import { GraphBuilder, type Attributes } from '@geodesic/engine';

/** One input of a case. */
export interface CaseInput {
  readonly shape: Shape;
  readonly dtype: DType;
  /** Where entries are drawn from; default [-2, 2]. Ends are included for int32. */
  readonly range?: readonly [number, number];
  /** int32 entries in [0, below). */
  readonly below?: number;
  /**
   * spd: well conditioned symmetric positive definite matrices in the last two axes; lower: well conditioned lower
   * triangular ones; distinct: entries at least 0.05 apart, so that extrema are unique and sorting is stable.
   */
  readonly kind?: 'spd' | 'lower' | 'distinct';
}

/** A kernel applied to inputs of some types. */
export interface KernelCase {
  readonly kernel: string;
  readonly title: string;
  readonly inputs: readonly CaseInput[];
  readonly attributes?: Attributes;
  /** Whether derivatives are checked; default: the output is float. */
  readonly smooth?: boolean;
}

/** Random cases of one kernel. */
export interface CaseGenerator {
  readonly kernel: string;
  readonly cases: fc.Arbitrary<KernelCase>;
}

/** A float32 input. */
export function float(shape: Shape, options: Pick<CaseInput, 'range' | 'kind'> = {}): CaseInput {
  return { shape, dtype: 'float32', ...options };
}

/** An int32 input of positions below a bound. */
export function positions(shape: Shape, below: number): CaseInput {
  return { shape, dtype: 'int32', below };
}

/** A bool input. */
export function flags(shape: Shape): CaseInput {
  return { shape, dtype: 'bool' };
}

/** A uniform generator in [0, 1) (mulberry32) for test values. */
export function generator(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Wraps entries as a tensor of a dtype. */
export function tensor(dtype: DType, shape: Shape, entries: ArrayLike<number>): TensorData {
  const types = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array };
  return { dtype, shape, data: types[dtype].from(Array.from(entries)) };
}

/** Entries of an input, as doubles. */
export function drawEntries(input: CaseInput, random: () => number): Float64Array {
  const { shape, dtype, range: [from, to] = [-2, 2], below, kind } = input;
  if (kind === 'spd') return drawSpd(shape, random);
  if (kind === 'lower') return drawLower(shape, random);
  if (kind === 'distinct') return drawDistinct(shape, [from, to], random);
  return Float64Array.from({ length: sizeOf(shape) }, () => {
    const uniform = random();
    if (dtype === 'bool') return Number(uniform < 0.5);
    if (below !== undefined) return Math.floor(uniform * below);
    return dtype === 'int32' ? Math.floor(from + uniform * (to - from + 1)) : from + uniform * (to - from);
  });
}

/** A dtype, floats replaced by the one asked. */
export function withFloat(dtype: DType, floats: DType): DType {
  return dtype === 'float32' || dtype === 'float64' ? floats : dtype;
}

/** Entries of all inputs, named x0, x1, ...; floats as float64. */
export function materialise(kernelCase: KernelCase, seed: number): Record<string, TensorData> {
  const random = generator(seed);
  const named = kernelCase.inputs.map((input, i): [string, TensorData] => [
    `x${i}`,
    tensor(withFloat(input.dtype, 'float64'), input.shape, drawEntries(input, random)),
  ]);
  return Object.fromEntries(named);
}

/** A case appended to a builder: inputs named x0, x1, ... and the kernel's value. */
export function buildCase(
  kernelCase: KernelCase,
  options: { readonly floats?: DType; readonly builder?: GraphBuilder } = {},
): { readonly builder: GraphBuilder; readonly inputs: number[]; readonly value: number } {
  const { floats = 'float64', builder = new GraphBuilder() } = options;
  const inputs = kernelCase.inputs.map(({ shape, dtype }, i) => builder.input(`x${i}`, shape, withFloat(dtype, floats)));
  return { builder, inputs, value: builder.add(kernelCase.kernel, inputs, kernelCase.attributes) };
}

/** Well conditioned SPD matrices I + F F^T, F uniform in (-0.5, 0.5). */
function drawSpd(shape: Shape, random: () => number): Float64Array {
  const n = shape[shape.length - 1];
  const out = new Float64Array(sizeOf(shape));
  for (let start = 0; start < out.length; start += n * n) {
    const factor = Float64Array.from({ length: n * n }, () => random() - 0.5);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        let dot = i === j ? 1 : 0;
        for (let k = 0; k < n; k++) dot += factor[i * n + k] * factor[j * n + k];
        out[start + i * n + j] = dot;
      }
  }
  return out;
}

/** Lower triangular matrices with a diagonal in (0.8, 1.6) and other entries in (-0.5, 0.5). */
function drawLower(shape: Shape, random: () => number): Float64Array {
  const n = shape[shape.length - 1];
  return Float64Array.from({ length: sizeOf(shape) }, (_, e) => {
    const [row, column] = [Math.floor(e / n) % n, e % n];
    const uniform = random();
    if (row === column) return 0.8 + 0.8 * uniform;
    return row > column ? uniform - 0.5 : 0;
  });
}

/** Shuffled points of a grid over the range (wider where they would come closer than 0.05), each moved by at most a tenth of a step. */
function drawDistinct(shape: Shape, [from, to]: readonly [number, number], random: () => number): Float64Array {
  const size = sizeOf(shape);
  const step = Math.max((to - from) / size, 0.0625);
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return Float64Array.from(order, (place) => from + step * (place + 0.5 + 0.2 * (random() - 0.5)));
}
