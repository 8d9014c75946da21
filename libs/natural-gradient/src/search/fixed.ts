/**
 * The search `fixed`: every group answers for itself, by its learning rate, KL clip and momentum; the updates are put together and rounded
 * once. Groups go in their order of the config; what needs rounds gets them one after the other.
 */
import { requireFinite } from '../finite.ts';
import { gradientRound } from '../gradient-round.ts';
import { gather, scatter } from '../group.ts';
import { type GroupReport, stepReport } from '../report.ts';
import { type Rounds, roundsOf } from '../rounds.ts';
import { scalar, type StateTree, stateVersion, withScope } from '../state.ts';
import { squaredNorm } from '../vector.ts';
import { roundedTo } from './combine.ts';
import type { GroupLayerReport, Search, SearchInput, SearchOptions, StepOutput } from './search.ts';

/** Each group by its own rate. No state. */
export class FixedSearch implements Search {
  readonly #options: SearchOptions;

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  initialState(): StateTree {
    return {};
  }

  *step(before: StateTree, { step, parameters, scratch }: SearchInput): Rounds<StepOutput> {
    const { model, precision } = this.#options;
    const round = yield* gradientRound(model, before, { step, scratch: scratch.gradient });
    const { count, gradient, gradientSquare, columns, statistics, states } = round;

    const state: StateTree = { version: scalar(stateVersion), step: scalar(step) };
    const reports: GroupReport[] = [];
    const layers: GroupLayerReport[] = [];
    for (const [i, group] of model.groups.entries()) {
      const { name, spans } = group;
      const input = { step, count, gradient: gather(gradient, spans), parameters: gather(parameters, spans), statistics };
      const output = yield* roundsOf(group.step(states[i], input));
      scatter(output.update, spans, scratch.update);
      Object.assign(state, withScope(output.state, name));
      reports.push({ name, report: output.report });
      layers.push(...(output.layers ?? []).map((row) => ({ group: name, ...row })));
    }

    const updateSquare = squaredNorm(scratch.update);
    const delta = roundedTo(precision, scratch.update);
    requireFinite(delta, model.layout, 'update', updateSquare);
    return {
      update: { kind: 'delta', delta },
      delta,
      state,
      report: stepReport({ groups: reports, gradientSquare, updateSquare }),
      layers,
      measured: { count, columns, sums: statistics },
    };
  }
}
