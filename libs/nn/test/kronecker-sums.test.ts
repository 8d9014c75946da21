import * as tf from '@tensorflow/tfjs-core';
import type { LayerEntry } from '@geodesic/engine';
import { stopGradient, tap } from '@geodesic/engine/trace';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import type { Tensors } from '../src/index.ts';
import { curvatureModel, labelOf, outerSum, parametersOf, slotOf, sumsOf, classes, type Slot } from './curvature-model.ts';
import { tensor } from './evaluate-function.ts';

const close = { abs: 1e-12, rel: 1e-10 };
const [height, width, channels, filters] = [5, 4, 2, 3];
const [strideY, strideX] = [2, 1];
const positions = 12;

/** conv 3 x 2, stride 2 x 1, same padding (1 above and below, 1 to the right) -> tanh -> mean over pixels -> dense. */
function convNet(sharing: 'expand' | 'reduce') {
  return curvatureModel({
    features: [height, width, channels],
    parameters: { 'conv.weight': [3, 2, channels, filters], 'conv.bias': [filters], 'head.weight': [filters, classes] },
    logits: (t) => {
      const z = tf.add(tf.conv2d(t.x as tf.Tensor4D, t['conv.weight'] as tf.Tensor4D, [strideY, strideX], 'same'), t['conv.bias']);
      return tf.matMul(tf.mean(tf.tanh(z), [1, 2]), t['head.weight']);
    },
    sharing: { conv: sharing },
  });
}

/** What the network's first layer sees and sends back for one example, in plain loops: rows a- [T, I + 1] and g [T, O]. */
function convCases(model: ReturnType<typeof convNet>, slot: Slot, row: number): { a: number[][]; g: number[][] } {
  const {
    'conv.weight': { data: w },
    'conv.bias': { data: b },
    'head.weight': { data: head },
  } = parametersOf(model);
  const pixel = (y: number, x: number, c: number): number =>
    y < 0 || y >= height || x < 0 || x >= width ? 0 : slot.x.data[((row * height + y) * width + x) * channels + c];
  const a = Array.from({ length: positions }, (_, t) => {
    const [oy, ox] = [Math.floor(t / 4), t % 4];
    const patch = [0, 1, 2].flatMap((ky) => [0, 1].flatMap((kx) => [0, 1].map((c) => pixel(oy * strideY + ky - 1, ox * strideX + kx, c))));
    return [...patch, 1];
  });
  const h = a.map((patch) =>
    Array.from({ length: filters }, (_, o) =>
      Math.tanh(patch.reduce((sum, value, i) => sum + value * (i < 12 ? w[i * filters + o] : b[o]), 0)),
    ),
  );
  const logits = Array.from({ length: classes }, (_, k) =>
    h.reduce((sum, unit) => sum + unit.reduce((z, value, o) => z + (value * head[o * classes + k]) / positions, 0), 0),
  );
  const total = logits.reduce((sum, z) => sum + Math.exp(z), 0);
  const cotangent = logits.map((z, k) => Math.exp(z) / total - (k === labelOf(row) ? 1 : 0));
  const g = h.map((unit) =>
    unit.map((value, o) => (1 - value ** 2) * cotangent.reduce((sum, d, k) => sum + (d * head[o * classes + k]) / positions, 0)),
  );
  return { a, g };
}

const sumRows = (rows: readonly (readonly number[])[]): number[] => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0));
const times = (values: readonly number[], factor: number): number[] => values.map((value) => factor * value);

describe('Kronecker sums of a convolution', () => {
  const rows = 4;

  it('are, expanded, the sums over examples and positions, S divided by the positions', () => {
    const model = convNet('expand');
    const slot = slotOf(model, rows);
    const cases = [0, 1, 2].map((row) => convCases(model, slot, row));
    const sums = sumsOf(model, slot);
    expectClose(sums['A/conv'], outerSum(cases.flatMap(({ a }) => a)), close);
    expectClose(sums['S/conv'], times(outerSum(cases.flatMap(({ g }) => g)), 1 / positions), close);
  });

  it('are, reduced, those of the positions added up', () => {
    const model = convNet('reduce');
    const slot = slotOf(model, rows);
    const cases = [0, 1, 2].map((row) => convCases(model, slot, row));
    const sums = sumsOf(model, slot);
    expectClose(sums['A/conv'], outerSum(cases.map(({ a }) => sumRows(a))), close);
    expectClose(sums['S/conv'], outerSum(cases.map(({ g }) => times(sumRows(g), 1 / positions))), close);
  });

  it('leave the gradient as it is', () => {
    const slot = slotOf(convNet('expand'), rows);
    expect(sumsOf(convNet('expand'), slot).gradient).toEqual(sumsOf(convNet('reduce'), slot).gradient);
  });
});

/** A dense layer on the positions of a sequence, then the sum over those that count, then a dense head. */
function sequence(options: { readonly positions: number; readonly sharing?: 'expand' | 'reduce'; readonly keep?: (s: number) => boolean }) {
  const { positions: T, sharing = 'expand', keep = () => true } = options;
  const kept = Array.from({ length: T }, (_, s) => (keep(s) ? 1 : 0));
  const mask = (t: Tensors): tf.Tensor => tf.mul(tf.ones([t.x.shape[0], T]), tf.tensor(kept, [1, T]));
  const logits = (t: Tensors): tf.Tensor => {
    const h = tf.tanh(tf.add(tf.matMul(t.x as tf.Tensor3D, t['word.weight'] as tf.Tensor3D), t['word.bias']));
    return tf.matMul(tf.sum(tf.mul(h, tf.expandDims(mask(t), 2)), 1), t['head.weight']);
  };
  return curvatureModel({
    features: [T, 2],
    parameters: { 'word.weight': [2, 4], 'word.bias': [4], 'head.weight': [4, classes] },
    logits,
    sharing: { word: sharing },
    model: {
      positionMasks: { word: 'mask' },
      forward: (t) => ({ logits: logits(t), mask: mask(t) }),
    },
  });
}

describe('Kronecker sums of shared positions', () => {
  const [rows, T] = [4, 3];

  it('are, expanded, the sums of what each position gives alone', () => {
    const slot = slotOf(sequence({ positions: T }), rows);
    const whole = { ...sequence({ positions: T }), positionMasks: {} };
    const { 'A/word': A, 'S/word': S } = sumsOf(whole, slot);
    const alone = [0, 1, 2].map((only) => {
      // The loss stays that of all positions; the mask of the curvature lets one through.
      const { forward } = sequence({ positions: T });
      const { forward: masked } = sequence({ positions: T, keep: (s) => s === only });
      return sumsOf({ ...sequence({ positions: T }), forward: (t, mode) => ({ ...forward(t, mode), mask: masked(t, mode).mask }) }, slot);
    });
    expectClose(A, sumRows(alone.map((sums) => sums['A/word'])), close);
    expectClose(times(S, T), sumRows(alone.map((sums) => sums['S/word'])), close);
  });

  it.each(['expand', 'reduce'] as const)('count, %s, only the positions that the mask lets through', (sharing) => {
    const short = sequence({ positions: 2, sharing });
    const padded = sequence({ positions: T, sharing, keep: (s) => s < 2 });
    const x = slotOf(short, rows);
    const longer = Array.from({ length: rows }, (_, row) => [...x.x.data.slice(4 * row, 4 * row + 4), 9, -9]).flat();
    const [expected, found] = [sumsOf(short, x), sumsOf(padded, { ...x, x: tensor([rows, T, 2], longer) })];
    for (const name of ['A/word', 'S/word', 'gradient']) expectClose(found[name], expected[name], close);
  });

  it('are the same expanded and reduced where there is one position', () => {
    const dense = sequence({ positions: 1 });
    expect(dense.layers.map(({ sharing }) => sharing)).toEqual(['none', 'none']);
    const reduced = { ...dense, layers: dense.layers.map((layer) => ({ ...layer, sharing: 'reduce' as const })) };
    const slot = slotOf(dense, rows);
    const [plain, other] = [sumsOf({ ...dense, positionMasks: {} }, slot), sumsOf({ ...reduced, positionMasks: {} }, slot)];
    expect(other).toEqual(plain);
  });

  it.each(['expand', 'reduce'] as const)('are, %s, the same for a layer that is tapped once a position', (sharing) => {
    const entry: LayerEntry = {
      name: 'word',
      kind: 'dense',
      inputs: 2,
      outputs: 4,
      bias: true,
      weight: 'word.weight',
      positions: T,
      sharing,
    };
    const together = sequence({ positions: T, sharing });
    const apart = curvatureModel({
      features: [T, 2],
      parameters: { 'word.weight': [2, 4], 'word.bias': [4], 'head.weight': [4, classes] },
      layers: [entry],
      logits: (t) => {
        const steps = tf.unstack(t.x, 1).map((x) => {
          const a = tap(x, { layer: 'word', role: 'input' });
          return tf.tanh(tap(tf.add(tf.matMul(a, t['word.weight']), t['word.bias']), { layer: 'word', role: 'output' }));
        });
        return tf.matMul(tf.addN(steps), t['head.weight']);
      },
    });
    const slot = slotOf(apart, rows);
    const [expected, found] = [sumsOf({ ...together, positionMasks: {} }, slot), sumsOf(apart, slot)];
    for (const name of ['A/word', 'S/word']) expectClose(found[name], expected[name], close);
  });

  it('refuse an entry that says another number of positions, and a mask of another shape', () => {
    const model = sequence({ positions: T });
    const wrong = { ...model, layers: model.layers.map((layer) => ({ ...layer, positions: 5, sharing: 'expand' as const })) };
    expect(() => sumsOf(wrong, slotOf(model, rows))).toThrow(/word: expected 5 positions of each example, as its entry says, got 3/);
    const mask = { ...model, forward: (t: Tensors) => ({ ...model.forward(t, { training: true }), mask: t.weight }) };
    expect(() => sumsOf(mask, slotOf(model, rows))).toThrow(/word: expected a position mask \[4, 3\], got \[4\]/);
  });
});

describe('Kronecker sums of an embedding', () => {
  const [rows, vocabulary, T] = [4, 5, 3];
  const ids = [0, 2, 2, 4, 1, 2, 0, 0, 3, 1, 1, 1];
  const network = (table: (t: Tensors) => tf.Tensor) => (t: Tensors) => tf.matMul(tf.tanh(tf.sum(table(t), 1)), t['head.weight']);
  const parameters = { 'tokens.weight': [vocabulary, 4], 'head.weight': [4, classes] };

  it('count the ids, and have the S of the dense layer on their one-hot vectors', () => {
    const embedded = curvatureModel({
      features: [T],
      parameters,
      logits: network((t) => tf.gather(t['tokens.weight'], tf.cast(t.x, 'int32'))),
    });
    const oneHot = (t: Tensors): tf.Tensor => tf.oneHot(tf.cast(t.x, 'int32'), vocabulary, 1, 0, 'float32');
    const dense = curvatureModel({
      features: [T],
      parameters,
      logits: network((t) => tf.matMul(oneHot(t), t['tokens.weight'])),
    });
    const slot = slotOf(embedded, rows, tensor([rows, T], ids));
    const [found, expected] = [sumsOf(embedded, slot), sumsOf(dense, slot)];
    expect(found['A/tokens']).toEqual([0, 1, 2, 3, 4].map((id) => ids.slice(0, 9).filter((other) => other === id).length));
    expect(found['A/tokens']).toEqual(Array.from({ length: vocabulary }, (_, i) => expected['A/tokens'][i * vocabulary + i]));
    expectClose(found['S/tokens'], expected['S/tokens'], close);
  });

  it('refuse to add positions up: A would not be diagonal', () => {
    const logits = network((t) => tf.gather(t['tokens.weight'], tf.cast(t.x, 'int32')));
    const model = curvatureModel({ features: [T], parameters, logits, sharing: { tokens: 'reduce' } });
    expect(() => sumsOf(model, slotOf(model, rows, tensor([rows, T], ids)))).toThrow(/tokens: expected sharing expand for an embedding/);
  });
});

describe('Kronecker sums of a norm', () => {
  const [rows, T, C] = [4, 3, 2];

  it.each([true, false])('are the products of each example’s gradients of gain and bias (bias %s)', (bias) => {
    const model = curvatureModel({
      features: [T, C],
      parameters: { 'norm.gain': [C], ...(bias && { 'norm.bias': [C] }), 'head.weight': [C, classes] },
      logits: (t) => {
        const scaled = tf.mul(tf.tanh(t.x), t['norm.gain']);
        return tf.matMul(tf.mean(tf.square(bias ? tf.add(scaled, t['norm.bias']) : scaled), 1), t['head.weight']);
      },
    });
    const slot = slotOf(model, rows);
    const expected = new Float64Array((bias ? 3 : 1) * C);
    for (let row = 0; row < rows - 1; row++) {
      const { gradient } = sumsOf(model, { ...slot, weight: slot.weight.map((_, other) => (other === row ? 1 : 0)) });
      for (let c = 0; c < C; c++) {
        const [p, q] = [gradient[c], bias ? gradient[C + c] : 0];
        expected[c] += p * p;
        if (bias) expected[C + c] += p * q;
        if (bias) expected[2 * C + c] += q * q;
      }
    }
    expectClose(sumsOf(model, slot)['U/norm'], expected, close);
  });
});

describe('Kronecker sums below a batch norm', () => {
  const rows = 4;
  /** dense -> normalised with moments of the slot -> dense; `fix` decides what becomes of a moment. */
  const network = (fix: (moment: tf.Tensor) => tf.Tensor) =>
    curvatureModel({
      features: [3],
      parameters: { 'first.weight': [3, 2], 'head.weight': [2, classes] },
      logits: (t) => {
        const z = tf.matMul(t.x, t['first.weight']);
        const weight = tf.expandDims(t.weight, 1);
        const mean = fix(tf.div(tf.sum(tf.mul(weight, z), 0), tf.sum(t.weight)));
        return tf.matMul(tf.square(tf.sub(z, mean)), t['head.weight']);
      },
    });

  it('take tapped moments as constants, while the gradient passes through them', () => {
    const [tapped, constant, plain] = [(m: tf.Tensor) => tap(m, { layer: 'norm', role: 'moment' }), stopGradient, (m: tf.Tensor) => m].map(
      network,
    );
    const slot = slotOf(plain, rows);
    const [found, fixed, coupled] = [tapped, constant, plain].map((model) => sumsOf(model, slot));
    expectClose(found['S/first'], fixed['S/first'], close);
    expectClose(found.gradient, coupled.gradient, close);
    expect(Math.abs(coupled['S/first'][0] - fixed['S/first'][0])).toBeGreaterThan(1e-4);
    expect(Math.abs(coupled.gradient[0] - fixed.gradient[0])).toBeGreaterThan(1e-4);
  });
});
