/**
 * What SOAP, Shampoo and Muon share: a method moves each matrix of the group, Adam its vectors, and weights decay beside the step:
 *   delta = -eta (D + weightDecay theta), D the method's direction.
 */
import { defaultLinalg, type Linalg } from '@geodesic/linalg';
import type { LayoutEntry } from '@geodesic/tensor';
import { AdamGroup } from './adam.ts';
import type { AdamConfig, Schedule } from '../config.ts';
import { gather, type Group, type GroupInput, type GroupOutput, scatter, type Span } from '../group.ts';
import { learningRateAt } from '../schedule.ts';
import { scalar, scopeOf, type StateTree, withScope } from '../state.ts';
import { type MatrixPlace, type PlacedParameters, placeParameters } from './matrix.ts';

/** What a peer's group is made from beside its name and configuration. */
export interface PeerOptions {
  /** The group's entries of theta's layout, in the order of theta. */
  readonly parameters: readonly LayoutEntry[];
  /** Length of the run, for the schedules. */
  readonly totalSteps: number;
  /** Default: the backend `auto`. */
  readonly linalg?: Linalg | undefined;
}

/** What a method sees of a matrix. */
export interface MatrixInput {
  /** Mean gradient, [rows, columns]; to be read only. */
  readonly gradient: Float64Array;
  readonly place: MatrixPlace;
  /** Steps that the group has taken before this one. */
  readonly taken: number;
  readonly linalg: Linalg;
}

/** How one matrix moves. */
export interface MatrixMethod {
  initialState(place: MatrixPlace): StateTree;
  /** The direction [rows, columns], of which -eta times is added, and the next state. */
  step(state: StateTree, input: MatrixInput): { readonly direction: Float64Array; readonly state: StateTree };
}

/** How the group's matrices and vectors move. */
export interface MatrixGroupMethod {
  readonly matrices: MatrixMethod;
  readonly vectors: AdamConfig;
  readonly learningRate: Schedule;
  readonly weightDecay: number;
  /** First steps that only initialise the matrices' state and move nothing, vectors included. Default 0. */
  readonly preparingSteps?: number;
  /** Matrices that count as vectors. */
  readonly asVectors?: readonly string[];
}

/** A group of matrices and vectors. State: `taken`, `matrix/<parameter>/...` of the method, `vectors/...` of Adam. */
export class MatrixGroup implements Group {
  readonly name: string;
  readonly spans: readonly Span[];
  readonly #method: MatrixGroupMethod;
  readonly #places: PlacedParameters;
  readonly #adam: AdamGroup | undefined;
  readonly #totalSteps: number;
  readonly #linalg: Linalg;

  constructor(name: string, method: MatrixGroupMethod, { parameters, totalSteps, linalg = defaultLinalg() }: PeerOptions) {
    this.name = name;
    this.spans = parameters;
    this.#method = method;
    this.#places = placeParameters(parameters, method.asVectors);
    const spans = this.#places.vectors;
    this.#adam = spans.length > 0 ? new AdamGroup(name, method.vectors, { spans, totalSteps }) : undefined;
    this.#totalSteps = totalSteps;
    this.#linalg = linalg;
  }

  initialState(): StateTree {
    const matrices = this.#places.matrices.map((place) => withScope(this.#method.matrices.initialState(place), keyOf(place)));
    return Object.assign({ taken: scalar(0), ...withScope(this.#adam?.initialState() ?? {}, 'vectors') }, ...matrices) as StateTree;
  }

  statisticsDue(): boolean {
    return false;
  }

  step(state: StateTree, input: GroupInput): GroupOutput {
    const { matrices, learningRate: schedule, weightDecay, preparingSteps = 0 } = this.#method;
    const learningRate = learningRateAt(schedule, input.step, this.#totalSteps);
    const taken = state['taken'][0];
    const moving = taken >= preparingSteps;
    const update = new Float64Array(input.gradient.length);
    const next: StateTree = { taken: scalar(taken + 1) };
    const kept: number[] = [];
    for (const place of this.#places.matrices) {
      const { offset, size } = place;
      const gradient = input.gradient.subarray(offset, offset + size);
      const moved = matrices.step(scopeOf(state, keyOf(place)), { gradient, place, taken, linalg: this.#linalg });
      Object.assign(next, withScope(moved.state, keyOf(place)));
      if ('kept' in moved.state) kept.push(moved.state['kept'][0]);
      if (!moving) continue;
      for (let i = 0; i < size; i++) {
        update[offset + i] = -learningRate * (moved.direction[i] + weightDecay * input.parameters[offset + i]);
      }
    }
    Object.assign(next, withScope(this.#moveVectors(scopeOf(state, 'vectors'), input, moving ? update : undefined), 'vectors'));
    const report = kept.length > 0 ? { learningRate, kept: kept.reduce((sum, count) => sum + count, 0) } : { learningRate };
    return { update, state: next, report };
  }

  /** Writes the vectors' part of the update; without one, nothing moves. Returns Adam's next state. */
  #moveVectors(state: StateTree, input: GroupInput, update: Float64Array | undefined): StateTree {
    if (!this.#adam || !update) return state;
    const { vectors } = this.#places;
    const own = { ...input, gradient: gather(input.gradient, vectors), parameters: gather(input.parameters, vectors) };
    const moved = this.#adam.step(state, own);
    scatter(moved.update, vectors, update);
    return moved.state;
  }
}

function keyOf({ name }: MatrixPlace): string {
  return `matrix/${name}`;
}
