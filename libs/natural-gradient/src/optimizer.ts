/**
 * The optimiser: groups over one flat theta and a search that decides how far they go. A step is a pure function of (state, parameters,
 * totals of the rounds that it asks for): sums are divided by the count once, everything is float64, and the update is rounded to the
 * precision of the run once, for everyone to apply as theta = fround(theta + delta). P parameters in all.
 */
import { defaultLinalg, type Linalg, type LinalgFingerprint } from '@geodesic/linalg';
import type { Layout } from '@geodesic/tensor';
import type { GroupConfig, LayerRegistration, SearchConfig } from './config.ts';
import { checkGroupNames, checkMethod, checkSearch, checkTotalSteps } from './config-checks.ts';
import { createGroup } from './create-group.ts';
import type { FailedFactorObserver } from './damping/failed-factor.ts';
import { describeGroup, type GroupRow } from './describe.ts';
import { StepInputError } from './errors.ts';
import type { OptimizedModel } from './gradient-round.ts';
import { checkCoverage } from './group-coverage.ts';
import { NaturalGroup, type Precision } from './natural-group.ts';
import { probed } from './probe.ts';
import { numbered } from './request-numbers.ts';
import type { FloatArray, Rounds } from './rounds.ts';
import { FixedSearch } from './search/fixed.ts';
import { QuadraticSearch } from './search/quadratic.ts';
import type { Search, SearchInput, StepOutput } from './search/search.ts';
import { checkState, scalar, type StateTree, stateVersion, withScope } from './state.ts';

/** What a step depends on beside the state and the rounds. */
export interface StepInput {
  /** 1-based; larger than the step that wrote the state. */
  readonly step: number;
  /** theta before the step, [P]; not written to. */
  readonly parameters: FloatArray;
}

/** Optimiser of one run. Holds no state of its own. */
export interface Optimizer {
  /** What a step's bits depend on beside its input, as far as it is known here: the linear algebra. */
  readonly fingerprint: LinalgFingerprint;
  initialState(): StateTree;
  /**
   * One step, as a generator: it yields the rounds that it wants, one after the other, and returns what the step leads to. The state
   * given is not written to, so a step that is given up needs no repair. A round that failed is told by throwing a RoundFailedError into it.
   * @throws {NonFiniteError} naming the parameter or layer
   * @throws {MissingStatisticsError | SingularFactorError} naming the layer
   * @throws {SearchFailedError} after too many attempts
   * @throws {StepInputError | StateError} at once, when input or state are not this optimiser's
   */
  step(state: StateTree, input: StepInput): Rounds<StepOutput>;
  /** A row for every group, for people. */
  describe(): readonly GroupRow[];
}

/** What an optimiser is made from. */
export interface OptimizerOptions {
  readonly groups: readonly GroupConfig[];
  /** Layers that groups may name; others may be there too. */
  readonly layers: readonly LayerRegistration[];
  /** The layout of theta. */
  readonly parameters: Layout;
  /** Length of the run, for the schedules. */
  readonly totalSteps: number;
  /** Default: `fixed`. */
  readonly search?: SearchConfig | undefined;
  /** What updates, and vectors that rounds broadcast, are rounded to; `float64` rounds nothing. Default `float32`. */
  readonly precision?: Precision | undefined;
  /** A probe of each layer's curvature at steps 1, 1 + n, 1 + 2n, ...; see probe.ts. Default 0: never. */
  readonly probeEvery?: number | undefined;
  /** What inverts factors and preconditions gradients; default: the backend `auto`. Its fingerprint is the optimiser's. */
  readonly linalg?: Linalg | undefined;
  /** Told of every Kronecker factor that left the first rung of its inverse; changes nothing. */
  readonly onFailedFactor?: FailedFactorObserver | undefined;
}

/**
 * Creates an optimiser.
 * @throws {OptimizerConfigError} naming the group and field
 * @throws {CoverageError} for a parameter with no group or several
 */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  const { groups: configs, parameters: layout, search: searchConfig = { rule: 'fixed' }, precision = 'float32', probeEvery = 0 } = options;
  checkTotalSteps(options.totalSteps);
  checkGroupNames(configs);
  for (const group of configs) checkMethod(group);
  checkSearch(searchConfig, configs);
  checkCoverage(configs, layout);
  const model = modelOf(options, { precision, ownSearch: searchConfig.rule === 'fixed' });
  const search: Search =
    searchConfig.rule === 'fixed' ? new FixedSearch({ model, precision }) : new QuadraticSearch(searchConfig, { model, precision });
  const initialState = (): StateTree => {
    const scoped = model.groups.map((group) => withScope(group.initialState(), group.name));
    return Object.assign({ version: scalar(stateVersion), step: scalar(0) }, ...scoped, search.initialState()) as StateTree;
  };
  const fresh = initialState();
  function* stepped(state: StateTree, input: SearchInput): Rounds<StepOutput> {
    const output = yield* search.step(state, input);
    const isDue = probeEvery > 0 && (input.step - 1) % probeEvery === 0 && output.rejected === undefined;
    return isDue ? yield* probed(model.groups, output) : output;
  }
  const lent = workSpaces(layout.size);
  return {
    fingerprint: (options.linalg ?? defaultLinalg()).fingerprint,
    initialState,
    step: (state, input) => {
      checkState(state, fresh);
      checkInput(state, input, layout);
      return numbered(lent((scratch) => stepped(state, { ...input, scratch })));
    },
    describe: () => configs.map((group) => describeGroup(group, layout)),
  };
}

function modelOf(options: OptimizerOptions, own: { precision: Precision; ownSearch: boolean }): OptimizedModel {
  const { layers, parameters: layout, totalSteps, linalg, onFailedFactor } = options;
  const tools = { layers, parameters: layout, totalSteps, linalg, onFailedFactor, ...own };
  const groups = options.groups.map((config) => createGroup(config, tools));
  const constant = new Set(layers.flatMap(({ constantInputs = false, offset }) => (constantInputs ? [offset] : [])));
  const hasConstantInputs = groups.some(
    (group) => group instanceof NaturalGroup && group.usesStatistics && group.spans.some(({ offset }) => constant.has(offset)),
  );
  return { groups, layout, hasConstantInputs };
}

/** Lends work space of a step's length to steps: one after the other share it, interleaved ones have their own. */
function workSpaces(size: number): <T>(step: (scratch: SearchInput['scratch']) => Rounds<T>) => Rounds<T> {
  const free: SearchInput['scratch'][] = [];
  return function* lend(step) {
    const scratch = free.pop() ?? { gradient: new Float64Array(size), update: new Float64Array(size) };
    const result = yield* step(scratch);
    free.push(scratch);
    return result;
  };
}

function checkInput(state: StateTree, { step, parameters }: StepInput, { size }: Layout): void {
  const last = state['step'][0];
  if (!Number.isSafeInteger(step) || step <= last) throw new StepInputError('step', `an integer above ${last}, the state's step`, step);
  if (parameters.length !== size) throw new StepInputError('parameters', `${size} entries`, `${parameters.length} entries`);
}
