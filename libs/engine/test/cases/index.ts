/**
 * All cases of all kernels, and the generators of random ones: one table for derivatives and for the conformance of
 * executors. Every kernel has at least one case (derivatives.test.ts asserts it).
 */
import { binaryCases, binaryGenerators } from './binary.ts';
import { choleskyCases, choleskyGenerators } from './cholesky.ts';
import { indexingCases, indexingGenerators } from './indexing.ts';
import type { CaseGenerator, KernelCase } from './kernel-case.ts';
import { layoutCases, layoutGenerators } from './layout.ts';
import { matrixCases, matrixGenerators } from './matrix.ts';
import { pointwiseIndexingCases, pointwiseIndexingGenerators } from './pointwise-indexing.ts';
import { reductionCases, reductionGenerators } from './reduction.ts';
import { roundingCases, roundingGenerators } from './rounding.ts';
import { strideCases, strideGenerators } from './strides.ts';
import { trigonometryCases, trigonometryGenerators } from './trigonometry.ts';
import { roundToCases } from './round-to.ts';
import { typedMoveCases } from './typed-moves.ts';
import { unaryCases, unaryGenerators } from './unary.ts';
import { windowCases, windowGenerators } from './windows.ts';

/** Fixed cases. */
export const kernelCases: readonly KernelCase[] = [
  ...unaryCases,
  ...typedMoveCases,
  ...roundToCases,
  ...binaryCases,
  ...layoutCases,
  ...reductionCases,
  ...indexingCases,
  ...matrixCases,
  ...trigonometryCases,
  ...roundingCases,
  ...strideCases,
  ...pointwiseIndexingCases,
  ...choleskyCases,
  ...windowCases,
];

/** Random cases, where a family has a generator. */
export const caseGenerators: readonly CaseGenerator[] = [
  ...unaryGenerators,
  ...binaryGenerators,
  ...layoutGenerators,
  ...reductionGenerators,
  ...indexingGenerators,
  ...matrixGenerators,
  ...trigonometryGenerators,
  ...roundingGenerators,
  ...strideGenerators,
  ...pointwiseIndexingGenerators,
  ...choleskyGenerators,
  ...windowGenerators,
];
