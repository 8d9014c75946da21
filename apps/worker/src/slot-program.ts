/**
 * What a worker computes: from (phase, step, slot) to sums, a pure function of the bundle, the data and the parameters.
 * Runs in the compute thread. Imports no tfjs and no user code: the bundle's graphs are all that is executed.
 */
import { applyUpdate, parametersChecksum, type Contribution, type SlotComputer } from '@geodesic/cluster';
import { evaluationExamples, openDataset, slotExamples, type Dataset, type Split } from '@geodesic/data';
import {
  decodeBundle,
  isDeviceExecutor,
  stateLayout,
  type Bundle,
  type DeviceValue,
  type Executor,
  type NamedTensors,
} from '@geodesic/engine';
import { openExecutor } from '@geodesic/engine/executors';
import { validateRunSpec, type RunSpec } from '@geodesic/run-spec';
import { makeLayout, type Layout, type TensorData } from '@geodesic/tensor';
import { BlockRunner } from './block-runner.ts';
import { requireFiniteSums } from './explain-non-finite.ts';
import { RowBuffers, type SlotRows } from './slot-rows.ts';

/** Prepares a bundle for computing: opens its data, chooses the executor, compiles a phase when it is first asked for. */
export async function createSlotComputer(bytes: Uint8Array): Promise<SlotComputer> {
  const bundle = decodeBundle(bytes);
  const spec = validateRunSpec(bundle.spec, 'bundle');
  const dataset = openDataset({ source: spec.data.source, validation: spec.data.validation });
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
  readonly #theta: TensorData;
  readonly #state: TensorData;
  /** The parameters where the executor computes, from their first use on until they change. */
  #placed: DeviceValue | undefined;

  constructor(bundle: Bundle, spec: RunSpec, dataset: Dataset, executor: Executor) {
    this.#bundle = bundle;
    this.#spec = spec;
    this.#dataset = dataset;
    this.#executor = executor;
    const lowerings = Object.entries(bundle.phases).map(([phase, { graph }]) => [`graph ${phase}`, executor.lowering(graph)] as const);
    this.fingerprint = { ...executor.fingerprint, data: dataset.digest, ...Object.fromEntries(lowerings) };
    this.#layout = makeLayout(bundle.parameters);
    const { size } = this.#layout;
    const stateSize = stateLayout(bundle.state).size;
    this.#theta = { dtype: 'float32', shape: [size], data: new Float32Array(size) };
    this.#state = { dtype: 'float32', shape: [stateSize], data: new Float32Array(stateSize) };
  }

  load({ parameters, state }: { readonly parameters: Float32Array; readonly state: Float32Array }): string {
    this.#displace();
    this.#theta.data.set(parameters);
    this.#state.data.set(state);
    return parametersChecksum(parameters);
  }

  apply({ delta, state }: { readonly delta: Float32Array; readonly state: Float32Array }): string {
    this.#displace();
    this.#state.data.set(state);
    return applyUpdate(this.#theta.data as Float32Array, delta);
  }

  async compute({ step, phase, block }: Parameters<SlotComputer['compute']>[0]): Promise<Contribution> {
    const [program, splitName = 'train'] = phase.split('/');
    const runner = await this.#runner(program);
    const split = this.#dataset.split(splitName as Parameters<Dataset['split']>[0]);
    const shared = { theta: await this.#place(), state: this.#state };
    const rowsOf = (slot: number): SlotRows => this.#rows({ evaluating: program === 'eval', split, step, slot });
    const contribution = await runner.run(block, rowsOf, shared);
    await requireFiniteSums(contribution, {
      step,
      phase,
      program: this.#bundle.phases[program],
      parameters: this.#layout,
      slot: (index) => runner.run({ level: 0, index }, rowsOf, shared),
      inputs: (index) => this.#hostInputs(program, rowsOf(index)),
    });
    return contribution;
  }

  /** All that a program may read for a slot, none of it on a device. */
  #hostInputs(program: string, rows: SlotRows): NamedTensors {
    const { phases, slotSize } = this.#bundle;
    const buffers = new RowBuffers(phases[program], { slotSize, featureShape: this.#dataset.featureShape });
    buffers.fill(rows);
    return { ...buffers.inputs, theta: this.#theta, state: this.#state };
  }

  /** The parameters as the executor takes them: on its device, where it has one. */
  async #place(): Promise<TensorData | DeviceValue> {
    if (!isDeviceExecutor(this.#executor)) return this.#theta;
    this.#placed ??= await this.#executor.place(this.#theta);
    return this.#placed;
  }

  #displace(): void {
    this.#placed?.dispose();
    this.#placed = undefined;
  }

  #rows({ evaluating, split, step, slot }: { evaluating: boolean; split: Split; step: number; slot: number }): SlotRows {
    const { seed, batch } = this.#spec;
    const { slotSize } = this.#bundle;
    // Initialisation comes before the first step and looks at its batch.
    const batchStep = Math.max(1, step);
    const examples = evaluating
      ? evaluationExamples({ size: split.size, rows: slotSize, slot })
      : slotExamples({ seed, size: split.size, batchExamples: batch.examples, slots: batch.slots, step: batchStep, slot });
    return { split, examples, firstOrdinal: slot * slotSize, seed, step };
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
