/** Recipes of real size learn toy data by their own gradients, with Adam, on the native executor. */
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { deriveKey, fillNormal, fillUniform } from '@geodesic/random';
import { makeLayout, sizeOf, stridesOf, viewOf, type TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import {
  autoencoder,
  buildPrograms,
  classificationTask,
  cnnClassifier,
  dense,
  gru,
  layeredModel,
  sequential,
  transformerClassifier,
  type Model,
} from '../src/index.ts';

const rows = 32;

interface Examples {
  /** [B, ...] features and targets; no targets where the features are. */
  readonly x: Float32Array;
  readonly y?: Int32Array;
}

/** Keyed uniform numbers. */
function uniforms(length: number, ...path: readonly (string | number)[]): Float32Array {
  const values = new Float32Array(length);
  fillUniform(deriveKey(5, ...path), 0, values);
  return values;
}

function initial(model: Model): Float32Array {
  const layout = makeLayout(model.parameters);
  const theta = new Float32Array(layout.size);
  for (const { name, initializer } of model.parameters) {
    const values = viewOf(layout, theta, name);
    if (initializer.kind === 'constant') values.fill(initializer.value);
    else if (initializer.kind === 'uniform') {
      values.set(uniforms(values.length, name).map((u) => initializer.low + (initializer.high - initializer.low) * u));
    } else {
      // Orthogonal starts are drawn as normal ones of the same scale: this test is about gradients.
      const scale = initializer.kind === 'normal' ? initializer.standardDeviation : 1 / Math.sqrt(128);
      fillNormal(deriveKey(5, name), 0, values);
      values.forEach((value, i) => (values[i] = scale * value));
    }
  }
  return theta;
}

/** Mean losses of `steps` steps of Adam, and milliseconds a step. */
async function train(model: Model, { steps, rate, draw }: { steps: number; rate: number; draw: (step: number) => Examples }) {
  const { grad } = buildPrograms({ model, slotSize: rows, curvature: new Map() }).phases;
  const executor = onnxCpuExecutor();
  const program = await executor.compile(grad.graph);
  const theta = initial(model);
  const [first, second] = [new Float64Array(theta.length), new Float64Array(theta.length)];
  const losses: number[] = [];
  const state = new Float32Array(model.state.reduce((sum, { shape = [] }) => sum + sizeOf(shape), 0));
  for (let step = 1; step <= steps; step++) {
    const { x, y } = draw(step);
    const values: Record<string, TensorData> = {
      theta: { dtype: 'float32', shape: [theta.length], data: theta },
      state: { dtype: 'float32', shape: [state.length], data: state },
      x: { dtype: 'float32', shape: [rows, ...model.featureShape], data: x },
      weight: { dtype: 'float32', shape: [rows], data: new Float32Array(rows).fill(1) },
      ...(y && { y: { dtype: 'int32', shape: [rows], data: y } }),
    };
    for (const { name, width } of grad.random)
      values[name] = { dtype: 'float32', shape: [rows, width], data: uniforms(rows * width, name, step) };
    const outputs = await program.run(Object.fromEntries(grad.graph.inputs.map(({ name }) => [name, values[name]])));
    const gradient = outputs['sum:gradient'].data;
    const [stride] = stridesOf(outputs.examples.shape);
    const examples = Array.from(outputs.examples.data);
    losses.push(examples.reduce((sum, value, i) => (i % stride === 0 ? sum + value : sum), 0) / rows);
    for (let i = 0; i < theta.length; i++) {
      const g = gradient[i] / rows;
      first[i] = 0.9 * first[i] + 0.1 * g;
      second[i] = 0.99 * second[i] + 0.01 * g * g;
      theta[i] -= (rate * first[i]) / (1 - 0.9 ** step) / (Math.sqrt(second[i] / (1 - 0.99 ** step)) + 1e-8);
    }
  }
  await executor.close();
  const mean = (part: readonly number[]): number => part.reduce((sum, value) => sum + value, 0) / part.length;
  return { before: losses[0], after: mean(losses.slice(-10)) };
}

/** Stripes in one of four directions and phases, with noise: [12, 12, 1]. */
function stripes(step: number): Examples {
  const [noise, phase] = [uniforms(rows * 144, 'noise', step), uniforms(rows, 'phase', step)];
  const y = Int32Array.from({ length: rows }, (_, row) => (row + step) % 4);
  const x = noise.map((value, i) => {
    const [row, u, v] = [Math.floor(i / 144), Math.floor((i % 144) / 12), i % 12];
    const along = [u, v, u + v, u - v][y[row]];
    return value + Math.sin(along + 6 * phase[row]);
  });
  return { x, y };
}

/** Sequences of 1 and 2, padded with 0 to 16; the class is the symbol that leads. */
function majority(step: number): Examples {
  const u = uniforms(rows * 17, 'majority', step);
  const y = new Int32Array(rows);
  const x = new Float32Array(rows * 16);
  for (let row = 0; row < rows; row++) {
    const length = 5 + 2 * Math.floor(5 * u[row * 17]);
    let ones = 0;
    for (let t = 0; t < length; t++) {
      const symbol = u[row * 17 + 1 + t] < 0.5 ? 1 : 2;
      x[row * 16 + t] = symbol;
      ones += Number(symbol === 1);
    }
    y[row] = ones > length / 2 ? 0 : 1;
  }
  return { x, y };
}

/** Points of a curve in the unit cube of 64 dimensions. */
function curve(step: number): Examples {
  const u = uniforms(rows, 'curve', step);
  const x = Float32Array.from({ length: rows * 64 }, (_, i) =>
    0.5 + 0.5 * Math.sin(6 * u[Math.floor(i / 64)] + (i % 64) / 5) > 0.5 ? 1 : 0,
  );
  return { x };
}

/** Whether the first of 8 numbers is positive. */
function recall(step: number): Examples {
  const x = uniforms(rows * 8, 'recall', step).map((value) => 2 * value - 1);
  return { x, y: Int32Array.from({ length: rows }, (_, row) => Number(x[row * 8] > 0)) };
}

describe('recipes learn', () => {
  it.each([false, true])('cnnClassifier tells directions of stripes (batch norm: %s)', async (batchNorm) => {
    const model = cnnClassifier({ imageShape: [12, 12, 1], classes: 4, batchNorm });
    const { before, after } = await train(model, { steps: 150, rate: 3e-3, draw: stripes });
    expect(before).toBeGreaterThan(1);
    expect(after).toBeLessThan(0.1);
  });

  it.each([false, true])('transformerClassifier finds the leading symbol (causal: %s)', async (causal) => {
    const model = transformerClassifier({ vocabulary: 3, classes: 2, positions: 16, width: 64, paddingId: 0, dropout: 0.05, causal });
    const { before, after } = await train(model, { steps: 150, rate: 1e-3, draw: majority });
    expect(before).toBeGreaterThan(0.5);
    expect(after).toBeLessThan(0.2);
  });

  it('autoencoder finds a curve', async () => {
    const { before, after } = await train(autoencoder({ inputs: 64 }), { steps: 300, rate: 1e-3, draw: curve });
    expect(before).toBeGreaterThan(0.6 * 64);
    expect(after).toBeLessThan(0.1 * 64);
  });

  it('a GRU remembers the first number', async () => {
    const net = sequential([
      gru({ name: 'gru', inputs: 1, units: 32, positions: 8, returns: 'last' }),
      dense({ name: 'head', inputs: 32, outputs: 2 }),
    ]);
    const model = layeredModel({ net, featureShape: [8, 1], task: classificationTask({ classes: 2 }), output: 'logits' });
    const { before, after } = await train(model, { steps: 300, rate: 5e-3, draw: recall });
    expect(before).toBeGreaterThan(0.5);
    expect(after).toBeLessThan(0.2);
  });
});
