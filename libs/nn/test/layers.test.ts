import { CoupledExamplesError, checkRowIndependence, findTaps } from '@geodesic/engine';
import { sizeOf, type TensorData } from '@geodesic/tensor';
import { expectClose } from '@geodesic/testing';
import { describe, expect, it } from 'vitest';
import {
  activation,
  batchNorm,
  dense,
  dropout,
  embedding,
  flatten,
  groupNorm,
  gru,
  layerNorm,
  learnedPositions,
  multiHeadAttention,
  residual,
  rmsNorm,
  sequential,
  sinusoidalPositions,
  type ActivationName,
  type Layer,
} from '../src/index.ts';
import { tensor } from './evaluate-function.ts';
import { lengthsMask, positions, rows, sequence, width } from './sequences.ts';
import { expectDerivatives, inputsOf, interpret, normal, runLayer, traceLayer, type LayerRun } from './run-layer.ts';

const ids: TensorData = { dtype: 'int32', shape: [rows, positions], data: Int32Array.from({ length: 20 }, (_, i) => (i * 7) % 8) };
const smooth: readonly ActivationName[] = ['linear', 'gelu', 'gelu-tanh', 'silu', 'softplus', 'tanh', 'sigmoid', 'relu', 'elu'];

interface LayerCase extends LayerRun {
  readonly title: string;
  /** Whether examples of a slot are coupled. */
  readonly coupled?: true;
}

const attention = (causal: boolean): Layer => multiHeadAttention({ name: 'att', width, heads: 2, positions, causal });
const recurrent = (returns: 'sequence' | 'last'): Layer => gru({ name: 'gru', inputs: width, units: 3, positions, returns });

const cases: readonly LayerCase[] = [
  { title: 'dense', layer: dense({ name: 'd', inputs: 6, outputs: 4 }), x: normal('x', [rows, 6]) },
  { title: 'dense without bias', layer: dense({ name: 'd', inputs: 6, outputs: 4, bias: false }), x: normal('x', [rows, 6]) },
  { title: 'dense over positions', layer: dense({ name: 'd', inputs: width, outputs: 4, positions }), x: sequence },
  { title: 'embedding', layer: embedding({ name: 'e', vocabulary: 8, width: 3, positions }), x: ids },
  { title: 'layer norm', layer: layerNorm({ name: 'n', channels: width, positions }), x: sequence },
  { title: 'RMS norm', layer: rmsNorm({ name: 'n', channels: width, positions }), x: sequence },
  {
    title: 'group norm',
    layer: groupNorm({ name: 'n', channels: 6, groups: 3, positions: 4 }),
    x: normal('x', [rows, 2, 2, 6]),
  },
  { title: 'batch norm in evaluation', layer: batchNorm({ name: 'n', channels: width, positions }), x: sequence },
  {
    title: 'batch norm in training',
    layer: batchNorm({ name: 'n', channels: width, positions }),
    x: sequence,
    training: true,
    coupled: true,
  },
  { title: 'dropout', layer: dropout({ name: 'drop', rate: 0.4, shape: [positions, width] }), x: sequence, training: true },
  { title: 'attention', layer: attention(false), x: sequence },
  { title: 'causal attention', layer: attention(true), x: sequence },
  { title: 'attention with a mask', layer: attention(false), x: sequence, mask: lengthsMask },
  { title: 'causal attention with a mask', layer: attention(true), x: sequence, mask: lengthsMask },
  { title: 'GRU', layer: recurrent('sequence'), x: sequence },
  { title: 'GRU with a mask', layer: recurrent('last'), x: sequence, mask: lengthsMask },
  {
    title: 'residual sequence',
    layer: residual(
      sequential([layerNorm({ name: 'n', channels: width, positions }), dense({ name: 'd', inputs: width, outputs: width, positions })]),
    ),
    x: sequence,
  },
  { title: 'learned positions', layer: learnedPositions({ name: 'p', positions, width }), x: sequence },
  { title: 'sinusoidal positions', layer: sinusoidalPositions({ positions, width }), x: sequence },
  { title: 'flatten', layer: flatten(), x: sequence },
  ...smooth.map((name): LayerCase => ({ title: name, layer: activation(name), x: sequence })),
];

/** Whether a check of row independence finds that examples are coupled. */
function couplesExamples(check: () => void): boolean {
  try {
    check();
    return false;
  } catch (error) {
    if (error instanceof CoupledExamplesError) return true;
    throw error;
  }
}

describe.each(cases)('$title', (run) => {
  const { layer, x, coupled } = run;

  it('has the first and second derivatives of central differences', () => {
    expectDerivatives(run);
  });

  it('lists parameters of the shapes that its captured layers say, bias after weight', () => {
    const at = (weight: string): number => layer.parameters.findIndex(({ name }) => name === weight);
    for (const { kind, weight, inputs, outputs } of layer.entries)
      expect(sizeOf(layer.parameters[at(weight)].shape)).toBe(kind === 'norm' ? outputs : inputs * outputs);
    for (const { weight, outputs } of layer.entries.filter(({ bias }) => bias))
      expect(layer.parameters[at(weight) + 1].shape).toEqual([outputs]);
  });

  it('taps input and output of every captured layer, of all positions', () => {
    const graph = traceLayer(run);
    const taps = findTaps(graph);
    for (const { name, outputs, positions: shared } of layer.entries) {
      const entries = (role: string): number =>
        taps.filter((tap) => tap.layer === name && tap.role === role).reduce((sum, { id }) => sum + sizeOf(graph.nodes[id].shape), 0);
      expect(entries('output')).toBe(x.shape[0] * shared * outputs);
      expect(entries('input')).toBeGreaterThan(0);
    }
    expect(new Set(taps.map((tap) => tap.layer))).toEqual(new Set(layer.entries.map(({ name }) => name)));
  });

  it('couples the examples of a slot only where it says so', () => {
    const rowInputs = ['x', ...(run.mask ? ['mask'] : [])];
    const graph = traceLayer(run);
    const all = inputsOf(run);
    const inputs = Object.fromEntries(graph.inputs.map(({ name }) => [name, all[name]]));
    expect(couplesExamples(() => checkRowIndependence(graph, { rowInputs, rowOutputs: ['y'], inputs }))).toBe(coupled ?? false);
  });
});

describe('dropout', () => {
  const layer = dropout({ name: 'drop', rate: 0.25, shape: [positions, width] });

  it('is a function of its random input: zero below the rate, divided by 1 - rate above', () => {
    const run: LayerRun = { layer, x: sequence, training: true };
    const u = inputsOf(run)['uniform:drop'].data;
    const expected = Array.from(sequence.data, (value, i) => (u[i] < 0.25 ? 0 : value / 0.75));
    expectClose(runLayer(run).y.data, expected, { rel: 1e-12 });
    expect(expected.some((value) => value === 0)).toBe(true);
  });

  it('is the identity in evaluation, and reads no random input there', () => {
    const run: LayerRun = { layer, x: sequence };
    expect(runLayer(run).y.data).toEqual(sequence.data);
    expect(traceLayer(run).inputs.map(({ name }) => name)).toEqual(['x']);
  });

  it('drops whole channels where the mask has an axis of size 1', () => {
    const shared = dropout({ name: 'drop', rate: 0.5, shape: [1, width] });
    const { y } = runLayer({ layer: shared, x: sequence, training: true });
    for (let row = 0; row < rows; row++)
      for (let c = 0; c < width; c++) {
        const channel = Array.from({ length: positions }, (_, t) => y.data[(row * positions + t) * width + c] === 0);
        expect(new Set(channel).size).toBe(1);
      }
  });

  it('refuses a rate of 1', () => {
    expect(() => dropout({ name: 'drop', rate: 1, shape: [2] })).toThrow('drop: expected a rate in [0, 1), got 1');
  });
});

describe('activations', () => {
  const at = [-2, -0.5, 0.25, 3];
  const values = (name: ActivationName): ArrayLike<number> => runLayer({ layer: activation(name), x: tensor([1, 4], at) }).y.data;

  it.each([
    // By the formulas in double precision, with Python's math.erf, tanh, exp, expm1 and log1p.
    ['gelu', [-0.04550026389635842, -0.15426876936299344, 0.14967658142073093, 2.99595030590511]],
    ['gelu-tanh', [-0.04540230591222494, -0.15428599017485606, 0.149675350701685, 2.996362607918227]],
    ['silu', [-0.2384058440442351, -0.1887703343990727, 0.14054412522144952, 2.8577223804672998]],
    ['elu', [-0.8646647167633873, -0.3934693402873666, 0.25, 3]],
    ['softplus', [0.1269280110429725, 0.4740769841801067, 0.8259394198788436, 3.048587351573742]],
  ] as const)('%s has the values of its formula', (name, expected) => {
    expectClose(values(name), expected, { abs: 1e-7 });
  });
});

describe('dense', () => {
  it('names the layer whose input has another shape', () => {
    const layer = dense({ name: 'head', inputs: 6, outputs: 2, positions: 4 });
    expect(() => runLayer({ layer, x: sequence })).toThrow('head: expected an input [B, ..., 6] of 4 positions, got [4, 5, 6]');
  });
});

describe('residual', () => {
  it('refuses a branch of another shape', () => {
    const layer = residual(dense({ name: 'd', inputs: 6, outputs: 2 }));
    expect(() => runLayer({ layer, x: normal('x', [rows, 6]) })).toThrow('residual: expected a branch of shape [4, 6]');
  });
});

describe('sinusoidalPositions', () => {
  it('adds sines and cosines of geometric frequencies', () => {
    const x = tensor([1, positions, width], new Float64Array(positions * width));
    const { y } = runLayer({ layer: sinusoidalPositions({ positions, width }), x });
    const expected = Array.from({ length: positions * width }, (_, i) => {
      const [t, c] = [Math.floor(i / width), i % width];
      const angle = t / 10_000 ** ((2 * Math.floor(c / 2)) / width);
      return c % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    });
    expectClose(y.data, expected, { abs: 1e-7 });
  });
});

describe('sequential', () => {
  it('hands training mode and mask to all of its layers', () => {
    const net = sequential([dropout({ name: 'drop', rate: 0.5, shape: [positions, width] }), recurrent('last')]);
    const graph = traceLayer({ layer: net, x: sequence, mask: lengthsMask, training: true });
    expect(graph.inputs.map(({ name }) => name)).toEqual(expect.arrayContaining(['uniform:drop', 'mask']));
    const inputs = inputsOf({ layer: net, x: sequence, mask: lengthsMask });
    expect(interpret(graph, inputs).y.shape).toEqual([rows, 3]);
  });
});
