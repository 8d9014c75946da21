/**
 * The search `quadratic` (Martens & Grosse 2015, sections 6.4, 6.5 and 7): for all natural groups together
 *   D = -(C + (lambda + eta_2) I)^-1 grad     rounded as it is broadcast
 *   delta = alpha D + mu M                    M the last change; alpha, mu minimise the model with the exact Gauss-Newton matrix
 *   lambda                                    by Levenberg-Marquardt every T_1 steps, from a trial of the step on its own batch
 * An attempt that raises the objective, or meets anything that is not finite, is given up: theta and M stay, lambda grows, and the step is
 * tried anew with the same gradient and statistics. Where already the gradient at new parameters is not finite the last change is taken
 * back, and the same step begins anew from there. State: `damping`, `previous` [P] (M), `steps` (accepted since a change was last taken
 * back), `rejections` in a row, `attempt` (at the step to come, given up so far), `loss`.
 */
import type { QuadraticSearch as QuadraticConfig } from '../config.ts';
import { NonFiniteError, SearchFailedError } from '../errors.ts';
import { type GradientRound, gradientRound } from '../gradient-round.ts';
import { NaturalGroup } from '../natural-group.ts';
import { stepReport } from '../report.ts';
import { inAttempt } from '../request-numbers.ts';
import type { Rejection, Rounds } from '../rounds.ts';
import { scalar, scopeOf, type StateTree, stateVersion, withScope } from '../state.ts';
import { squaredNorm } from '../vector.ts';
import { combine, roundedTo } from './combine.ts';
import { clippedDamping, dampingMove, movedDamping, nextCalibration, reductionRatio, startCalibration } from './levenberg-marquardt.ts';
import { type Attempt, type Problem, type Proposal, Proposer } from './proposal.ts';
import type { Search, SearchInput, SearchOptions, StepOutput } from './search.ts';
import { countRejection, isNumerical, type NumericalError, reasonOf } from './take-back.ts';

/** Trials of a calibration, at most. */
const mostTrials = 30;

/** All groups by the quadratic model. */
export class QuadraticSearch implements Search {
  readonly #config: QuadraticConfig;
  readonly #options: SearchOptions;
  readonly #proposer: Proposer;

  constructor(config: QuadraticConfig, options: SearchOptions) {
    this.#config = config;
    this.#options = options;
    this.#proposer = new Proposer(config, options);
  }

  initialState(): StateTree {
    const { damping } = this.#config;
    const previous = new Float64Array(this.#options.model.layout.size);
    const counters = { damping: scalar(damping), steps: scalar(0), rejections: scalar(0), attempt: scalar(0), loss: scalar(0) };
    return withScope({ ...counters, previous }, 'search');
  }

  *step(before: StateTree, input: SearchInput): Rounds<StepOutput> {
    const search = scopeOf(before, 'search');
    const begun = search['attempt'][0];
    let round: GradientRound;
    let problem: Problem;
    try {
      const { step, scratch } = input;
      round = yield* inAttempt(gradientRound(this.#options.model, before, { step, scratch: scratch.gradient }), { attempt: begun });
      problem = this.#problem(search, input, round);
    } catch (error) {
      if (!isNumerical(error)) throw error;
      return this.#takeBack(before, input, error);
    }
    // Only now it is known that the changes so far were good.
    const earlier = search['steps'][0] > 0 ? 0 : search['rejections'][0];
    let attempt: Attempt = { damping: search['damping'][0], refresh: problem.isFirst };
    if (this.#config.calibrate && before['step'][0] === 0) attempt = { damping: yield* this.#calibrated(problem, attempt), refresh: true };

    const reasons: string[] = [];
    let rejected: Rejection | undefined;
    for (;;) {
      const number = begun + reasons.length;
      const outcome = yield* inAttempt(this.#attempt(problem, attempt), { attempt: number, rejected });
      if ('proposal' in outcome) {
        const rejections = earlier + reasons.length;
        return this.#accepted({ before, problem, round, attempt, rejections, number, ...outcome });
      }
      reasons.push(outcome.reason);
      if (earlier + reasons.length >= this.#config.maxRejections) throw new SearchFailedError(input.step, reasons, attempt.damping);
      attempt = { damping: clippedDamping(attempt.damping * this.#config.rejectFactor, this.#config), refresh: true };
      rejected = { reason: outcome.reason, damping: attempt.damping };
    }
  }

  /** @throws {NonFiniteError} for statistics or an objective that are not finite */
  #problem(search: StateTree, { step, parameters }: SearchInput, round: GradientRound): Problem {
    const { model, precision } = this.#options;
    const { count, statistics } = round;
    const states = model.groups.map((group, i) => {
      const state = round.states[i];
      if (!(group instanceof NaturalGroup) || !group.statisticsDue(step, state)) return state;
      return group.absorb(state, { step, count, statistics });
    });
    const objective = this.#proposer.objective(round, parameters);
    if (!Number.isFinite(objective)) {
      throw new NonFiniteError({ quantity: 'objective', subject: 'objective', detail: 'the batch', index: 0, value: objective });
    }
    return {
      step,
      count,
      parameters,
      gradient: this.#proposer.regularised(round.gradient, parameters),
      lossGradient: round.gradient,
      states,
      previous: roundedTo(precision, search['previous']),
      isFirst: search['steps'][0] === 0,
      objective,
    };
  }

  /** An attempt: a proposal, tried where that is due, or the reason why there is none. */
  *#attempt(problem: Problem, attempt: Attempt): Rounds<{ proposal: Proposal; after: number | undefined } | { reason: string }> {
    const { reject, adaptEvery } = this.#config;
    try {
      const proposal = yield* this.#proposer.propose(problem, attempt);
      if (!reject && problem.step % adaptEvery !== 0) return { proposal, after: undefined };
      const after = yield* this.#proposer.tried(problem, proposal);
      const reason = this.#objection(problem.objective, after);
      return reason === undefined ? { proposal, after } : { reason };
    } catch (error) {
      if (!isNumerical(error)) throw error;
      return { reason: reasonOf(error) };
    }
  }

  /** Why a step is not taken, if it is not. A rise within the rounding of the objective is none. */
  #objection(before: number, after: number): string | undefined {
    if (!Number.isFinite(after)) return `the objective is not finite after the step (${before} before)`;
    const isRise = this.#config.reject && after - before > this.#proposer.rounding * Math.abs(before);
    return isRise ? `the objective rises from ${before} to ${after}` : undefined;
  }

  /** The first lambda: the rule on one batch again and again, nothing applied. What cannot be evaluated counts as a wrong model. */
  *#calibrated(problem: Problem, { damping }: Attempt): Rounds<number> {
    let calibration = startCalibration(damping, this.#config);
    for (let trial = 0; trial < mostTrials && !calibration.done; trial++) {
      const ratio = yield* this.#ratioAt(problem, calibration.damping);
      calibration = nextCalibration(calibration, ratio, this.#config);
    }
    return calibration.damping;
  }

  *#ratioAt(problem: Problem, damping: number): Rounds<number | undefined> {
    try {
      const proposal = yield* this.#proposer.propose(problem, { damping, refresh: true });
      const after = yield* this.#proposer.tried(problem, proposal);
      return reductionRatio({ before: problem.objective, after, expected: proposal.expected }, this.#proposer.rounding);
    } catch (error) {
      if (!isNumerical(error)) throw error;
      return Number.NaN;
    }
  }

  #accepted(step: {
    before: StateTree;
    problem: Problem;
    round: GradientRound;
    attempt: Attempt;
    number: number;
    rejections: number;
    proposal: Proposal;
    after: number | undefined;
  }): StepOutput {
    const { before, problem, round, attempt, proposal, after } = step;
    const { groups } = this.#options.model;
    const { direction, alpha, mu, delta, joint, expected } = proposal;
    const ratio = after === undefined ? undefined : reductionRatio({ before: problem.objective, after, expected }, this.#proposer.rounding);
    const isDue = after !== undefined && problem.step % this.#config.adaptEvery === 0;
    const damping = isDue ? movedDamping(attempt.damping, dampingMove(ratio), this.#config) : attempt.damping;
    const states = groups.map(({ name }, i) => withScope(joint.answers[i]?.state ?? problem.states[i], name));
    const search = {
      damping: scalar(damping),
      steps: scalar(scopeOf(before, 'search')['steps'][0] + 1),
      rejections: scalar(step.rejections),
      attempt: scalar(0),
      loss: scalar(after ?? problem.objective),
      previous: new Float64Array(delta),
    };
    const own = {
      learningRate: alpha,
      momentum: mu,
      damping: attempt.damping,
      objective: problem.objective,
      attempts: step.number + 1,
      ...(ratio !== undefined && { reductionRatio: ratio }),
    };
    const reports = groups.map(({ name }, i) => ({ name, report: joint.answers[i]?.report ?? {} }));
    const squares = { gradientSquare: round.gradientSquare, updateSquare: squaredNorm(delta) };
    return {
      update: { kind: 'combination', direction, alpha, mu },
      delta,
      state: Object.assign(headOf(problem.step), ...states, withScope(search, 'search')) as StateTree,
      report: { ...stepReport({ groups: reports, ...squares }), ...own },
      layers: groups.flatMap(({ name: group }, i) => (joint.answers[i]?.layers ?? []).map((row) => ({ group, ...row }))),
      measured: { count: round.count, columns: round.columns, sums: round.statistics },
      record: { damping, attempt: step.number },
    };
  }

  /** Gives the attempt up and takes the last change back: to where the gradient was finite, with a larger damping from there on. */
  #takeBack(state: StateTree, { step }: SearchInput, error: NumericalError): StepOutput {
    const { precision } = this.#options;
    const search = scopeOf(state, 'search');
    if (search['steps'][0] === 0) throw error;
    const [before, most] = [search['rejections'][0], this.#config.maxRejections];
    const rejections = countRejection(error, { step, before, most, damping: search['damping'][0] });
    const damping = clippedDamping(search['damping'][0] * this.#config.rejectFactor, this.#config);
    const direction = roundedTo(precision, search['previous']);
    const delta = combine({ direction, alpha: -1, mu: 0 }, direction, precision);
    const next = {
      ...search,
      damping: scalar(damping),
      steps: scalar(0),
      rejections: scalar(rejections),
      attempt: scalar(search['attempt'][0] + 1),
      previous: new Float64Array(delta),
    };
    return {
      update: { kind: 'combination', direction, alpha: -1, mu: 0 },
      delta,
      state: { ...state, ...withScope(next, 'search') },
      report: {},
      layers: [],
      rejected: { reason: reasonOf(error), damping },
    };
  }
}

function headOf(step: number): StateTree {
  return { version: scalar(stateVersion), step: scalar(step) };
}
