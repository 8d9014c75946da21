/**
 * The learning side of a run: what is computed next, and what a round's total sums change. All arithmetic that decides a result
 * happens here, on sums that do not depend on who computed them; each is divided by the global count once.
 */
import { float64Tensor, type CheckpointFile } from '@geodesic/checkpoint';
import type { Absorbed, Contribution, Fingerprint } from '@geodesic/cluster';
import { openDataset, evaluationSlots, type Dataset } from '@geodesic/data';
import { decodeBundle, evaluate, readSums, sumsLength, type Bundle } from '@geodesic/engine';
import type { Linalg } from '@geodesic/linalg';
import {
  createOptimizer,
  dumpFailedFactor,
  type GroupConfig,
  type LayerRegistration,
  type MatrixDump,
  type Optimizer,
  type StateTree,
} from '@geodesic/natural-gradient';
import { digestRunSpec, modelName, validateRunSpec, type RunSpec } from '@geodesic/run-spec';
import { entryOf, makeLayout, type Layout, type TensorData } from '@geodesic/tensor';
import { advanceState, initialState, type CommittedState } from './committed-state.ts';
import { initialParameters } from './initial-parameters.ts';
import { openLinalg, openLocalLinalg } from './open-linalg.ts';
import { phasePlan, type PlannedPhase } from './phase-plan.ts';
import type { RunMeta, RunTrainer, TrainerFactory } from './run-meta.ts';

/** The learning side of a submitted bundle, and what the cluster side must know of it. @throws what is wrong with the bundle */
export const createTrainer: TrainerFactory = async (bytes) => {
  const opened = openBundle(bytes);
  const trainer = new BundleTrainer(opened, await openLinalg(opened.spec.linalg));
  const { spec, steps, layout } = trainer;
  const meta: RunMeta = {
    spec,
    specDigest: digestRunSpec(spec),
    name: spec.name,
    seed: spec.seed,
    steps,
    slots: spec.batch.slots,
    parametersLayout: layout,
    engine: spec.engine,
    checkpointEvery: spec.checkpoint.every,
    leaseMs: spec.cluster.leaseMs,
    heartbeatMs: spec.cluster.heartbeatMs,
    subtitle: `${modelName(spec.model)} on ${spec.data.source}, ${layout.size.toLocaleString('en')} parameters`,
  };
  return { trainer, meta };
};

/**
 * Opens the data of a bundle for its sizes and builds its optimiser; without LAPACK, which has to be loaded.
 * @throws what is wrong with the bundle, {RangeError} for `linalg: lapack`
 */
export function openTrainer(bytes: Uint8Array): BundleTrainer {
  const opened = openBundle(bytes);
  return new BundleTrainer(opened, openLocalLinalg(opened.spec.linalg));
}

/** A bundle's parts that a trainer stands on. */
interface OpenedBundle {
  readonly bundle: Bundle;
  readonly spec: RunSpec;
  readonly dataset: Dataset;
}

function openBundle(bytes: Uint8Array): OpenedBundle {
  const bundle = decodeBundle(bytes);
  const spec = validateRunSpec(bundle.spec, 'bundle');
  return { bundle, spec, dataset: openDataset({ source: spec.data.source, validation: spec.data.validation }) };
}

/** Failed factors that a run keeps: enough to see what is wrong, few enough to fit on any disk. */
const mostDumps = 8;

/** A trainer over a bundle. The run loop applies each update to `parameters` and `state`. */
export class BundleTrainer implements RunTrainer {
  readonly parameters: Float32Array;
  readonly state: Float32Array;
  readonly spec: RunSpec;
  readonly layout: Layout;
  readonly steps: number;
  readonly optimizer: Optimizer;
  readonly fingerprint: Fingerprint;
  readonly #bundle: Bundle;
  readonly #dataset: Dataset;
  readonly #rounds: Iterator<PlannedPhase, void>;
  readonly #dumps: MatrixDump[] = [];
  #dumped = 0;
  #next: PlannedPhase | undefined;
  #optimizerState: StateTree;
  #committed: CommittedState;

  constructor({ bundle, spec, dataset }: OpenedBundle, linalg: Linalg) {
    this.#bundle = bundle;
    this.#dataset = dataset;
    this.spec = spec;
    this.steps = spec.steps!;
    this.layout = makeLayout(bundle.parameters);
    this.parameters = initialParameters(bundle.parameters, spec.seed);
    this.optimizer = createOptimizer({
      groups: bundle.groups.map(({ options, ...group }) => ({ ...group, ...options }) as unknown as GroupConfig),
      layers: bundle.layers.map((layer): LayerRegistration => ({ ...layer, offset: entryOf(this.layout, layer.weight).offset })),
      parameters: this.layout,
      totalSteps: this.steps,
      linalg,
      onFailedFactor: (failure) => {
        if (this.#dumped++ < mostDumps) this.#dumps.push(dumpFailedFactor(failure));
      },
    });
    this.fingerprint = {
      node: process.versions.node,
      v8: process.versions.v8,
      arch: process.arch,
      ...this.optimizer.fingerprint,
    };
    this.#optimizerState = this.optimizer.initialState();
    this.#committed = initialState(bundle.state);
    this.state = Float32Array.from(this.#committed.values);
    this.#rounds = phasePlan({
      steps: this.steps,
      initialise: bundle.finishInit !== undefined,
      evaluateEvery: spec.evaluate.every,
      hasValidation: dataset.split('validation').size > 0,
      statisticsDue: (step) => this.optimizer.statisticsDue(step),
    });
    this.#next = this.#rounds.next().value ?? undefined;
  }

  plan(): ReturnType<RunTrainer['plan']> {
    if (!this.#next) return undefined;
    const { step, phase } = this.#next;
    const [program, split] = phase.split('/');
    const { columns, sums } = this.#bundle.phases[program];
    return { step, attempt: 0, phase, slots: this.#slots(split), sumsLength: sumsLength(sums), scalarsLength: columns.length };
  }

  absorb(total: Contribution): Absorbed {
    const { step, phase } = this.#next!;
    const [program, split] = phase.split('/');
    const { columns, sums } = this.#bundle.phases[program];
    const means = new Map(columns.map((column, i) => [column, total.scalars[i] / total.count]));
    const read = readSums(sums, total.sums);
    const absorbed = split
      ? evaluated(split, total.count, means)
      : program === 'init'
        ? this.#initialise(total.count, read)
        : this.#step(step, total.count, read, means);
    this.#next = this.#rounds.next().value ?? undefined;
    return absorbed;
  }

  /** The optimiser's state and the committed state, both in float64. */
  checkpoint(): Readonly<Record<string, CheckpointFile>> {
    const state = { ...this.#optimizerState, 'committed/values': this.#committed.values, 'committed/weights': this.#committed.weights };
    const tensors = Object.entries(state).map(([name, values]) => [name, float64Tensor([values.length], values.slice())] as const);
    return { 'optimizer.safetensors': { tensors: new Map(tensors) } };
  }

  /** Matrices since the last call; the first {@link mostDumps} of a run. */
  takeDumps(): readonly MatrixDump[] {
    return this.#dumps.splice(0);
  }

  #slots(split: string | undefined): number {
    if (!split) return this.spec.batch.slots;
    return evaluationSlots(this.#dataset.split(split as Parameters<Dataset['split']>[0]).size, this.#bundle.slotSize).slots;
  }

  #step(step: number, count: number, read: ReadonlyMap<string, ArrayLike<number>>, means: ReadonlyMap<string, number>): Absorbed {
    const { delta, state, report } = this.optimizer.step(this.#optimizerState, {
      step,
      count,
      gradientSum: read.get('gradient')!,
      statistics: read,
      parameters: this.parameters,
    });
    this.#optimizerState = state;
    this.#committed = advanceState(this.#bundle.state, this.#committed, { step, count, means, sums: read });
    const { loss, accuracy, columns } = namedMeans(means);
    return {
      update: { delta, state: Float32Array.from(this.#committed.values) },
      record: { examples: count },
      measurements: { trainLoss: loss, ...(accuracy !== undefined && { trainAccuracy: accuracy }), ...columns, ...report },
    };
  }

  /** Parameters that the data initialise: the update moves them from their first values to the computed ones. */
  #initialise(count: number, read: ReadonlyMap<string, ArrayLike<number>>): Absorbed {
    const sums = this.#bundle.phases.init.sums.map(({ name, shape }): [string, TensorData] => [
      `sum:${name}`,
      { dtype: 'float64', shape, data: Float64Array.from(read.get(name)!) },
    ]);
    const known: Record<string, TensorData> = {
      count: { dtype: 'float64', shape: [], data: Float64Array.of(count) },
      ...Object.fromEntries(sums),
    };
    const graph = this.#bundle.finishInit!;
    const inputs = Object.fromEntries(graph.inputs.map(({ name }) => [name, known[name]]));
    const delta = new Float32Array(this.layout.size);
    for (const [output, { data }] of Object.entries(evaluate(graph, inputs, { precision: 'float64' }))) {
      const { offset, size } = entryOf(this.layout, output.replace(/^parameter:/, ''));
      for (let i = 0; i < size; i++) delta[offset + i] = data[i] - this.parameters[offset + i];
    }
    return { update: { delta, state: this.state.slice() }, record: { examples: count } };
  }
}

function evaluated(split: string, examples: number, means: ReadonlyMap<string, number>): Absorbed {
  const { loss, accuracy, columns } = namedMeans(means);
  const others = Object.keys(columns).length > 0 ? { columns } : {};
  return { evaluation: { split, loss, ...(accuracy !== undefined && { accuracy }), ...others, examples } };
}

/** Column means under the names that people read: the mean of `hit` is the accuracy. */
function namedMeans(means: ReadonlyMap<string, number>): { loss: number; accuracy: number | undefined; columns: Record<string, number> } {
  const { loss, hit: accuracy, ...columns } = Object.fromEntries(means) as Record<string, number>;
  return { loss, accuracy, columns };
}
