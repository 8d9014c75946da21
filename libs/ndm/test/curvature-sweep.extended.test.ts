/**
 * A metric is fitted to a patch of the unit sphere (Scal = 2) while its curvature is penalised with rising weight: E[Scal^2] falls and
 * the error of the fit rises. The effect is the claim; its size is printed (spec A6).
 */
import * as tf from '@tensorflow/tfjs-core';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { trace } from '@geodesic/engine/trace';
import type { Tensors } from '@geodesic/nn';
import { deriveKey, fillNormal } from '@geodesic/random';
import type { TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { choleskyMetric, curvaturePenalty, scalarReadout } from '../src/index.ts';
import { evaluateFunction, normalTensor } from './evaluate-function.ts';
import { tensor } from './run-chart.ts';

const metric = choleskyMetric({ name: 'm', width: 2, hidden: 16, epsilon: 1e-3 });
const names = metric.parameters.map(({ name }) => name);
const side = 12;
const rows = side * side;
const pairs = 2;
/** Stereographic coordinates of a patch. */
const patch = Array.from({ length: rows }, (_, i) => [i % side, Math.floor(i / side)].map((k) => (1.4 * k) / (side - 1) - 0.7));
const grid = tensor([rows, 2], patch.flat());

/** Squared error of g against 4 / (1 + |x|^2)^2 I, the sum over entries, [B]. */
function fitError(t: Tensors): tf.Tensor {
  const field = metric.at(t, t.x);
  const scale = tf.div(4, tf.square(tf.add(1, tf.sum(tf.square(t.x), 1, true))));
  const columns = [0, 1].map((i) => {
    const unit = tf.tile(tf.slice(tf.eye(2), [i, 0], [1, 2]), [t.x.shape[0], 1]);
    return tf.sum(tf.square(tf.sub(field.multiply(unit), tf.mul(scale, unit))), 1, true);
  });
  return tf.squeeze(tf.add(columns[0], columns[1]), [1]);
}

type Values = Record<string, Float32Array>;

/** Adam with a cosine decay of its step, on the fit and weight L_c / 6: in two dimensions L_c = 6 Scal^2. */
async function train(start: Values, { weight, steps }: { readonly weight: number; readonly steps: number }): Promise<Values> {
  const many = rows * pairs;
  const specs = Object.fromEntries([
    ...metric.parameters.map(({ name, shape }) => [name, { shape }] as const),
    ['x', { shape: [many, 2] }] as const,
    ['numbers', { shape: [many, 4] }] as const,
  ]);
  const graph = trace((t) => {
    const objective = (...values: tf.Tensor[]): tf.Tensor => {
      const named = { ...t, ...Object.fromEntries(names.map((name, i) => [name, values[i]])) };
      const fit = tf.mean(fitError(named));
      return weight === 0 ? fit : tf.add(fit, tf.mul(weight / 6, tf.mean(curvaturePenalty({ metric, x: t.x, numbers: t.numbers }, named))));
    };
    const gradients = tf.grads(objective)(names.map((name) => t[name]));
    return Object.fromEntries(gradients.map((gradient, i) => [names[i], gradient]));
  }, specs);
  const executor = onnxCpuExecutor({ threads: 1 });
  try {
    const program = await executor.compile(graph);
    const values: Values = Object.fromEntries(names.map((name) => [name, start[name].slice()]));
    const moments = Object.fromEntries(
      names.map((name) => [name, { m: new Float64Array(values[name].length), v: new Float64Array(values[name].length) }]),
    );
    const key = deriveKey(11, 'sweep', 'numbers');
    const feeds: Record<string, Float32Array> = { x: Float32Array.from({ length: many * 2 }, (_, i) => grid.data[i % (rows * 2)]) };
    for (let step = 1; step <= steps; step++) {
      const drawn = new Float64Array(many * 4);
      fillNormal(key, step * many * 4, drawn);
      feeds.numbers = Float32Array.from(drawn);
      const inputs = graph.inputs.map(({ name }): [string, TensorData] => [
        name,
        { dtype: 'float32', shape: specs[name].shape, data: (values as Partial<Values>)[name] ?? feeds[name] },
      ]);
      const gradients = await program.run(Object.fromEntries(inputs));
      const rate = 0.01 * (0.5 + 0.5 * Math.cos((Math.PI * step) / steps));
      for (const name of names) {
        const { m, v } = moments[name];
        gradients[name].data.forEach((gradient, i) => {
          m[i] = 0.9 * m[i] + 0.1 * gradient;
          v[i] = 0.999 * v[i] + 0.001 * gradient * gradient;
          const direction = m[i] / (1 - 0.9 ** step) / (Math.sqrt(v[i] / (1 - 0.999 ** step)) + 1e-8);
          values[name][i] -= rate * direction;
        });
      }
    }
    return values;
  } finally {
    await executor.close();
  }
}

/** E[Scal^2] with Scal exact at every point, from all 16 signs, and the mean error of the fit. */
function measure(values: Values): { readonly squared: number; readonly error: number } {
  const parameters = Object.fromEntries(metric.parameters.map(({ name, shape }) => [name, tensor(shape, [...values[name]])]));
  const signs = Array.from({ length: 16 }, (_, i) => [1, 2, 4, 8].map((bit) => (i & bit ? 1 : -1)));
  const x = tensor(
    [rows * 16, 2],
    patch.flatMap((point) => signs.flatMap(() => point)),
  );
  const numbers = tensor(
    [rows * 16, 4],
    patch.flatMap(() => signs.flat()),
  );
  const { rm } = evaluateFunction((t) => ({ rm: scalarReadout({ metric, x: t.x, numbers: t.numbers }, t, { middle: 0 }) }), {
    ...parameters,
    x,
    numbers,
  });
  const scalars = patch.map((_, i) => rm.slice(16 * i, 16 * (i + 1)).reduce((sum, value) => sum + value, 0) / 16);
  const { error } = evaluateFunction((t) => ({ error: tf.mean(fitError(t)) }), { ...parameters, x: grid });
  return { squared: scalars.reduce((sum, value) => sum + value * value, 0) / rows, error: error[0] };
}

describe('the curvature penalty on a patch of the sphere', () => {
  it('lowers E[Scal^2] with every larger weight, and the fit pays for it', async () => {
    const first = Object.fromEntries(
      metric.parameters.map(({ name, shape, initializer }) => {
        const scale = initializer.kind === 'normal' ? initializer.standardDeviation : 0;
        return [name, Float32Array.from(normalTensor(name, shape, scale).data)];
      }),
    );
    const fitted = await train(first, { weight: 0, steps: 10_000 });
    const found: { weight: number; squared: number; error: number }[] = [];
    for (const weight of [0, 1e-3, 1e-2, 1e-1, 1]) {
      const { squared, error } = measure(await train(fitted, { weight, steps: 1_500 }));
      found.push({ weight, squared, error });
    }
    console.table(found);
    found.slice(1).forEach(({ squared, error }, i) => {
      expect(squared).toBeLessThan(found[i].squared);
      expect(error).toBeGreaterThan(found[i].error);
    });
    // The sphere has Scal = 2 everywhere; a weight of one leaves little of it.
    expect(Math.abs(found[0].squared - 4)).toBeLessThan(0.8);
    expect(found[4].squared).toBeLessThan(0.4);
  });
});
