/**
 * The learning side of a run: what is computed next, and what a round's total sums change. All arithmetic that decides a result
 * happens here, on sums that do not depend on who computed them; each is divided by the global count once.
 */
import type { CheckpointFile } from '@geodesic/checkpoint';
import type { Absorbed, Contribution, Fingerprint, PhasePlan, RoundFailure } from '@geodesic/cluster';
import { openDataset, evaluationSlots, type Dataset } from '@geodesic/data';
import { codecOf, decodeBundle, evaluate, programSumsLength, type Bundle, type PhaseProgram } from '@geodesic/engine';
import type { Linalg } from '@geodesic/linalg';
import {
  createOptimizer,
  dumpFailedFactor,
  type GroupConfig,
  type LayerRegistration,
  type MatrixDump,
  type Optimizer,
  RoundFailedError,
  type RoundRequest,
  type Rounds,
  type RoundTotals,
  type SearchConfig,
  type StateTree,
  type StepOutput,
} from '@geodesic/natural-gradient';
import { batchAt, digestRunSpec, modelName, validateRunSpec, type RunSpec } from '@geodesic/run-spec';
import { entryOf, makeLayout, type Layout, type TensorData } from '@geodesic/tensor';
import { optimizerFile, resumedRun, unfit, type ResumedRun } from './checkpoint-content.ts';
import { advanceState, initialState, type CommittedState } from './committed-state.ts';
import { initialParameters } from './initial-parameters.ts';
import { openLinalg, openLocalLinalg } from './open-linalg.ts';
import { phasePlan, type Stage } from './phase-plan.ts';
import { COMMITTED, resumedState } from './resumed-state.ts';
import type { RunMeta, RunTrainer, TrainerFactory } from './run-meta.ts';
import { stepFailure } from './step-failure.ts';
import { asFloat32, inputsOf, phaseOf, programOf, totalsOf } from './step-rounds.ts';

export { committedArrays, committedFiles, resumedRun, type ResumedRun } from './checkpoint-content.ts';
export type { ResumePoint } from './run-meta.ts';
export { totalsOf } from './step-rounds.ts';

/**
 * The learning side of a submitted bundle, and what the cluster side must know of it; from a checkpoint it goes on with every bit that the
 * run had there.
 * @throws what is wrong with the bundle; {CoordinatorError} CHECKPOINT_UNFIT naming the first thing of the checkpoint that does not fit
 */
export const createTrainer: TrainerFactory = async (bytes, resume) => {
  const opened = openBundle(bytes);
  const resumed = resume && resumedRun(resume.files, { ...resume, layout: makeLayout(opened.bundle.parameters) });
  const trainer = new BundleTrainer(opened, await openLinalg(opened.spec.linalg), resumed);
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
    keep: spec.checkpoint.keep,
    exactness: spec.exactness,
    ...(spec.relaxed?.quorum !== undefined && { quorum: spec.relaxed.quorum }),
    leaseMs: spec.cluster.leaseMs,
    heartbeatMs: spec.cluster.heartbeatMs,
    quarantineMs: spec.cluster.quarantineMs,
    backup: spec.cluster.backup,
    journal: spec.cluster.journal,
    usesPrevious: usesPrevious(opened.bundle),
    subtitle: `${modelName(spec.model)} on ${spec.data.source}, ${layout.size.toLocaleString('en')} parameters`,
  };
  return { trainer, meta };
};

/**
 * Opens the data of a bundle for its sizes and builds its optimiser; without LAPACK, which has to be loaded.
 * @param resume where the run stands; default: before its first step
 * @throws what is wrong with the bundle, {RangeError} for `linalg: lapack`, {CoordinatorError} CHECKPOINT_UNFIT
 */
export function openTrainer(bytes: Uint8Array, resume?: ResumedRun): BundleTrainer {
  const opened = openBundle(bytes);
  return new BundleTrainer(opened, openLocalLinalg(opened.spec.linalg), resume);
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
  return { bundle, spec, dataset: openDataset(spec.data) };
}

/** Whether workers need the last committed change: a program reads it, or a search combines it with a direction. */
function usesPrevious({ phases, search }: Bundle): boolean {
  return (
    search?.['rule'] === 'quadratic' || Object.values(phases).some(({ graph }) => graph.inputs.some(({ name }) => name === 'previous'))
  );
}

/** Failed factors that a run keeps: enough to see what is wrong, few enough to fit on any disk. */
const mostDumps = 8;

/** Names of the committed state beside the optimiser's own. */
const [VALUES, WEIGHTS] = [`${COMMITTED}values`, `${COMMITTED}weights`];

/** A step under way. */
interface OpenStep {
  readonly rounds: Rounds<StepOutput>;
  /** The round that it waits for. */
  readonly request: RoundRequest;
}

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
  readonly #stages: Iterator<Stage, void>;
  readonly #dumps: MatrixDump[] = [];
  #dumped = 0;
  #stage: Stage | undefined;
  #open: OpenStep | undefined;
  #optimizerState: StateTree;
  #committed: CommittedState;

  constructor({ bundle, spec, dataset }: OpenedBundle, linalg: Linalg, resume?: ResumedRun) {
    this.#bundle = bundle;
    this.#dataset = dataset;
    this.spec = spec;
    this.steps = spec.steps!;
    this.layout = makeLayout(bundle.parameters);
    if (resume && resume.step > this.steps)
      throw unfit(`expected a checkpoint of one of the run's ${this.steps} steps, got step ${resume.step}`, 'give the run more steps');
    this.parameters = resume?.parameters.slice() ?? initialParameters(bundle.parameters, spec.seed);
    this.optimizer = createOptimizer({
      groups: bundle.groups.map(({ options, ...group }) => ({ ...group, ...options }) as unknown as GroupConfig),
      layers: registrationsOf(bundle, this.layout),
      parameters: this.layout,
      totalSteps: this.steps,
      search: bundle.search as unknown as SearchConfig | undefined,
      probeEvery: spec.optimizer.probeEvery,
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
    const first = this.#firstState();
    const { [VALUES]: values, [WEIGHTS]: weights, ...optimizerState } = resume ? resumedState(resume, first) : first;
    this.#optimizerState = optimizerState;
    this.#committed = { values, weights };
    this.state = Float32Array.from(values);
    this.#stages = phasePlan({
      steps: this.steps,
      initialise: bundle.finishInit !== undefined,
      evaluateEvery: spec.evaluate.every,
      hasValidation: dataset.split('validation').size > 0,
      ...(resume && { after: resume.step }),
    });
    this.#advance();
  }

  plan(): PhasePlan | undefined {
    const stage = this.#stage;
    if (!stage) return undefined;
    const { step } = stage;
    if (stage.kind !== 'step') return this.#planned({ step, phase: stage.kind === 'init' ? 'init' : `eval/${stage.split}` });
    this.#open ??= this.#begin(step);
    const { request } = this.#open;
    const phase = phaseOf(request);
    const inputs = inputsOf(this.#program(phase), request);
    return { ...this.#planned({ step, phase, attempt: request.attempt, share: request.share }), ...(inputs && { inputs }) };
  }

  absorb(total: Contribution): Absorbed {
    const stage = this.#stage!;
    if (stage.kind === 'step') {
      const { rounds, request } = this.#open ?? this.#begin(stage.step);
      const totals = totalsOf(this.#program(request.program), total);
      try {
        return this.#goOn(rounds, () => rounds.next(totals));
      } catch (error) {
        throw stepFailure(error);
      }
    }
    const totals = totalsOf(this.#program(stage.kind), total);
    this.#advance();
    return stage.kind === 'eval' ? evaluated(stage.split, totals) : this.#initialise(totals);
  }

  /**
   * Throws the failure into the step, which may know an answer. What the worker says names a slot, and in another cluster another slot
   * fails first: into the record goes that the round failed. An evaluation in the middle of a run is left out: whether its parameters
   * are good the next gradient tells.
   * @returns undefined where the step has no answer, and at the last evaluations
   */
  reject({ step, phase, reason, worker }: RoundFailure): Absorbed | undefined {
    if (this.#stage?.kind === 'eval' && step < this.steps) {
      this.#advance();
      return {};
    }
    if (this.#open === undefined) return undefined;
    const { rounds } = this.#open;
    const failure = new RoundFailedError({ reason: `step ${step}, phase ${phase}: expected finite sums, got NaN or infinity`, worker });
    try {
      return this.#goOn(rounds, () => rounds.throw(failure));
    } catch (error) {
      if (error === failure) return undefined;
      throw stepFailure(error, `; ${worker}: ${reason}`);
    }
  }

  /** The optimiser's state and the committed state, both in float64; a step replaces their arrays and writes into none. */
  checkpoint(): Readonly<Record<string, CheckpointFile>> {
    const { values, weights } = this.#committed;
    return optimizerFile({ ...this.#optimizerState, [VALUES]: values, [WEIGHTS]: weights });
  }

  /** Matrices since the last call; the first {@link mostDumps} of a run. */
  takeDumps(): readonly MatrixDump[] {
    return this.#dumps.splice(0);
  }

  #firstState(): Readonly<Record<string, Float64Array>> {
    const { values, weights } = initialState(this.#bundle.state);
    return { ...this.optimizer.initialState(), [VALUES]: values, [WEIGHTS]: weights };
  }

  #advance(): void {
    this.#stage = this.#stages.next().value ?? undefined;
  }

  #program(phase: string): PhaseProgram {
    const name = programOf(phase);
    const program = this.#bundle.phases[name];
    if (program) return program;
    throw new RangeError(
      `trainer: expected a program ${name} in the bundle, which its optimizer asks for, got ${Object.keys(this.#bundle.phases).join(', ')}`,
    );
  }

  #planned({
    step,
    phase,
    attempt = 0,
    share = 1,
  }: {
    step: number;
    phase: string;
    attempt?: number | undefined;
    share?: number | undefined;
  }): PhasePlan {
    const program = this.#program(phase);
    const slots = Math.max(1, this.#slots(step, phase) * share);
    const codec = codecOf(program);
    const sumsLength = programSumsLength(program, slots * this.#bundle.slotSize);
    return { step, attempt, phase, slots, sumsLength, scalarsLength: program.columns.length, ...(codec && { codec }) };
  }

  /** Initialisation comes before the first step and looks at its batch. */
  #slots(step: number, phase: string): number {
    const [program, split] = phase.split('/');
    if (program !== 'eval') return batchAt(this.spec.batch, Math.max(1, step)).slots;
    return evaluationSlots(this.#dataset.split(split as Parameters<Dataset['split']>[0]).size, this.#bundle.slotSize).slots;
  }

  #begin(step: number): OpenStep {
    const rounds = this.optimizer.step(this.#optimizerState, { step, parameters: this.parameters });
    const first = rounds.next();
    if (first.done === true) throw new RangeError(`trainer: expected step ${step} to ask for a gradient, got an answer at once`);
    this.#open = { rounds, request: first.value };
    return this.#open;
  }

  /** The step with one more round: its next request, or its end. */
  #goOn(rounds: Rounds<StepOutput>, resume: () => IteratorResult<RoundRequest, StepOutput>): Absorbed {
    const next = resume();
    if (next.done === true) return this.#conclude(next.value);
    this.#open = { rounds, request: next.value };
    const { rejected } = next.value;
    return rejected ? { rejected } : {};
  }

  /** The answer of a step; one that takes the last change back leaves the step to be made. */
  #conclude({ update, state: optimizerState, report, layers, measured, rejected, record }: StepOutput): Absorbed {
    this.#open = undefined;
    this.#optimizerState = optimizerState;
    const change =
      update.kind === 'delta'
        ? { delta: asFloat32(update.delta) }
        : { combination: { direction: asFloat32(update.direction), alpha: update.alpha, mu: update.mu } };
    if (rejected || !measured) return { update: { ...change, state: this.state.slice() }, ...(rejected && { rejected }) };
    const { step } = this.#stage!;
    const { count, sums } = measured;
    const means = meansOf(measured);
    this.#committed = advanceState(this.#bundle.state, this.#committed, { step, count, means, sums });
    this.#advance();
    const { loss, accuracy, columns } = namedMeans(means);
    // A row each time that something was refreshed: in between only its age changes.
    const isFresh = layers.some(({ staleness, probeError }) => staleness === 0 || probeError !== undefined);
    return {
      update: { ...change, state: Float32Array.from(this.#committed.values) },
      record: { examples: count, ...record },
      measurements: { trainLoss: loss, ...(accuracy !== undefined && { trainAccuracy: accuracy }), ...columns, ...report },
      ...(isFresh && { layers }),
    };
  }

  /** Parameters that the data initialise: the update moves them from their first values to the computed ones. */
  #initialise({ count, sums: read }: RoundTotals): Absorbed {
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

/** Layers as the optimiser knows them. Input factors count as constant where there is a program that leaves them out. */
function registrationsOf({ layers, phases }: Bundle, layout: Layout): LayerRegistration[] {
  const mayRest = phases['grad-stats-moving'] !== undefined;
  return layers.map(({ constantInputs = false, ...layer }) => ({
    ...layer,
    offset: entryOf(layout, layer.weight).offset,
    ...(constantInputs && mayRest && { constantInputs }),
  }));
}

function meansOf({ columns, count }: Pick<RoundTotals, 'columns' | 'count'>): Map<string, number> {
  return new Map([...columns].map(([name, sum]) => [name, sum / count]));
}

/** What a split's totals say: every column divided by the examples, once. */
export function evaluated(split: string, totals: RoundTotals): Pick<Absorbed, 'evaluation'> {
  const { loss, accuracy, columns } = namedMeans(meansOf(totals));
  const others = Object.keys(columns).length > 0 ? { columns } : {};
  return { evaluation: { split, loss, ...(accuracy !== undefined && { accuracy }), ...others, examples: totals.count } };
}

/** Column means under the names that people read: the mean of `hit` is the accuracy. */
function namedMeans(means: ReadonlyMap<string, number>): { loss: number; accuracy: number | undefined; columns: Record<string, number> } {
  const { loss, hit: accuracy, ...columns } = Object.fromEntries(means) as Record<string, number>;
  return { loss, accuracy, columns };
}
