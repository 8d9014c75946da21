import { addContributions, type Contribution } from '@geodesic/cluster';
import { openDataset } from '@geodesic/data';
import type { Executor, PhaseProgram } from '@geodesic/engine';
import { onnxCpuExecutor } from '@geodesic/engine/onnx';
import { buildPrograms, cnnClassifier, mlpClassifier, type Model } from '@geodesic/nn';
import { deriveKey, fillNormal } from '@geodesic/random';
import { makeLayout } from '@geodesic/tensor';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { BlockRunner } from '../src/block-runner.ts';
import { PhaseRunner, type SharedInputs } from '../src/phase-runner.ts';
import type { SlotRows } from '../src/slot-rows.ts';

const rowShape = { slotSize: 8, featureShape: [64] };
const split = openDataset({ source: 'digits' }).split('train');
const executor = onnxCpuExecutor();
afterAll(() => executor.close());
afterEach(() => vi.restoreAllMocks());

const models: Readonly<Record<string, Model>> = {
  'an MLP': mlpClassifier({ inputs: 64, classes: 10, hidden: [33, 17], activation: 'tanh' }),
  'a conv net': cnnClassifier({ imageShape: [8, 8, 1], featureShape: [64], classes: 10, filters: [4, 6] }),
};

function rowsOf(slot: number, examples: number = rowShape.slotSize): SlotRows {
  const indices = Int32Array.from({ length: rowShape.slotSize }, (_, row) => (row < examples ? slot * rowShape.slotSize + row : -1));
  return { split, examples: indices, firstOrdinal: slot * rowShape.slotSize, roundRows: 4 * rowShape.slotSize, seed: 3, step: 5 };
}

function sharedOf(model: Model): SharedInputs {
  const normal = new Float32Array(makeLayout(model.parameters).size);
  fillNormal(deriveKey(1, 'test'), 0, normal);
  return {
    theta: { dtype: 'float32', shape: [normal.length], data: normal.map((value) => value * 0.2) },
    state: { dtype: 'float32', shape: [0], data: new Float32Array(0) },
  };
}

function phaseOf(model: Model): PhaseProgram {
  const curvature = new Map(model.layers.map(({ name }) => [name, { source: 'sampled', form: 'kronecker' }] as const));
  return buildPrograms({ model, slotSize: rowShape.slotSize, curvature }).phases['grad-stats'];
}

/** The tree over single slots, written out. */
async function slotBySlot(phase: PhaseProgram, rows: readonly SlotRows[], shared: SharedInputs): Promise<Contribution> {
  const runner = await PhaseRunner.compile(phase, executor, rowShape);
  let nodes: Contribution[] = [];
  for (const [index, slot] of rows.entries()) nodes.push({ block: { level: 0, index }, ...(await runner.run(slot, shared)) });
  while (nodes.length > 1) nodes = nodes.flatMap((left, i) => (i % 2 === 0 ? [addContributions(left, nodes[i + 1])] : []));
  return nodes[0];
}

/** Widths of the unrolled programs that an executor compiled, in slots. */
function recording(inner: Executor, alter: (sums: Float32Array) => void = () => undefined): { executor: Executor; widths: number[] } {
  const widths: number[] = [];
  const recorded: Executor = {
    ...inner,
    async compile(graph) {
      const program = await inner.compile(graph);
      const width = graph.inputs.filter(({ name }) => name.startsWith('x@')).length;
      if (width === 0) return program;
      widths.push(width);
      return {
        ...program,
        dispose: () => program.dispose(),
        async run(inputs) {
          const outputs = await program.run(inputs);
          alter(outputs['sum:gradient'].data as Float32Array);
          return outputs;
        },
      };
    },
  };
  return { executor: recorded, widths };
}

describe('BlockRunner', () => {
  for (const [name, model] of Object.entries(models)) {
    it(`gives the bits of single slots added by the tree, for ${name}`, async () => {
      const [phase, shared] = [phaseOf(model), sharedOf(model)];
      const { executor: watched, widths } = recording(executor);
      const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
      const runner = await BlockRunner.compile(phase, watched, rowShape);
      const expected = await slotBySlot(
        phase,
        [0, 1, 2, 3].map((slot) => rowsOf(slot, slot === 3 ? 5 : 8)),
        shared,
      );
      for (const _twice of [1, 2])
        expect(await runner.run({ level: 2, index: 0 }, (slot) => rowsOf(slot, slot === 3 ? 5 : 8), shared)).toEqual(expected);
      expect(widths.length).toBeGreaterThan(0);
      expect(warned).not.toHaveBeenCalled();
    });
  }

  it('takes an empty slot as the identity of the sum', async () => {
    const model = models['an MLP'];
    const [phase, shared] = [phaseOf(model), sharedOf(model)];
    const runner = await BlockRunner.compile(phase, executor, rowShape);
    const rows = (slot: number): SlotRows => rowsOf(slot, slot === 1 ? 0 : 8);
    const expected = await slotBySlot(phase, [0, 1, 2, 3].map(rows), shared);
    expect(await runner.run({ level: 2, index: 0 }, rows, shared)).toEqual(expected);
  });

  it('runs slot by slot, and says so, where an unrolled program has other bits', async () => {
    const model = models['an MLP'];
    const [phase, shared] = [phaseOf(model), sharedOf(model)];
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { executor: off } = recording(executor, (sums) => sums.fill(0.5, -1));
    const runner = await BlockRunner.compile(phase, off, rowShape);
    const expected = await slotBySlot(
      phase,
      [0, 1].map((slot) => rowsOf(slot)),
      shared,
    );
    for (const _twice of [1, 2]) expect(await runner.run({ level: 1, index: 0 }, rowsOf, shared)).toEqual(expected);
    expect(warned).toHaveBeenCalledOnce();
  });
});

describe('BlockRunner: progress', () => {
  it('tells of the slots of a large block as they are done', async () => {
    const model = models['an MLP'];
    const runner = await BlockRunner.compile(phaseOf(model), executor, rowShape);
    const parts: number[] = [];
    // Above the width of any unrolled program of this model.
    const { block } = await runner.run({ level: 5, index: 0 }, rowsOf, sharedOf(model), (slots) => parts.push(slots));
    expect(parts.length).toBeGreaterThan(1);
    expect([block.level, parts.reduce((sum, part) => sum + part, 0)]).toEqual([5, 32]);
  });
});
