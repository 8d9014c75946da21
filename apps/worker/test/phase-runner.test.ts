import { GraphBuilder, referenceExecutor, type Executor, type PhaseProgram } from '@geodesic/engine';
import { openDataset } from '@geodesic/data';
import { deriveKey, fillUniform } from '@geodesic/random';
import { describe, expect, it } from 'vitest';
import { PhaseRunner } from '../src/phase-runner.ts';
import type { SlotRows } from '../src/slot-rows.ts';

const [slotSize, features] = [4, 64];
const split = openDataset({ source: 'digits' }).split('test');

/** Columns: weight and 1000 times theta's number for each row. Sums: x^T x (symmetric), then the uniforms of every row as they are. */
function probePhase(): PhaseProgram {
  const builder = new GraphBuilder();
  const x = builder.input('x', [slotSize, features], 'float32');
  const weight = builder.input('weight', [slotSize], 'float32');
  const theta = builder.input('theta', [1], 'float32');
  const uniform = builder.input('uniform:probe', [slotSize, 2], 'float32');
  const column = builder.add('Reshape', [weight], { shape: [slotSize, 1] });
  const scaled = builder.add('Multiply', [column, theta]);
  builder.output('examples', builder.add('Concat', [column, scaled], { axis: 1 }));
  builder.output('sum:gram', builder.add('BatchMatMul', [x, x], { transposeA: true, transposeB: false }));
  builder.output('sum:uniform', uniform);
  return {
    graph: builder.build(),
    columns: ['weight', 'scaled'],
    sums: [
      { name: 'gram', shape: [features, features], symmetric: true },
      { name: 'uniform', shape: [slotSize, 2], symmetric: false },
    ],
    random: [{ name: 'uniform:probe', purpose: 'probe', distribution: 'uniform', width: 2 }],
  };
}

const packed = (features * (features + 1)) / 2;
const parameters = {
  theta: { dtype: 'float32', shape: [1], data: Float32Array.of(0.1) },
  state: { dtype: 'float32', shape: [0], data: new Float32Array(0) },
} as const;

function rows(examples: readonly number[], { firstOrdinal = 8, seed = 3, step = 5 } = {}): SlotRows {
  return { split, examples: Int32Array.from(examples), firstOrdinal, roundRows: 16, seed, step };
}

function compile(executor: Executor = referenceExecutor()): Promise<PhaseRunner> {
  return PhaseRunner.compile(probePhase(), executor, { slotSize, featureShape: [features] });
}

describe('PhaseRunner', () => {
  it('packs symmetric sums as their upper triangle, in the order of the table', async () => {
    const runner = await compile();
    const { scalars, sums } = await runner.run(rows([0, 1, 2, -1]), parameters);
    expect([sums.length, scalars.length]).toEqual([packed + 8, 2]);
    const x = new Float32Array(slotSize * features);
    split.fill(Int32Array.of(0, 1, 2, -1), x, new Int32Array(slotSize), new Float32Array(slotSize));
    const entry = (i: number, j: number): number => [0, 1, 2].reduce((sum, row) => sum + x[row * features + i] * x[row * features + j], 0);
    const upper = Array.from({ length: features }, (_, i) => Array.from({ length: features - i }, (_, k) => entry(i, i + k))).flat();
    expect([...sums.subarray(0, packed)]).toEqual(upper);
  });

  it('counts examples, and adds their scalars in float64 in the order of the rows', async () => {
    const { count, scalars } = await (await compile()).run(rows([0, 1, 2, -1]), parameters);
    const tenth = Math.fround(0.1);
    expect(count).toBe(3);
    expect([...scalars]).toEqual([3, tenth + tenth + tenth]);
  });

  it('keys the draws of a row by seed, purpose, step and ordinal in the step: slots share no draw and no slot decides another’s', async () => {
    const runner = await compile();
    const drawn = async (options: Parameters<typeof rows>[1]): Promise<number[]> => [
      ...(await runner.run(rows([0, 1, 2, 3], options), parameters)).sums.subarray(packed),
    ];
    const expected = [8, 9, 10, 11].flatMap((ordinal) => {
      const row = new Float32Array(2);
      fillUniform(deriveKey(3, 'probe', 5), ordinal, row);
      return [...row];
    });
    expect(await drawn({})).toEqual(expected);
    expect((await drawn({ firstOrdinal: 10 })).slice(0, 4)).toEqual(expected.slice(4));
    for (const other of [{ seed: 4 }, { step: 6 }, { firstOrdinal: 0 }]) expect(await drawn(other)).not.toEqual(expected);
  });

  it('draws for a row alike whether or not its neighbours are padding', async () => {
    const runner = await compile();
    const [full, padded] = [await runner.run(rows([0, 1, 2, 3]), parameters), await runner.run(rows([0, -1, -1, -1]), parameters)];
    expect(padded.sums.slice(packed)).toEqual(full.sums.slice(packed));
  });

  it('gives features and targets in the shapes and dtypes that the program declares', async () => {
    const builder = new GraphBuilder();
    builder.output('sum:image', builder.input('x', [slotSize, 8, 8, 1], 'float32'));
    builder.output('sum:target', builder.input('y', [slotSize], 'float32'));
    const sums = [
      { name: 'image', shape: [slotSize, 8, 8, 1], symmetric: false },
      { name: 'target', shape: [slotSize], symmetric: false },
    ];
    const phase: PhaseProgram = { graph: builder.build(), columns: [], sums, random: [] };
    const runner = await PhaseRunner.compile(phase, referenceExecutor(), { slotSize, featureShape: [features] });
    const [x, y] = [new Float32Array(slotSize * features), new Float32Array(slotSize)];
    split.fill(Int32Array.of(3, 5, -1, 2), x, y, new Float32Array(slotSize));
    expect([...(await runner.run(rows([3, 5, -1, 2]), parameters)).sums]).toEqual([...x, ...y]);
  });

  it('runs nothing for a slot of padding: the empty sum', async () => {
    const executor: Executor = {
      ...referenceExecutor(),
      compile: async () => ({ run: () => Promise.reject(new Error('not to be run')), dispose: async () => {} }),
    };
    const { count, sums, scalars } = await (await compile(executor)).run(rows([-1, -1, -1, -1]), parameters);
    expect(count).toBe(0);
    expect([sums.length, scalars.length]).toEqual([packed + 8, 2]);
    expect([...sums, ...scalars].every((value) => value === 0)).toBe(true);
  });
});
