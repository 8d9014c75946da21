/**
 * The closed set of kernels by name. `Input` and `Constant` are not kernels: they have no inputs and their type is given.
 */
import { GraphError, KernelError } from '../errors.ts';
import type { Attributes, ValueType } from '../graph.ts';
import type { Inferred, Kernel } from '../kernel.ts';
import { binaryKernels } from './binary.ts';
import { choleskyKernels } from './cholesky.ts';
import { convKernels } from './conv.ts';
import { indexingKernels } from './indexing.ts';
import { layoutKernels } from './layout.ts';
import { markerKernels } from './markers.ts';
import { matMulKernel } from './matmul.ts';
import { orderKernels } from './order.ts';
import { patchKernels } from './patches.ts';
import { pointwiseIndexingKernels } from './pointwise-indexing.ts';
import { poolKernels } from './pool.ts';
import { reductionKernels } from './reduction.ts';
import { roundToKernel } from './round-to.ts';
import { roundingKernels } from './rounding.ts';
import { spdKernels } from './spd.ts';
import { strideKernels } from './strides.ts';
import { trigonometryKernels } from './trigonometry.ts';
import { unaryKernels } from './unary.ts';

const families = [
  unaryKernels,
  binaryKernels,
  layoutKernels,
  reductionKernels,
  indexingKernels,
  [matMulKernel],
  spdKernels,
  markerKernels,
  trigonometryKernels,
  roundingKernels,
  strideKernels,
  orderKernels,
  pointwiseIndexingKernels,
  choleskyKernels,
  convKernels,
  poolKernels,
  patchKernels,
  [roundToKernel],
];
const byName: ReadonlyMap<string, Kernel> = new Map(families.flat().map((kernel) => [kernel.name, kernel]));

/** Names of all kernels, sorted. */
export const kernelNames: readonly string[] = [...byName.keys()].sort();

/** Finds a kernel. @throws {GraphError} when there is none of this name */
export function kernelOf(name: string): Kernel {
  const kernel = byName.get(name);
  if (!kernel) throw new GraphError('kernel', `one of ${kernelNames.join(', ')}`, `'${name}'`);
  return kernel;
}

/**
 * The type and canonical attributes of an operation.
 * @throws {KernelError} when the kernel does not take these inputs or attributes
 * @throws {GraphError} when there is no such kernel
 */
export function inferType(name: string, inputs: readonly ValueType[], attributes: Attributes): Inferred {
  const kernel = kernelOf(name);
  const fits = kernel.arity === undefined ? inputs.length > 0 : inputs.length === kernel.arity;
  if (!fits) throw new KernelError(name, `${kernel.arity ?? 'at least 1'} inputs`, String(inputs.length));
  return kernel.infer(inputs, attributes);
}
