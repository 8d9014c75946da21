/**
 * What a worker computes: from (phase, step, slot) to sums, a pure function of the bundle, the data and the parameters.
 * Runs in the compute thread. Imports no tfjs and no user code: the bundle's graphs are all that is executed.
 */
import type { ComputeRequest, Contribution, Snapshot, SlotComputer, StreamedUpdate } from '@geodesic/cluster';
import { evaluationExamples, openDataset, slotExamples, type Dataset, type Split } from '@geodesic/data';
import { decodeBundle, stateLayout, type Bundle, type Executor, type NamedTensors } from '@geodesic/engine';
import { openExecutor } from '@geodesic/engine/executors';
import { batchAt, examplesBefore, validateRunSpec, type RunSpec } from '@geodesic/run-spec';
import { makeLayout, type Layout } from '@geodesic/tensor';
import { BlockRunner } from './block-runner.ts';
import { requireFiniteSums } from './explain-non-finite.ts';
import { HeldValues } from './held-values.ts';
import { RowBuffers, type SlotRows } from './slot-rows.ts';

/** Prepares a bundle for computing: opens its data, chooses the executor, compiles a phase when it is first asked for. */
export async function createSlotComputer(bytes: Uint8Array): Promise<SlotComputer> {
  const bundle = decodeBundle(bytes);
  const spec = validateRunSpec(bundle.spec, 'bundle');
  const dataset = openDataset(spec.data);
  // One thread a worker: a second one would be a second worker's.
  const executor = await openExecutor(spec.engine === 'auto' ? 'onnx-cpu' : spec.engine, { threads: 1 });
  return new BundleComputer(bundle, spec, dataset, executor);
}

class BundleComputer implements SlotComputer {
  readonly fingerprint: SlotComputer['fingerprint'];
  readonly #bundle: Bundle;
  readonly #spec: RunSpec;
  readonly #dataset: Dataset;
  readonly #executor: Executor;
  readonly #runners: Map<string, Promise<BlockRunner>> = new Map();
  readonly #layout: Layout;
  readonly #held: HeldValues;

  constructor(bundle: Bundle, spec: RunSpec, dataset: Dataset, executor: Executor) {
    this.#bundle = bundle;
    this.#spec = spec;
    this.#dataset = dataset;
    this.#executor = executor;
    const lowerings = Object.entries(bundle.phases).map(([phase, { graph }]) => [`graph ${phase}`, executor.lowering(graph)] as const);
    this.fingerprint = { ...executor.fingerprint, data: dataset.digest, ...Object.fromEntries(lowerings) };
    this.#layout = makeLayout(bundle.parameters);
    this.#held = new HeldValues(executor, { parameters: this.#layout.size, state: stateLayout(bundle.state).size });
  }

  load(snapshot: Snapshot): string {
    return this.#held.load(snapshot);
  }

  apply(update: StreamedUpdate): string {
    return this.#held.apply(update);
  }

  hold(digest: string, vector: Float32Array): void {
    this.#held.hold(digest, vector);
  }

  release(digest: string): void {
    this.#held.release(digest);
  }

  async compute({ step, phase, block, inputs }: ComputeRequest, onSlots?: (slots: number) => void): Promise<Contribution> {
    const { program, split, purposeSuffix } = this.#read(phase);
    const runner = await this.#runner(program);
    const { graph } = this.#bundle.phases[program];
    const { host, placed } = await this.#held.shared(graph, inputs);
    const rowsOf = (slot: number): SlotRows => ({ ...this.#rows({ evaluating: program === 'eval', split, step, slot }), purposeSuffix });
    const contribution = await runner.run(block, rowsOf, placed, onSlots);
    await requireFiniteSums(contribution, {
      step,
      phase,
      program: this.#bundle.phases[program],
      parameters: this.#layout,
      slot: (index) => runner.run({ level: 0, index }, rowsOf, placed),
      inputs: (index) => ({ ...this.#rowInputs(program, rowsOf(index)), ...host }),
    });
    return contribution;
  }

  /** What a phase says: `eval/<split>`, else `<program>` or `<program>/<index>`. Batches of a burn-in draw random numbers of their own. */
  #read(phase: string): { program: string; split: Split; purposeSuffix: string } {
    const [program, rest] = phase.split('/');
    const split = program === 'eval' ? rest : 'train';
    const purposeSuffix = program === 'burnin' && rest !== undefined ? `/${phase}` : '';
    return { program, split: this.#dataset.split(split as Parameters<Dataset['split']>[0]), purposeSuffix };
  }

  #rowInputs(program: string, rows: SlotRows): NamedTensors {
    const { phases, slotSize } = this.#bundle;
    const buffers = new RowBuffers(phases[program], { slotSize, featureShape: this.#dataset.featureShape });
    buffers.fill(rows);
    return buffers.inputs;
  }

  #rows({ evaluating, split, step, slot }: { evaluating: boolean; split: Split; step: number; slot: number }): SlotRows {
    const { seed, batch } = this.#spec;
    const { slotSize } = this.#bundle;
    const { size } = split;
    // Initialisation comes before the first step and looks at its batch.
    const batchStep = Math.max(1, step);
    const { examples: batchExamples, slots } = batchAt(batch, batchStep);
    const position = evaluating ? 0 : examplesBefore(batch, { step: batchStep, trainExamples: size });
    const examples = evaluating
      ? evaluationExamples({ size, rows: slotSize, slot })
      : slotExamples({ seed, size, position, batchExamples, slotSize, slot });
    // Only training rounds gather rows.
    return { split, examples, firstOrdinal: slot * slotSize, roundRows: slots * slotSize, seed, step };
  }

  #runner(program: string): Promise<BlockRunner> {
    const known = this.#runners.get(program);
    if (known) return known;
    const phase = this.#bundle.phases[program];
    if (!phase)
      throw new RangeError(`compute: expected a phase of the bundle (${Object.keys(this.#bundle.phases).join(', ')}), got ${program}`);
    const { featureShape } = this.#dataset;
    const compiled = BlockRunner.compile(phase, this.#executor, { slotSize: this.#bundle.slotSize, featureShape });
    this.#runners.set(program, compiled);
    return compiled;
  }
}
