/**
 * The search `fixed`: every group answers for itself, by its learning rate, KL clip and momentum; the updates are put together and rounded
 * once. Groups go in their order of the config; what needs rounds gets them one after the other.
 * Where a group has a damping to grow, a gradient that is not finite takes the last change back, and the damping of every natural group is
 * four times larger from then on. State then: `previous` [P] (the last change), `steps` (accepted since one was taken back), `rejections`
 * in a row, `attempt` (at the step to come, given up so far), `dampingScale`.
 */
import { requireFinite } from '../finite.ts';
import { type GradientRound, gradientRound } from '../gradient-round.ts';
import { gather, scatter } from '../group.ts';
import { NaturalGroup } from '../natural-group.ts';
import { type GroupReport, stepReport } from '../report.ts';
import { inAttempt } from '../request-numbers.ts';
import { type Rounds, roundsOf } from '../rounds.ts';
import { scalar, scopeOf, type StateTree, stateVersion, withScope } from '../state.ts';
import { squaredNorm } from '../vector.ts';
import { roundedTo } from './combine.ts';
import type { GroupLayerReport, Search, SearchInput, SearchOptions, StepOutput } from './search.ts';
import { countRejection, isNumerical, type NumericalError, reasonOf } from './take-back.ts';

/** What dampings are multiplied by when a change is taken back. */
const dampingGrowth = 4;
/** Changes taken back in a row after which a run stops. */
const mostRejections = 6;

/** Each group by its own rate. */
export class FixedSearch implements Search {
  readonly #options: SearchOptions;
  /** The first group with a damping, which stands for all in messages. */
  readonly #damped: NaturalGroup | undefined;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#damped = options.model.groups.find((group) => group instanceof NaturalGroup);
  }

  initialState(): StateTree {
    if (!this.#damped) return {};
    const previous = new Float64Array(this.#options.model.layout.size);
    const counters = { steps: scalar(0), rejections: scalar(0), attempt: scalar(0), dampingScale: scalar(1) };
    return withScope({ ...counters, previous }, 'search');
  }

  *step(before: StateTree, input: SearchInput): Rounds<StepOutput> {
    const search = scopeOf(before, 'search');
    const attempt = this.#damped ? search['attempt'][0] : 0;
    let round: GradientRound;
    try {
      const { step, scratch } = input;
      round = yield* inAttempt(gradientRound(this.#options.model, before, { step, scratch: scratch.gradient }), { attempt });
    } catch (error) {
      if (!this.#damped || !isNumerical(error) || search['steps'][0] === 0) throw error;
      return this.#takeBack(before, input.step, error);
    }
    return yield* inAttempt(this.#moved(search, input, round), { attempt });
  }

  *#moved(search: StateTree, { step, parameters, scratch }: SearchInput, round: GradientRound): Rounds<StepOutput> {
    const { model, precision } = this.#options;
    const { count, gradient, gradientSquare, columns, statistics, states } = round;
    const dampingScale = this.#damped ? search['dampingScale'][0] : 1;

    const state: StateTree = { version: scalar(stateVersion), step: scalar(step) };
    const reports: GroupReport[] = [];
    const layers: GroupLayerReport[] = [];
    for (const [i, group] of model.groups.entries()) {
      const { name, spans } = group;
      const input = { step, count, gradient: gather(gradient, spans), parameters: gather(parameters, spans), statistics, dampingScale };
      const output = yield* roundsOf(group.step(states[i], input));
      scatter(output.update, spans, scratch.update);
      Object.assign(state, withScope(output.state, name));
      reports.push({ name, report: output.report });
      layers.push(...(output.layers ?? []).map((row) => ({ group: name, ...row })));
    }

    const updateSquare = squaredNorm(scratch.update);
    const delta = roundedTo(precision, scratch.update);
    requireFinite(delta, model.layout, 'update', updateSquare);
    if (this.#damped) Object.assign(state, withScope(accepted(search, new Float64Array(delta)), 'search'));
    return {
      update: { kind: 'delta', delta },
      delta,
      state,
      report: stepReport({ groups: reports, gradientSquare, updateSquare }),
      layers,
      measured: { count, columns, sums: statistics },
    };
  }

  /** Gives the step up and takes the last change back; the momentum that led there is forgotten. */
  #takeBack(before: StateTree, step: number, error: NumericalError): StepOutput {
    const { model, precision } = this.#options;
    const search = scopeOf(before, 'search');
    const scale = search['dampingScale'][0];
    const damping = this.#damped!.config.damping * scale;
    const rejections = countRejection(error, { step, before: search['rejections'][0], most: mostRejections, damping });
    const delta = roundedTo(precision, search['previous']);
    for (let i = 0; i < delta.length; i++) delta[i] = -delta[i];
    const next = {
      dampingScale: scalar(scale * dampingGrowth),
      steps: scalar(0),
      rejections: scalar(rejections),
      attempt: scalar(search['attempt'][0] + 1),
      previous: new Float64Array(delta),
    };
    const velocities = model.groups.map(({ name }) => `${name}/velocity`).filter((key) => key in before);
    const atRest = Object.fromEntries(velocities.map((key) => [key, new Float64Array(before[key].length)]));
    return {
      update: { kind: 'delta', delta },
      delta,
      state: { ...before, ...atRest, ...withScope(next, 'search') },
      report: {},
      layers: [],
      rejected: { reason: reasonOf(error), damping: damping * dampingGrowth },
    };
  }
}

/** The search's state after a step. Only a finite gradient shows that the change before it was good. */
function accepted(search: StateTree, previous: Float64Array): StateTree {
  const rejections = search['steps'][0] > 0 ? scalar(0) : search['rejections'];
  return { ...search, steps: scalar(search['steps'][0] + 1), rejections, attempt: scalar(0), previous };
}
