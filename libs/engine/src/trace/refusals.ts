/**
 * What a trace refuses by name, and what a user can do instead.
 */
import type { DType, Shape } from '@geodesic/tensor';
import { refusedKernels } from './refused-kernels.ts';
import { TraceError } from './trace-error.ts';

const RANDOM_OPS: ReadonlySet<string> = new Set(
  'rand randomGamma randomNormal randomStandardNormal randomUniform randomUniformInt truncatedNormal dropout multinomial Multinomial'.split(
    ' ',
  ),
);

/** Shared by everything that is a value of one moment: random numbers, clocks, counters. */
export const PASS_AS_INPUT: string =
  "pass what changes as an input: random numbers as 'uniform:<purpose>' or 'normal:<purpose>', schedules as scalars; " +
  'a random constant that should stay fixed is made before tracing';

/** Throws if one of the running ops draws random numbers, even seeded ones: a mask would be the same at every step. */
export function refuseRandom(ops: readonly string[], shape: Shape | undefined): void {
  const op = ops.find((name) => RANDOM_OPS.has(name));
  if (op === undefined) return;
  throw new TraceError({ op, ...(shape && { shape }), expected: 'a pure function', got: 'random numbers', remedy: PASS_AS_INPUT });
}

/** The error for a kernel without a lowering. */
export function unsupportedKernel(kernel: string, shape: Shape | undefined): TraceError {
  const remedy = refusedKernels.get(kernel) ?? 'write it with supported ops, or compute it before tracing and pass it as an input';
  return new TraceError({
    op: kernel,
    ...(shape && { shape }),
    expected: 'a kernel that can be traced',
    got: 'one without a lowering',
    remedy,
  });
}

/** The error for reading numbers of a tensor that has none while tracing. */
export function valueRead(producer: string, shape: Shape, how: string): TraceError {
  return new TraceError({
    op: producer,
    shape,
    expected: 'a value used by tfjs ops only',
    got: `${how}: it has no numbers while tracing`,
    remedy: 'keep the computation in tfjs ops (where, clip, cond by mask), and return the tensor as an output to see its value',
  });
}

/** The error for touching a tf.Variable. */
export function variableTouched(name: string, shape: Shape, what: 'created' | 'read' | 'assigned or disposed'): TraceError {
  return new TraceError({
    op: `variable '${name}'`,
    shape,
    expected: 'a pure function of its inputs',
    got: `a tf.Variable ${what} inside the traced function`,
    remedy:
      what === 'assigned or disposed'
        ? 'return the new value as an output'
        : 'pass its value as an input; parameters are inputs of a program, and optimizers (which make variables) stand in the run spec',
  });
}

/** The error for a tfjs optimizer that is used inside a traced function. */
export function optimizerUsed(method: string): TraceError {
  return new TraceError({
    op: `optimizer.${method}`,
    expected: 'a function from parameters to outputs',
    got: 'a tfjs optimizer, which would change parameters while they are traced',
    remedy: 'leave the optimizer out and declare an optimizer group in the run spec (optimizer.groups)',
  });
}

/** The dtype, if programs have it. @throws {TraceError} for strings and complex numbers */
export function supportedDtype(dtype: string, shape: Shape): DType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new TraceError({
    op: 'tensor',
    shape,
    expected: 'float32, int32 or bool',
    got: dtype,
    remedy: 'encode it as numbers before tracing',
  });
}

/** Refuses shapes without entries. @throws {TraceError} */
export function requireEntries(op: string, shape: Shape): void {
  if (!shape.includes(0)) return;
  throw new TraceError({ op, shape, expected: 'at least one value', got: 'an empty tensor', remedy: 'leave it out' });
}
