/**
 * The closed set of kernels by name. `Input` and `Constant` are not kernels: they have no inputs and their type is given.
 */
import { GraphError } from '../errors.ts';
import type { Kernel } from '../kernel.ts';
import { binaryKernels } from './binary.ts';
import { indexingKernels } from './indexing.ts';
import { layoutKernels } from './layout.ts';
import { markerKernels } from './markers.ts';
import { matMulKernel } from './matmul.ts';
import { reductionKernels } from './reduction.ts';
import { spdKernels } from './spd.ts';
import { unaryKernels } from './unary.ts';

const families = [unaryKernels, binaryKernels, layoutKernels, reductionKernels, indexingKernels, [matMulKernel], spdKernels, markerKernels];
const byName: ReadonlyMap<string, Kernel> = new Map(families.flat().map((kernel) => [kernel.name, kernel]));

/** Names of all kernels, sorted. */
export const kernelNames: readonly string[] = [...byName.keys()].sort();

/** Finds a kernel. @throws {GraphError} when there is none of this name */
export function kernelOf(name: string): Kernel {
  const kernel = byName.get(name);
  if (!kernel) throw new GraphError('kernel', `one of ${kernelNames.join(', ')}`, `'${name}'`);
  return kernel;
}
