/**
 * One attempt of the quadratic search: from a damping to a step, by one round `quad` for the model's products, and to what the objective is
 * there, by a round `trial`.
 */
import type { QuadraticSearch as QuadraticConfig } from '../config.ts';
import { NonFiniteError, StepInputError } from '../errors.ts';
import { requireFinite } from '../finite.ts';
import type { FloatArray, Rounds, RoundTotals } from '../rounds.ts';
import type { StateTree } from '../state.ts';
import { combine, movedBy, roundedTo } from './combine.ts';
import { innerProducts, type JointDirection, jointDirection, l2Term, regularised, stretchesOf } from './joint-problem.ts';
import { roundingShare } from './levenberg-marquardt.ts';
import { type Coefficients, modelChange, type QuadraticModel, solveModel } from './quadratic-model.ts';
import type { SearchOptions } from './search.ts';

/** What all attempts at a step have in common. */
export interface Problem {
  readonly step: number;
  readonly count: number;
  readonly parameters: FloatArray;
  /** With the L2 term, [P]. */
  readonly gradient: Float64Array;
  /** Without it, [P]. */
  readonly lossGradient: Float64Array;
  /** Of every group, the step's statistics absorbed. */
  readonly states: readonly StateTree[];
  /** M */
  readonly previous: FloatArray;
  readonly isFirst: boolean;
  /** h(theta) */
  readonly objective: number;
}

/** A step that an attempt arrived at. */
export interface Proposal extends Coefficients {
  /** D, as it is broadcast. */
  readonly direction: FloatArray;
  readonly joint: JointDirection;
  readonly delta: FloatArray;
  /** m(delta) */
  readonly expected: number;
}

/** Which damping an attempt goes with. */
export interface Attempt {
  readonly damping: number;
  /** Inverses of an earlier damping will not do. */
  readonly refresh: boolean;
}

/** Makes proposals for one search. */
export class Proposer {
  /** Share of a sum that is rounding. */
  readonly rounding: number;
  readonly #momentum: QuadraticConfig['momentum'];
  /** Of the slots, for the model's curvature. */
  readonly #share: number;
  readonly #options: SearchOptions;
  readonly #stretches: ReturnType<typeof stretchesOf>;

  constructor({ momentum, modelShare = 1 }: Pick<QuadraticConfig, 'momentum' | 'modelShare'>, options: SearchOptions) {
    this.rounding = roundingShare[options.precision];
    this.#momentum = momentum;
    this.#share = modelShare;
    this.#options = options;
    this.#stretches = stretchesOf(options.model);
  }

  /** gradient + eta_2 theta, a new array. */
  regularised(gradient: Float64Array, parameters: FloatArray): Float64Array {
    return regularised(this.#stretches, gradient, parameters);
  }

  /** h: the mean of the column `objective`, and the L2 term at the parameters. */
  objective(totals: Pick<RoundTotals, 'columns' | 'count'>, parameters: FloatArray): number {
    return meanOf(totals, 'objective') + l2Term(this.#stretches, parameters);
  }

  /** A step for a damping. @throws {NonFiniteError} where direction, model or step are not finite; what the groups' directions throw */
  *propose(problem: Problem, { damping, refresh }: Attempt): Rounds<Proposal> {
    const { model, precision } = this.#options;
    const { step, lossGradient, parameters, states, previous, isFirst, gradient } = problem;
    const joint = yield* jointDirection(model, { step, gradient: lossGradient, parameters, states, damping, refresh });
    const direction = roundedTo(precision, joint.direction);
    requireFinite(direction, model.layout, 'update');
    const products = yield { program: 'quad', vectors: { direction }, ...(this.#share < 1 && { share: this.#share }) };
    const quadratic = this.#model({ direction, previous, gradient }, products);
    const options = { damping, momentum: isFirst ? ('none' as const) : this.#momentum, tolerance: this.rounding };
    const [alpha, mu] = roundedTo(precision, pairOf(solveModel(quadratic, options)));
    if (!Number.isFinite(alpha) || !Number.isFinite(mu)) {
      throw new NonFiniteError({ quantity: 'update', subject: 'alpha, mu', detail: 'the quadratic model', index: 0, value: alpha + mu });
    }
    const delta = combine({ direction, alpha, mu }, previous, precision);
    requireFinite(delta, model.layout, 'update');
    return { direction, joint, alpha, mu, delta, expected: modelChange(quadratic, { alpha, mu }) };
  }

  #model(at: { direction: FloatArray; previous: FloatArray; gradient: Float64Array }, totals: RoundTotals): QuadraticModel {
    const { direction, previous, gradient } = at;
    const between = (a: FloatArray, b: FloatArray): { plain: number; decayed: number } => innerProducts(this.#stretches, a, b);
    const [dd, dm, mm] = [between(direction, direction), between(direction, previous), between(previous, previous)];
    return {
      slopeD: between(gradient, direction).plain,
      slopeM: between(gradient, previous).plain,
      curvature: {
        DD: meanOf(totals, 'DD') + dd.decayed,
        DM: meanOf(totals, 'DM') + dm.decayed,
        MM: meanOf(totals, 'MM') + mm.decayed,
      },
      square: { DD: dd.plain, DM: dm.plain, MM: mm.plain },
    };
  }

  /** h(theta + delta); NaN where it is not finite for some example. */
  *tried({ parameters }: Problem, { direction, alpha, mu, delta }: Proposal): Rounds<number> {
    const totals = yield { program: 'trial', move: { direction, alpha, mu } };
    if (columnOf(totals, 'sound') < totals.count) return Number.NaN;
    return this.objective(totals, movedBy(parameters, delta, this.#options.precision));
  }
}

function pairOf({ alpha, mu }: Coefficients): [number, number] {
  return [alpha, mu];
}

function columnOf({ columns }: Pick<RoundTotals, 'columns'>, name: string): number {
  const sum = columns.get(name);
  if (sum === undefined) throw new StepInputError(`column '${name}'`, 'a sum over the examples', undefined);
  return sum;
}

function meanOf(totals: Pick<RoundTotals, 'columns' | 'count'>, name: string): number {
  return columnOf(totals, name) / totals.count;
}
