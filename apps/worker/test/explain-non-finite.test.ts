import type { Contribution } from '@geodesic/cluster';
import { Expressions, GraphBuilder, evaluate, vjp, type NamedTensors, type PhaseProgram } from '@geodesic/engine';
import { makeLayout, type TensorData } from '@geodesic/tensor';
import { describe, expect, it } from 'vitest';
import { areFinite, explainNonFinite, requireFiniteSums, type SumsOrigin } from '../src/explain-non-finite.ts';
import { ProgramFailure } from '../src/program-failure.ts';

const layout = makeLayout([
  { name: 'stem.weight', shape: [2, 2] },
  { name: 'head.weight', shape: [2, 1] },
]);

/** y = ((x W1) / max(x W1)) W2 by rows, which is 0 / 0 for a row that W1 maps to zero; the gradient of the sum of y. */
function dividing({ tapped }: { readonly tapped: boolean }): PhaseProgram {
  const builder = new GraphBuilder();
  const x = new Expressions(builder);
  const rows = builder.input('x', [2, 2], 'float32');
  const theta = builder.input('theta', [layout.size], 'float32');
  const [stem, head] = layout.entries.map(({ offset, size, shape }) =>
    builder.add('Reshape', [builder.add('Slice', [theta], { begin: [offset], size: [size] })], { shape }),
  );
  const tap = (value: number, layer: string): number => (tapped ? builder.add('Tap', [value], { layer, role: 'output' }) : value);
  const hidden = tap(x.matMul(rows, stem), 'stem');
  const scale = builder.add('Max', [hidden], { axes: [1], keepDims: true });
  const y = tap(x.matMul(x.unary('Tanh', x.div(hidden, scale)), head), 'head');
  const [gradient] = vjp(builder, [{ id: x.sum(y, [0, 1]), cotangent: builder.constant(1) }], [theta]);
  builder.output('examples', y);
  builder.output('sum:gradient', gradient);
  return { graph: builder.build(), columns: ['y'], sums: [{ name: 'gradient', shape: [layout.size], symmetric: false }], random: [] };
}

function tensor(shape: readonly number[], data: readonly number[]): TensorData {
  return { dtype: 'float32', shape, data: Float32Array.from(data) };
}

/** Slot 3 has a row of zeros; `weight` is an input that the program does not read. */
function inputsOf(slot: number): NamedTensors {
  const x = tensor([2, 2], slot === 3 ? [1, 2, 0, 0] : [1, 2, 3, 4]);
  return { x, theta: tensor([6], [1, 0, 0, 1, 1, 1]), weight: tensor([2], [1, 1]) };
}

function origin(program: PhaseProgram): SumsOrigin & { readonly run: (slot: number) => Pick<Contribution, 'scalars' | 'sums'> } {
  const run = (slot: number): Pick<Contribution, 'scalars' | 'sums'> => {
    const { x, theta } = inputsOf(slot);
    const outputs = evaluate(program.graph, { x, theta }, { precision: 'float64' });
    return { scalars: Float64Array.from(outputs.examples.data), sums: Float32Array.from(outputs['sum:gradient'].data) };
  };
  const slot = (index: number): Promise<Pick<Contribution, 'scalars' | 'sums'>> => Promise.resolve(run(index));
  return { step: 7, phase: 'grad', program, parameters: layout, slot, inputs: inputsOf, run };
}

describe('areFinite', () => {
  it.each([Number.NaN, Infinity, -Infinity])('finds %s among sums and scalars', (value) => {
    const [scalars, sums] = [Float64Array.of(1, 2), Float32Array.of(1, 2, 3)];
    expect(areFinite({ scalars, sums })).toBe(true);
    expect(areFinite({ scalars, sums: Float32Array.of(1, value, 3) })).toBe(false);
    expect(areFinite({ scalars: Float64Array.of(value), sums })).toBe(false);
  });
});

describe('explainNonFinite', () => {
  it('names the operation, its operands and the layer', () => {
    expect(explainNonFinite(dividing({ tapped: true }), inputsOf(3), layout)).toMatch(
      /^RealDiv float32\[2,2\] near layer 'stem' \(node \d+\) makes NaN of float32\[2,2\] in \[0, 2\] and .*; it reaches output 'examples', 'sum:gradient'$/,
    );
  });

  it('names the nearest parameter where a model has no taps', () => {
    expect(explainNonFinite(dividing({ tapped: false }), inputsOf(3), layout)).toMatch(
      /^RealDiv float32\[2,2\] near parameter 'stem\.weight'/,
    );
  });

  it('says nothing where all is finite', () => {
    expect(explainNonFinite(dividing({ tapped: true }), inputsOf(2), layout)).toBeUndefined();
  });
});

describe('requireFiniteSums', () => {
  const at = origin(dividing({ tapped: true }));
  const contribution = (sums: Float32Array): Contribution => ({
    block: { level: 1, index: 1 },
    count: 4,
    scalars: new Float64Array(1),
    sums,
  });

  it('names step, phase and the slot of the block that is at fault', async () => {
    const failing = requireFiniteSums(contribution(at.run(3).sums), at);
    await expect(failing).rejects.toThrow(
      /^step 7, phase grad, slot 3: expected finite sums, got RealDiv float32\[2,2\] near layer 'stem'/,
    );
    await expect(failing).rejects.toBeInstanceOf(ProgramFailure);
  });

  it('computes nothing again where sums are finite', async () => {
    const unused = (): never => {
      throw new Error('not to be called');
    };
    await expect(requireFiniteSums(contribution(at.run(2).sums), { ...at, slot: unused, inputs: unused })).resolves.toBeUndefined();
  });

  it('leaves to the coordinator what only this host finds not finite', async () => {
    const block = { level: 0, index: 2 };
    const spoiled = { ...contribution(Float32Array.of(Number.NaN)), block };
    await expect(requireFiniteSums(spoiled, { ...at, slot: () => Promise.resolve(spoiled) })).resolves.toBeUndefined();
  });
});
