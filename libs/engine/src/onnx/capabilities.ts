/**
 * What a provider of ONNX Runtime computes itself, as data: emission rules and the writer ask it, so that one rule serves all
 * providers. Found by offering each operation alone to the provider with every fallback forbidden (version 1.30.0).
 */
import type { ELEMENT } from './proto.ts';

/** An element type of a value in a model. */
export type Element = keyof typeof ELEMENT;

/** What one provider can do. */
export interface Capabilities {
  /** Name of the executor, as errors give it. */
  readonly executor: string;
  /** Whether values may be float64. */
  readonly float64: boolean;
  /** Whether the provider has an ONNX operation on operands of an element type. */
  has(op: string, element: Element): boolean;
}

/** Operations that a provider lacks, by element type. */
type Lacks = Readonly<Partial<Record<Element, readonly string[]>>>;

function capabilities(executor: string, options: { readonly float64: boolean; readonly lacks: Lacks }): Capabilities {
  const { float64, lacks } = options;
  const missing = new Set(Object.entries(lacks).flatMap(([element, ops]) => ops.map((op) => `${op}:${element}`)));
  return { executor, float64, has: (op, element) => (float64 || element !== 'float64') && !missing.has(`${op}:${element}`) };
}

function words(text: string): readonly string[] {
  return text.split(' ');
}

/** Transcendental and windowed operations without a double version on the CPU. */
const NO_DOUBLE = words(
  'Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf Conv ConvTranspose AveragePool GlobalAveragePool Resize MaxUnpool',
);

const CPU_LACKS: Lacks = { float64: NO_DOUBLE, bool: ['Where', 'Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'], int32: ['Gemm'] };

/** Adding in order by ScatterND, which providers that run on many threads do not: they may add to one place at the same time. */
const NO_ORDER: Lacks = { float32: ['ScatterND.add'], float64: [...NO_DOUBLE, 'ScatterND.add'] };

/** The CPU provider on one thread. */
export const cpuCapabilities: Capabilities = capabilities('onnx-cpu', { float64: true, lacks: CPU_LACKS });

/** The CPU provider on several threads. */
export const cpuThreadsCapabilities: Capabilities = capabilities('onnx-cpu', { float64: true, lacks: { ...CPU_LACKS, ...NO_ORDER } });

/** The CUDA provider. What it does not take runs on the CPU, so that it is given nothing that the CPU lacks. */
export const cudaCapabilities: Capabilities = capabilities('onnx-cuda', { float64: true, lacks: { ...CPU_LACKS, ...NO_ORDER } });

/** Operations that only move values. */
export const MOVES: readonly string[] = ['Transpose', 'Concat', 'Slice', 'Pad', 'Tile', 'Squeeze', 'GatherElements', 'GatherND'];

/**
 * The WebGPU provider: 32-bit values only. ArgMax, ArgMin and TopK exist, but their int64 results cannot be read on the device.
 * Rules ask for uses of an operation as `<op>.<use>`: MaxPool gives no indices, ConvTranspose is wrong for groups of more than one
 * output, and Pow fails where both operands are broadcast.
 */
export const webgpuCapabilities: Capabilities = capabilities('onnx-webgpu', {
  float64: false,
  lacks: {
    float32: words(
      'Sign Round Softsign Selu LogSoftmax IsNaN IsInf Mod ArgMax ArgMin TopK MaxPool.indices ConvTranspose.groups Pow.broadcast Cast.bfloat16 Cast.float16 ScatterND.add',
    ),
    int32: ['Neg', 'Abs', 'Sign', 'Relu', 'Mod', 'Slice', 'GatherElements', 'ArgMax', 'ArgMin', 'TopK', 'MatMul', 'Gemm', 'Einsum'],
    bool: [...MOVES, ...(CPU_LACKS.bool ?? []), 'Equal', 'Or', 'Xor'],
  },
});
