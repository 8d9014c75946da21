import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { trace } from '@geodesic/engine/trace';
import { expectClose } from '@geodesic/testing';
import type { TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { chartBlock, compose } from '../src/index.ts';
import { evaluateFunction, normal, normalTensor, shapesOf } from './evaluate-function.ts';

const [rows, width] = [64, 32];
const blocks = [1, 2, 3, 4].map((l) => chartBlock({ name: `block${l}`, width, hidden: 64, reflections: 2, scaleMax: 2 }));
const stack = compose(blocks);

/** Root mean squares after training on the digits: 0.25, 0.05 and 0.2; the second layer of the couplings is taken twice as large. */
const spread = (name: string): number => {
  if (name.endsWith('hidden.weight')) return 0.25;
  if (name.endsWith('affine.weight')) return 0.1;
  return name.endsWith('vectors') ? 1 : 0.2;
};
const parameters = Object.fromEntries(stack.parameters.map(({ name, shape }) => [name, normalTensor(name, shape, spread(name))]));
const x: TensorData = { dtype: 'float64', shape: [rows, width], data: normal('x', rows * width) };

describe('a stack of four chart blocks', () => {
  it('is undone by its inverse to 1e-4 in float32', async () => {
    const float32 = (value: TensorData): TensorData => ({ ...value, dtype: 'float32', data: Float32Array.from(value.data) });
    const inputs = Object.fromEntries(Object.entries({ ...parameters, x }).map(([name, value]) => [name, float32(value)]));
    const graph = trace((t) => ({ back: stack.inverse(t, stack.forward(t, t.x).value).value }), shapesOf(inputs));
    const executor = onnxCpuExecutor();
    const { back } = await (await executor.compile(graph)).run(inputs);
    expectClose(back.data, inputs.x.data, { abs: 1e-4 });
    await executor.close();
  });

  it('is undone to 1e-10 in float64, with opposite log-determinants that are not zero', () => {
    const result = evaluateFunction(
      (t) => {
        const there = stack.forward(t, t.x);
        const back = stack.inverse(t, there.value);
        return { y: there.value, logDet: there.logDet, back: back.value, opposite: back.logDet };
      },
      { ...parameters, x },
    );
    expectClose(result.back, x.data, { abs: 1e-10 });
    expectClose(
      result.opposite,
      result.logDet.map((value) => -value),
      { abs: 1e-10 },
    );
    expect(Math.max(...result.logDet) - Math.min(...result.logDet)).toBeGreaterThan(1);
  });
});
