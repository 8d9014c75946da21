/**
 * The optimiser: groups over one flat theta. A step is a pure function of (state, input): sums are divided by the count once, each
 * group answers in float64, and the update is rounded to float32 once, for everyone to apply as theta = fround(theta + delta).
 * P parameters in all.
 */
import { defaultLinalg, type Linalg, type LinalgFingerprint } from '@geodesic/linalg';
import type { Layout } from '@geodesic/tensor';
import { AdamGroup } from './adam.ts';
import type { GroupConfig, LayerRegistration } from './config.ts';
import { checkGroupNames, checkMethod, checkTotalSteps } from './config-checks.ts';
import { describeGroup, type GroupRow } from './describe.ts';
import { NonFiniteError, type NonFiniteQuantity, StepInputError } from './errors.ts';
import type { FailedFactorObserver } from './failed-factor.ts';
import { FrozenGroup } from './frozen.ts';
import { type Group, gather, scatter } from './group.ts';
import { checkCoverage, parameterSpans, placeLayers } from './group-coverage.ts';
import { KfacGroup } from './kfac-group.ts';
import { type GroupReport, stepReport } from './report.ts';
import { SgdGroup } from './sgd.ts';
import { checkState, scalar, scopeOf, type StateTree, stateVersion, withScope } from './state.ts';
import { divideInto, squaredNorm } from './vector.ts';

/** Everything that a step depends on, besides the state. */
export interface StepInput {
  /** 1-based; larger than the step that wrote the state. */
  readonly step: number;
  /** Real examples behind the sums. */
  readonly count: number;
  /** Sum of the examples' gradients, [P]. */
  readonly gradientSum: ArrayLike<number>;
  /** `A/<layer>` and `S/<layer>`: full symmetric sums, row-major; needed when {@link Optimizer.statisticsDue}, ignored otherwise. */
  readonly statistics?: ReadonlyMap<string, ArrayLike<number>>;
  /** theta before the step, [P]. */
  readonly parameters: Float32Array;
}

/** What a step answers; all arrays belong to the caller. */
export interface StepOutput {
  /** [P]: theta becomes fround(theta + delta). */
  readonly delta: Float32Array;
  readonly state: StateTree;
  /** Measurements; see report.ts for the keys. */
  readonly report: Record<string, number>;
}

/** Optimiser of one run. Holds no state of its own. */
export interface Optimizer {
  /** What a step's bits depend on beside its input, as far as it is known here: the linear algebra. */
  readonly fingerprint: LinalgFingerprint;
  initialState(): StateTree;
  /** Whether any group absorbs statistics at this step (1-based). */
  statisticsDue(step: number): boolean;
  /**
   * One step; the state given is not written to, so a rejected step needs no repair.
   * @throws {NonFiniteError} naming the parameter or layer
   * @throws {MissingStatisticsError | SingularFactorError} naming the layer
   * @throws {StepInputError | StateError} when input or state are not this optimiser's
   */
  step(state: StateTree, input: StepInput): StepOutput;
  /** A row for every group, for people. */
  describe(): readonly GroupRow[];
}

/** What an optimiser is made from. */
export interface OptimizerOptions {
  readonly groups: readonly GroupConfig[];
  /** Layers that K-FAC groups may name; others may be there too. */
  readonly layers: readonly LayerRegistration[];
  /** The layout of theta. */
  readonly parameters: Layout;
  /** Length of the run, for the schedules. */
  readonly totalSteps: number;
  /** What inverts factors and preconditions gradients; default: the backend `auto`. Its fingerprint is the optimiser's. */
  readonly linalg?: Linalg;
  /** Told of every Kronecker factor that left the first rung of its inverse; changes nothing. */
  readonly onFailedFactor?: FailedFactorObserver;
}

/**
 * Creates an optimiser.
 * @throws {OptimizerConfigError} naming the group and field
 * @throws {CoverageError} for a parameter with no group or several
 */
export function createOptimizer(options: OptimizerOptions): Optimizer {
  checkTotalSteps(options.totalSteps);
  checkGroupNames(options.groups);
  for (const group of options.groups) checkMethod(group);
  checkCoverage(options.groups, options.parameters);
  const groups = options.groups.map((config) => createGroup(config, options));
  const initialState = (): StateTree => {
    const scoped = groups.map((group) => withScope(group.initialState(), group.name));
    return Object.assign({ version: scalar(stateVersion), step: scalar(0) }, ...scoped) as StateTree;
  };
  const fresh = initialState();
  // Work space of a step; nothing of it outlives one.
  const scratch = { gradient: new Float64Array(options.parameters.size), update: new Float64Array(options.parameters.size) };
  return {
    fingerprint: (options.linalg ?? defaultLinalg()).fingerprint,
    initialState,
    statisticsDue: (step) => groups.some((group) => group.statisticsDue(step)),
    step: (state, input) => {
      checkState(state, fresh);
      checkInput(state, input, options.parameters);
      return stepGroups(groups, options.parameters, { state, input, scratch });
    },
    describe: () => options.groups.map((group) => describeGroup(group, options.parameters)),
  };
}

function createGroup(config: GroupConfig, { layers, parameters, totalSteps, linalg, onFailedFactor }: OptimizerOptions): Group {
  switch (config.method) {
    case 'adam':
      return new AdamGroup(config.name, config, { spans: parameterSpans(config, parameters), totalSteps });
    case 'sgd':
      return new SgdGroup(config.name, config, { spans: parameterSpans(config, parameters), totalSteps });
    case 'frozen':
      return new FrozenGroup(config.name, parameterSpans(config, parameters));
    case 'kfac':
    case 'metric-kfac':
      return new KfacGroup(config.name, config, { layers: placeLayers(config, layers, parameters), totalSteps, linalg, onFailedFactor });
  }
}

const MAX_FLOAT32 = 3.4028234663852886e38;

interface StepSource {
  readonly state: StateTree;
  readonly input: StepInput;
  readonly scratch: Readonly<Record<'gradient' | 'update', Float64Array>>;
}

function stepGroups(groups: readonly Group[], layout: Layout, from: StepSource): StepOutput {
  const { step, count, gradientSum, parameters, statistics = new Map() } = from.input;
  const { gradient, update } = from.scratch;
  divideInto(gradient, gradientSum, count);
  const gradientSquare = squaredNorm(gradient);
  if (!Number.isFinite(gradientSquare)) checkFinite(gradient, layout, 'gradient');

  const state: StateTree = { version: scalar(stateVersion), step: scalar(step) };
  const reports: GroupReport[] = [];
  for (const group of groups) {
    const output = group.step(scopeOf(from.state, group.name), {
      step,
      count,
      gradient: gather(gradient, group.spans),
      parameters: gather(parameters, group.spans),
      statistics,
    });
    scatter(output.update, group.spans, update);
    Object.assign(state, withScope(output.state, group.name));
    reports.push({ name: group.name, report: output.report });
  }

  const delta = new Float32Array(update);
  const updateSquare = squaredNorm(update);
  // Below this no entry can have overflowed float32.
  if (!(updateSquare < MAX_FLOAT32 * MAX_FLOAT32)) checkFinite(delta, layout, 'update');
  return { delta, state, report: stepReport({ groups: reports, gradientSquare, updateSquare }) };
}

function checkInput(state: StateTree, { step, count, gradientSum, parameters }: StepInput, { size }: Layout): void {
  const last = state['step'][0];
  if (!Number.isSafeInteger(step) || step <= last) throw new StepInputError('step', `an integer above ${last}, the state's step`, step);
  if (!Number.isSafeInteger(count) || count < 1) throw new StepInputError('count', 'an integer of at least 1', count);
  if (gradientSum.length !== size) throw new StepInputError('gradientSum', `${size} entries`, `${gradientSum.length} entries`);
  if (parameters.length !== size) throw new StepInputError('parameters', `${size} entries`, `${parameters.length} entries`);
}

function checkFinite(values: Float64Array | Float32Array, { entries }: Layout, quantity: NonFiniteQuantity): void {
  const position = values.findIndex((value) => !Number.isFinite(value));
  if (position < 0) return;
  const entry = entries.find(({ offset, size }) => position < offset + size) ?? entries[0];
  const { name: subject, offset } = entry;
  throw new NonFiniteError({ quantity, subject, detail: `parameter '${subject}'`, index: position - offset, value: values[position] });
}
