/**
 * The table of all kernels of tfjs-core: each is lowered, or refused with a remedy of its own.
 */
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { lowerings } from '../src/trace/lowering/index.ts';
import { refusedKernels } from '../src/trace/refused-kernels.ts';
import { TraceError, trace } from '../src/trace/index.ts';

/** The names that tfjs-core exports: constants whose value is their own name. */
const kernels = Object.entries(tf as unknown as Record<string, unknown>)
  .filter(([name, value]) => value === name && /^_?[A-Z]/.test(name))
  .map(([name]) => name)
  .sort();

/** Kernels that draw random numbers are refused by the op that draws. */
const RANDOM = ['Multinomial'];

/** Kernels that are ours, or that tfjs runs by another name. */
const OWN = ['Tap', 'StopGradient', 'Gelu', 'SpdInverse', 'LogDet', 'Cholesky', 'TriangularSolve'];

describe('the table of kernels', () => {
  it('has every kernel of tfjs-core, lowered or refused, and none twice', () => {
    expect(kernels.length).toBe(180);
    const known = [...Object.keys(lowerings).filter((kernel) => !OWN.includes(kernel)), ...refusedKernels.keys(), ...RANDOM];
    expect(known.sort()).toEqual(kernels);
  });

  it.each([...refusedKernels])('refuses %s with a remedy', (kernel, remedy) => {
    const run = (): unknown => trace(({ x }) => ({ y: tf.engine().runKernel(kernel, { x }) }), { x: { shape: [2] } });
    expect(run).toThrow(TraceError);
    expect(run).toThrow(`trace: ${kernel} [2]: expected a kernel that can be traced, got one without a lowering (${remedy})`);
  });

  it('refuses complex values where real ones are taken, and as outputs', () => {
    const inputs = { x: { shape: [4] } };
    const remedy = 'take tf.real and tf.imag, and go on with both';
    expect(() => trace(({ x }) => ({ y: tf.complex(x, x) }), inputs)).toThrow(`output 'y' [4]: expected real values, got a complex value`);
    expect(() => trace(({ x }) => ({ y: tf.real(tf.maximum(tf.complex(x, x), tf.complex(x, x))) }), inputs)).toThrow(remedy);
  });
});
