/**
 * What trace records, what it refuses and with which words, and that tfjs is afterwards as it was.
 */
import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { expectClose } from '@geodesic/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { logDet, spdInverse, stopGradient, tap, trace, TraceError, type TracedFunction } from '../src/trace/index.ts';
import { RECORDING } from '../src/trace/recording-backend.ts';
import { interpret } from './trace-fixtures.ts';

const x = { x: { shape: [2, 3] } };

/** The error of a trace that must fail. */
function refusal(fn: TracedFunction, inputs = x): TraceError {
  try {
    trace(fn, inputs);
  } catch (error) {
    if (error instanceof TraceError) return error;
    throw error;
  }
  throw new Error('expected a TraceError, got a graph');
}

beforeEach(() => tf.setBackend('cpu'));

describe('trace', () => {
  it('records named inputs and outputs with their types', () => {
    const graph = trace(({ x: value, y }) => ({ sum: tf.add(value, 1), index: tf.argMax(value, 1), y }), {
      x: { shape: [2, 3] },
      y: { shape: [2], dtype: 'int32' },
    });
    const type = (id: number): string => `${graph.nodes[id].dtype}[${graph.nodes[id].shape.join(',')}]`;
    expect(graph.inputs.map(({ name, id }) => [name, type(id)])).toEqual([
      ['x', 'float32[2,3]'],
      ['y', 'int32[2]'],
    ]);
    expect(graph.outputs.map(({ name, id }) => [name, type(id)])).toEqual([
      ['sum', 'float32[2,3]'],
      ['index', 'int32[2]'],
      ['y', 'int32[2]'],
    ]);
  });

  it('keeps the decimal that a scalar was written as', () => {
    const graph = trace(({ x: value }) => ({ y: tf.mul(tf.add(value, 0.1), 1 / 3) }), { x: { shape: [] } });
    const { y } = interpret(graph, { x: { shape: [], values: [0.2] } });
    expectClose(y.data[0], (0.2 + 0.1) * Math.fround(1 / 3), { rel: 1e-15 });
  });

  it('captures tensors made before as constants', () => {
    const weight = tf.tensor1d([1, 2, 3]);
    const column = tf.reshape(weight, [3, 1]);
    const graph = trace(({ x: value }) => ({ y: tf.sum(tf.mul(value, weight)), z: tf.matMul(value, column) }), x);
    const { y, z } = interpret(graph, { x: { shape: [2, 3], values: [1, 1, 1, 2, 2, 2] } });
    expect([y.data[0], ...z.data]).toEqual([18, 6, 12]);
    expect(weight.isDisposed).toBe(false);
    tf.dispose([weight, column]);
  });

  it('gives numbers of constants to JavaScript', () => {
    const graph = trace(({ x: value }) => ({ y: tf.mul(value, tf.scalar(3).arraySync()) }), { x: { shape: [] } });
    expect(interpret(graph, { x: { shape: [], values: [2] } }).y.data[0]).toBe(6);
  });
});

describe('taps and matrix functions', () => {
  it('mark values and have the values of their names', () => {
    const a = { shape: [2, 2], values: [2, 0.5, 0.5, 1] };
    const graph = trace(
      ({ a: value }) => ({
        inverse: spdInverse(value),
        logDet: logDet(value),
        tapped: tap(stopGradient(value), { layer: 'stem', role: 'input' }),
      }),
      { a },
    );
    const { inverse, logDet: logarithm, tapped } = interpret(graph, { a });
    expectClose(inverse.data, [1 / 1.75, -0.5 / 1.75, -0.5 / 1.75, 2 / 1.75], { rel: 1e-12 });
    expectClose(logarithm.data[0], Math.log(1.75), { rel: 1e-12 });
    expectClose(tapped.data, a.values, {});
    expect(graph.nodes.find(({ kernel }) => kernel === 'Tap')?.attributes).toEqual({ layer: 'stem', role: 'input' });
  });

  it('are refused outside of a trace and for matrices that are not square', () => {
    expect(() => stopGradient(tf.scalar(1))).toThrow(/StopGradient \[\]: expected a traced function, got an eager call/);
    expect(refusal(({ x: value }) => ({ y: logDet(value) })).message).toMatch(/logDet \[2,3\]: expected square matrices/);
  });
});

describe('trace refuses', () => {
  const cached: { leak?: tf.Tensor } = {};
  const variable = (): tf.Variable => tf.engine().registeredVariables['trace-test'] ?? tf.variable(tf.ones([3]), true, 'trace-test');
  afterEach(() => tf.disposeVariables());

  const cases: readonly (readonly [what: string, fn: TracedFunction, message: RegExp])[] = [
    [
      'a kernel without a lowering',
      (i) => ({ y: tf.unique(tf.reshape(i.x, [6])).values }),
      /Unique \[6\]: expected a kernel that can be traced.*depends on values/,
    ],
    ['tf.randomNormal', (i) => ({ y: tf.add(i.x, tf.randomNormal([2, 3])) }), /randomNormal \[2,3\]: .*random numbers.*'normal:<purpose>'/],
    ['seeded random ops', (i) => ({ y: tf.add(i.x, tf.randomUniform([3], 0, 1, 'float32', 7)) }), /randomUniform \[3\]: .*random numbers/],
    ['tf.dropout', (i) => ({ y: tf.dropout(i.x, 0.5) }), /dropout \[2,3\]: expected a pure function, got random numbers/],
    ['tf.multinomial', (i) => ({ y: tf.multinomial(i.x as tf.Tensor2D, 2) }), /multinomial \[2,3\]: .*random numbers/],
    [
      'Math.random',
      (i) => ({ z: i.x, y: tf.mul(tf.add(i.x, Math.random()), 2) }),
      /Add \[.*\]: .*constant of Add that changes.*output 'y' \(pass/,
    ],
    [
      'filled random tensors',
      (i) => ({ y: tf.sub(i.x, tf.tensor1d([Math.random(), 2, 3])) }),
      /Sub \[3\]: .*changes between calls.*output 'y'/,
    ],
    [
      'dataSync',
      (i) => ({ y: tf.mul(i.x, tf.exp(i.x).dataSync()[0]) }),
      /Exp \[2,3\]: expected a value used by tfjs ops only, got dataSync/,
    ],
    ['arraySync of an input', (i) => ({ y: tf.tensor(i.x.arraySync()) }), /input 'x' \[2,3\]: .*has no numbers/],
    ['print', (i) => (i.x.print(), { y: i.x }), /input 'x' \[2,3\]: .*print/],
    ['data() that nobody awaits', (i) => (void i.x.data(), { y: i.x }), /input 'x' \[2,3\]: .*data\(\)/],
    ['variables created', (i) => ({ y: tf.add(i.x, tf.variable(tf.zeros([3]), true, 'w')) }), /variable 'w' \[3\]: .*created/],
    ['variables captured', (i) => ({ y: tf.add(i.x, variable()) }), /variable 'trace-test' \[3\]: .*read.*pass its value as an input/],
    [
      'variables assigned',
      (i) => (variable().assign(tf.sum(i.x, 0) as tf.Tensor1D), { y: i.x }),
      /variable 'trace-test' \[3\]: .*assigned/,
    ],
    [
      'tensors of an earlier trace',
      (i) => ({ y: tf.add(i.x, (cached.leak ??= tf.keep(tf.range(0, 3)))) }),
      /tensor \[3\]: .*leaked from an earlier/,
    ],
    ['disposed tensors', (i) => (i.x.dispose(), { y: tf.neg(i.x) }), /tensor \[2,3\]: .*disposed/],
    [
      'custom gradients',
      (i) => ({ y: tf.customGrad((a) => ({ value: a as tf.Tensor, gradFunc: (dy) => dy }))(i.x) }),
      /customGrad \[2,3\]: .*stopGradient/,
    ],
    ['gradients of what does not depend on x', (i) => ({ y: tf.grad(() => tf.scalar(1))(i.x) }), /grad \[2,3\]: .*no path from x to y/],
    ['empty tensors', (i) => ({ y: tf.concat([i.x, tf.zeros([0, 3])], 0) }), /tensor \[0,3\]: expected at least one value/],
    [
      'infinite padding',
      (i) => ({
        y: tf.pad(
          i.x,
          [
            [1, 0],
            [0, 0],
          ],
          -Infinity,
        ),
      }),
      /pad \[2,3\]: expected a finite constant, got -Infinity/,
    ],
    ['empty ranges', (i) => ({ y: tf.concat([tf.range(0, 0), tf.range(0, 2)]), z: i.x }), /\[0\]: expected at least one value/],
    ['strings', (i) => ({ y: i.x, z: tf.tensor(['a', 'b']) }), /tensor \[2\]: expected float32, int32 or bool, got string/],
    ['a trace in a trace', (i) => (trace((j) => j, x), i), /got a trace inside a traced function/],
    ['nested records', (i) => ({ y: i.x, more: { z: i.x } }) as unknown as Record<string, tf.Tensor>, /output 'more': .*a nested object/],
    ['lists in the record', (i) => ({ y: [i.x] }) as unknown as Record<string, tf.Tensor>, /output 'y': .*an array.*flatten/],
    ['a bare tensor', (i) => i.x as unknown as Record<string, tf.Tensor>, /outputs: expected a flat record of tensors, got a tensor/],
    ['nothing', () => ({}), /outputs: expected a flat record of tensors, got none/],
  ];

  beforeEach(() => {
    variable();
  });

  it.each(cases)('%s', (_, fn, message) => {
    const before = { ...tf.memory() };
    const error = refusal(fn);
    expect(error.message).toMatch(message);
    expect(error.remedy).not.toBe('');
    expect({ ...tf.memory() }).toEqual(before);
    expect(tf.getBackend()).toBe('cpu');
    expect(tf.add(2, 3).dataSync()[0]).toBe(5);
  });

  it('asynchronous functions, with the read that they await', () => {
    const promise = (async (i: Record<string, tf.Tensor>) => ({ y: tf.add(i.x, (await i.x.data())[0]) })) as unknown as TracedFunction;
    expect(refusal(promise).message).toMatch(/input 'x' \[2,3\]: .*asynchronous read/);
    const idle = (() => Promise.resolve({})) as unknown as TracedFunction;
    expect(refusal(idle).message).toMatch(/got a promise \(make the function synchronous/);
  });

  it('float64 inputs, since float32 stands for the precision of the run', () => {
    expect(() => trace((i) => i, { x: { shape: [2], dtype: 'float64' } })).toThrow(/input 'x' \[2\]: .*got float64/);
  });

  it('functions whose outputs change', () => {
    let calls = 0;
    expect(refusal((i) => (calls++ === 0 ? { a: i.x } : { b: i.x })).message).toMatch(/outputs: .*got a then b/);
  });

  it('with fields for programs', () => {
    const error = refusal((i) => ({ y: tf.unique(tf.reshape(i.x, [6])).values }));
    expect(error).toMatchObject({ op: 'Unique', shape: [6], expected: 'a kernel that can be traced' });
  });
});

describe('the state of tfjs after a trace', () => {
  it('is the same: backend, memory, kernels, methods, scopes', () => {
    const engine = tf.engine();
    const methods = Object.keys(engine);
    const before = { memory: { ...tf.memory() }, backend: tf.backend(), scopes: engine.state.scopeStack.length };
    trace(({ x: value }) => ({ y: tf.keep(tf.grad((v) => tf.sum(tf.tanh(v)))(value)) }), x);
    expect({ memory: { ...tf.memory() }, backend: tf.backend(), scopes: engine.state.scopeStack.length }).toEqual(before);
    expect(Object.keys(engine)).toEqual(methods);
    expect(tf.getKernelsForBackend(RECORDING)).toEqual([]);
  });

  it('is the same when the function throws inside a gradient', () => {
    const before = { ...tf.memory() };
    const fail = (value: tf.Tensor): tf.Scalar => {
      tf.tanh(value);
      throw new RangeError('on purpose');
    };
    expect(() => trace(({ x: value }) => ({ y: tf.grad(fail)(value) }), x)).toThrow(new RangeError('on purpose'));
    expect({ ...tf.memory() }).toEqual(before);
    expect(tf.engine().state.gradientDepth).toBe(0);
    expect(tf.getBackend()).toBe('cpu');
  });

  it('is the same inside a running tf.grad', () => {
    const square = tf.customGrad((value) => ({
      value: tf.square(value as tf.Tensor),
      gradFunc: (dy) => tf.mul(dy, tf.mul(value as tf.Tensor, 2)),
    }));
    const slope = tf.grad((value) => {
      trace((i) => ({ y: tf.exp(i.x) }), x);
      return square(value);
    })(tf.scalar(3));
    expect(slope.dataSync()[0]).toBe(6);
  });
});
