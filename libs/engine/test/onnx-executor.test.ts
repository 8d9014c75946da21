import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ClosedError, Expressions, GraphBuilder, ProgramInputError, vjp, type Graph, type Program } from '@geodesic/engine';
import { onnxCpuExecutor, probeOnnx } from '@geodesic/engine/onnx';
import type { TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { generator, tensor } from './cases/kernel-case.ts';

/** A classifier's loss and flat gradient: input sizes [8, 16, 4]. */
function classifier(batch: number): Graph {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const theta = builder.input('theta', [8 * 16 + 16 + 16 * 4 + 4], 'float32');
  const features = builder.input('x', [batch, 8], 'float32');
  const labels = builder.input('y', [batch], 'int32');
  const part = (begin: number, shape: number[]): number => x.reshape(x.slice(theta, [begin], [shape.reduce((a, b) => a * b)]), shape);
  const hidden = x.unary('Relu', x.add(x.matMul(features, part(0, [8, 16])), part(128, [16])));
  const logits = x.add(x.matMul(hidden, part(144, [16, 4])), part(208, [4]));
  const losses = x.neg(x.sum(x.mul(x.unary('LogSoftmax', logits), builder.add('OneHot', [labels], { depth: 4 })), [1]));
  builder.output('losses', losses);
  builder.output('gradient', vjp(builder, [{ id: x.sum(losses, [0]), cotangent: builder.constant(1) }], [theta])[0]);
  return builder.build();
}

function feeds(batch: number): Record<string, TensorData> {
  const random = generator(5);
  const entries = (count: number): number[] => Array.from({ length: count }, () => random() - 0.5);
  return {
    theta: tensor('float32', [212], entries(212)),
    x: tensor('float32', [batch, 8], entries(batch * 8)),
    y: tensor(
      'int32',
      [batch],
      Array.from({ length: batch }, (_, i) => i % 4),
    ),
  };
}

async function withProgram<T>(graph: Graph, use: (program: Program) => Promise<T>): Promise<T> {
  const executor = onnxCpuExecutor();
  try {
    return await use(await executor.compile(graph));
  } finally {
    await executor.close();
  }
}

describe('onnxCpuExecutor', () => {
  it('gives the same bits in every session', async () => {
    const run = () => withProgram(classifier(33), (program) => program.run(feeds(33)));
    const [first, second] = [await run(), await run()];
    for (const name of ['losses', 'gradient'])
      expect(Buffer.from(first[name].data.buffer).equals(Buffer.from(second[name].data.buffer))).toBe(true);
  });

  it('gives outputs that belong to the caller, and reads inputs from shared memory', async () => {
    await withProgram(classifier(4), async (program) => {
      const inputs = feeds(4);
      const theta = new Float32Array(new SharedArrayBuffer(4 * 212));
      theta.set(inputs.theta.data);
      const plain = await program.run(inputs);
      const kept = plain.gradient.data.slice();
      const shared = await program.run({ ...inputs, theta: { ...inputs.theta, data: theta } });
      expect(shared.gradient.data).toEqual(kept);
      shared.gradient.data.fill(0);
      expect(plain.gradient.data).toEqual(kept);
    });
  });

  it('does not hide a NaN', async () => {
    await withProgram(classifier(4), async (program) => {
      const inputs = feeds(4);
      inputs.x.data[0] = NaN;
      const { losses } = await program.run(inputs);
      expect(Array.from(losses.data, Number.isNaN)).toEqual([true, false, false, false]);
    });
  });

  it('keeps denormals, in the graph and in the arithmetic of its thread', async () => {
    const half = (values: Float32Array): number[] => Array.from(values, (value) => Math.fround(value * 0.5));
    const builder = new GraphBuilder();
    builder.output('y', builder.add('Multiply', [builder.input('x', [2], 'float32'), builder.constant(0.5)]));
    const inputs = { x: tensor('float32', [2], [1e-40, 1.2e-38]) };
    await withProgram(builder.build(), async (program) => {
      const expected = half(inputs.x.data as Float32Array);
      expect(expected.every((value) => value > 0)).toBe(true);
      expect(Array.from((await program.run(inputs)).y.data)).toEqual(expected);
      expect(Array.from((await program.run(inputs)).y.data)).toEqual(expected);
      expect(half(inputs.x.data as Float32Array)).toEqual(expected);
      // The smallest denormal vanishes where denormals are flushed.
      expect(Float32Array.of(2 ** -149)[0] + 0).toBeGreaterThan(0);
    });
  });

  it('leaves the sums of a thread that holds a session equal to those of a fresh thread', async () => {
    const source = `
      const { parentPort } = require('node:worker_threads');
      const sums = Float32Array.from([1e-40, 1.2e-38, -3e-45]);
      for (let i = 0; i < sums.length; i++) sums[i] = sums[i] + Math.fround(sums[i] * 0.25);
      parentPort.postMessage([...new Uint32Array(sums.buffer)]);`;
    const fresh = new Worker(source, { eval: true });
    const [bits] = (await once(fresh, 'message')) as [number[]];
    await withProgram(classifier(2), async (program) => {
      await program.run(feeds(2));
      const sums = Float32Array.from([1e-40, 1.2e-38, -3e-45]);
      for (let i = 0; i < sums.length; i++) sums[i] = sums[i] + Math.fround(sums[i] * 0.25);
      expect([...new Uint32Array(sums.buffer)]).toEqual(bits);
    });
  });

  it('names a missing, unknown or mistyped input', async () => {
    await withProgram(classifier(4), async (program) => {
      const { theta, x, y } = feeds(4);
      await expect(program.run({ theta, x })).rejects.toThrow(
        "run program: input 'y': expected int32[4], got nothing (feed every input of the program)",
      );
      await expect(program.run({ theta, x, y, z: y })).rejects.toThrow(
        "run program: input 'z': expected one of theta, x, y, got an input the program does not have",
      );
      await expect(program.run({ theta, x: { ...x, shape: [8, 4] }, y })).rejects.toThrow(
        "input 'x': expected float32[4,8], got float32[8,4]",
      );
      await expect(program.run({ theta, x, y: tensor('float32', [4], [0, 0, 0, 0]) })).rejects.toBeInstanceOf(ProgramInputError);
    });
  });

  it('digests what it would run, not only the graph', () => {
    const lowering = (options: Parameters<typeof onnxCpuExecutor>[0]): string => onnxCpuExecutor(options).lowering(classifier(2));
    expect(lowering({})).toBe(lowering({ threads: 2 }));
    expect(lowering({})).not.toBe(lowering({ precision: 'float64' }));
    expect(lowering({})).not.toBe(onnxCpuExecutor().lowering(classifier(4)));
  });

  it('refuses to run what was disposed of or closed', async () => {
    const executor = onnxCpuExecutor();
    const [first, second] = [await executor.compile(classifier(2)), await executor.compile(classifier(2))];
    await first.dispose();
    await expect(first.run(feeds(2))).rejects.toBeInstanceOf(ClosedError);
    await expect(second.run(feeds(2))).resolves.toBeDefined();
    await executor.close();
    await expect(second.run(feeds(2))).rejects.toBeInstanceOf(ClosedError);
    await expect(executor.compile(classifier(2))).rejects.toBeInstanceOf(ClosedError);
  });

  it('tells by its fingerprint what bits depend on', () => {
    expect(onnxCpuExecutor({ threads: 2 }).fingerprint).toMatchObject({
      executor: 'onnx-cpu',
      threads: 2,
      denormals: 'kept',
      precision: 'float32',
    });
    expect(() => onnxCpuExecutor({ threads: 0 })).toThrow('threads: expected an integer of at least 1, got 0');
  });
});

describe('probeOnnx', () => {
  it('finds the native library and its version', async () => {
    expect(await probeOnnx('onnx-cpu')).toEqual({ available: true, version: '1.30.0' });
  });

  it('finds CUDA, or says why not', async () => {
    const { available, reason } = await probeOnnx('onnx-cuda');
    expect(available || reason).toBeTruthy();
  });
});
