import { addContributions, type Contribution } from '@geodesic/cluster';
import { openDataset } from '@geodesic/data';
import { codecOf, GraphBuilder, readSums, referenceExecutor, type Executor, type PhaseProgram } from '@geodesic/engine';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { roundSums, type FactorCodecKind } from '@geodesic/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { BlockRunner } from '../src/block-runner.ts';
import { PhaseRunner } from '../src/phase-runner.ts';
import type { SlotRows } from '../src/slot-rows.ts';

const [slotSize, features, slots] = [4, 64, 8];
const rowShape = { slotSize, featureShape: [features] };
const split = openDataset({ source: 'digits' }).split('test');
const onnx = onnxCpuExecutor();
afterAll(() => onnx.close());

const shared = {
  theta: { dtype: 'float32', shape: [1], data: Float32Array.of(0.1) },
  state: { dtype: 'float32', shape: [0], data: new Float32Array(0) },
} as const;

/** For z = x / 10: z^T z, the plain sums of z, and the rows x + 1 where asked for: not zero for padding. */
function phase(changes: Partial<PhaseProgram> & { codec?: FactorCodecKind } = {}): PhaseProgram {
  const { codec, ...rest } = changes;
  const builder = new GraphBuilder();
  const x = builder.input('x', [slotSize, features], 'float32');
  const theta = builder.input('theta', [1], 'float32');
  const z = builder.add('Multiply', [x, theta]);
  builder.output('sum:scaled', builder.add('Sum', [z], { axes: [0] }));
  builder.output('sum:A', builder.add('BatchMatMul', [z, z], { transposeA: true, transposeB: false }));
  if (rest.rows) builder.output('rows:x', builder.add('Add', [x, theta]));
  return {
    graph: builder.build(),
    columns: [],
    sums: [
      { name: 'scaled', shape: [features], symmetric: false },
      { name: 'A', shape: [features, features], symmetric: true, ...(codec && { codec }) },
    ],
    random: [],
    ...rest,
  };
}

/** Slot 5 is empty, slot 6 is half padding. */
function rowsOf(slot: number): SlotRows {
  const filled = slot === 5 ? 0 : slot === 6 ? 2 : slotSize;
  const examples = Int32Array.from({ length: slotSize }, (_, row) => (row < filled ? slot * slotSize + row : -1));
  return { split, examples, firstOrdinal: slot * slotSize, roundRows: slots * slotSize, seed: 3, step: 5 };
}

/** The executor, and the widths of what it compiled, in slots. */
function watched(inner: Executor): { executor: Executor; widths: number[] } {
  const widths: number[] = [];
  const executor: Executor = {
    ...inner,
    compile(graph) {
      widths.push(graph.inputs.filter(({ name }) => /^x(@|$)/.test(name)).length);
      return inner.compile(graph);
    },
  };
  return { executor, widths };
}

/** The tree over single slots, each node of the codec's level rounded: written out. */
async function definition(program: PhaseProgram, executor: Executor): Promise<Contribution> {
  const runner = await PhaseRunner.compile(program, executor, rowShape);
  const codec = codecOf(program);
  let nodes: Contribution[] = [];
  for (let index = 0; index < slots; index++) nodes.push({ block: { level: 0, index }, ...(await runner.run(rowsOf(index), shared)) });
  for (let level = 0; ; level++) {
    if (codec?.level === level) for (const { count, sums } of nodes) if (count > 0) roundSums(sums, codec.segments);
    if (nodes.length === 1) return nodes[0];
    nodes = nodes.flatMap((left, i) => (i % 2 === 0 ? [addContributions(left, nodes[i + 1])] : []));
  }
}

describe('BlockRunner with coded sums', () => {
  for (const codec of ['bf16', 'fp16', 'int8'] as const)
    for (const codecLevel of [0, 1, 2, 3])
      it(`rounds ${codec} at level ${codecLevel} of the tree, and unrolls no wider blocks`, async () => {
        const program = phase({ codec, codecLevel });
        const { executor, widths } = watched(onnx);
        const runner = await BlockRunner.compile(program, executor, rowShape);
        const expected = await definition(program, onnx);
        // Twice: the first block of each width is computed slot by slot, too.
        for (const _twice of [1, 2]) expect(await runner.run({ level: 3, index: 0 }, rowsOf, shared)).toEqual(expected);
        expect(Math.max(...widths)).toBe(codecLevel === 3 ? 1 : 2 ** codecLevel); // the only block of 8 has an empty slot
        expect(expected).not.toEqual(await definition(phase(), onnx));
      });

  it('gives halves that add up to the bits of the whole', async () => {
    const program = phase({ codec: 'int8', codecLevel: 1 });
    const runner = await BlockRunner.compile(program, onnx, rowShape);
    const left = await runner.run({ level: 2, index: 0 }, rowsOf, shared);
    const right = await runner.run({ level: 2, index: 1 }, rowsOf, shared);
    expect(addContributions(left, right)).toEqual(await definition(program, onnx));
  });
});

describe('BlockRunner with gathered rows', () => {
  it.each([
    ['onnx-cpu', onnx],
    ['reference', referenceExecutor()],
  ])('puts the row of each example at its ordinal, slot by slot, on %s', async (_name, inner) => {
    const program = phase({ rows: [{ name: 'x', width: features }] });
    const { executor, widths } = watched(inner);
    const runner = await BlockRunner.compile(program, executor, rowShape);
    const { sums } = await runner.run({ level: 3, index: 0 }, rowsOf, shared);
    const table = readSums(program.sums, sums, program.rows).get('rows:x')!;
    const expected = new Float32Array(slots * slotSize * features);
    for (let slot = 0; slot < slots; slot++) {
      const { examples } = rowsOf(slot);
      const x = new Float32Array(slotSize * features);
      split.fill(examples, x, new Int32Array(slotSize), new Float32Array(slotSize));
      for (let i = 0; i < x.length; i++)
        if (examples[Math.floor(i / features)] >= 0) expected[slot * x.length + i] = x[i] + Math.fround(0.1);
    }
    expect(table).toEqual(expected);
    expect(Math.max(...widths)).toBe(1);
  });

  it('leaves the other sums as they are without rows', async () => {
    const plain = await definition(phase(), onnx);
    const { sums } = await definition(phase({ rows: [{ name: 'x', width: features }] }), onnx);
    expect(sums.subarray(0, plain.sums.length)).toEqual(plain.sums);
  });
});
