/**
 * The Levenberg-Marquardt rule for lambda (Martens & Grosse 2015, section 6.5), from the reduction ratio of a step:
 *   rho = (h(theta + delta) - h(theta)) / m(delta), m the model without lambda, h the mean objective with its L2 term;
 *   rho > 3/4: the model is better than needed, lambda omega^T_1; rho < 1/4 (or no number): lambda / omega^T_1; between: as it is.
 * And its calibration: the same rule on one batch, again and again, before anything is applied.
 */
import type { QuadraticSearch } from '../config.ts';

/** What happened to the objective, and what was expected to. */
export interface Reduction {
  /** h(theta) */
  readonly before: number;
  /** h(theta + delta); not finite where the model cannot be evaluated there. */
  readonly after: number;
  /** m(delta) */
  readonly expected: number;
}

/** Share of the objective below which its changes are rounding: by the precision of a run. */
export const roundingShare = { float32: 1e-6, float64: 1e-12 } as const;

/** What of a search the rule depends on. */
export type DampingRule = Pick<QuadraticSearch, 'adaptEvery' | 'adaptFactor' | 'minDamping' | 'maxDamping'>;

/** rho; undefined where the expected change is within the rounding of the objective, so that a ratio would be noise. */
export function reductionRatio({ before, after, expected }: Reduction, rounding: number): number | undefined {
  return Math.abs(expected) <= rounding * Math.abs(before) ? undefined : (after - before) / expected;
}

/** Which way lambda goes: -1 down, 1 up, 0 stays. */
export function dampingMove(ratio: number | undefined): -1 | 0 | 1 {
  if (ratio === undefined) return 0;
  if (ratio > 0.75) return -1;
  return ratio >= 0.25 ? 0 : 1;
}

/** lambda after `moves` moves up (or, negative, down), inside its bounds. */
export function movedDamping(damping: number, moves: number, rule: DampingRule): number {
  return clippedDamping(moves === 0 ? damping : damping * rule.adaptFactor ** (-moves * rule.adaptEvery), rule);
}

/** lambda inside its bounds. */
export function clippedDamping(damping: number, { minDamping, maxDamping }: DampingRule): number {
  return Math.min(maxDamping, Math.max(minDamping, damping));
}

/** Where a calibration stands; plain data. */
export interface Calibration {
  readonly damping: number;
  /** The last move's direction; 0 before the first. */
  readonly heading: -1 | 0 | 1;
  /** Moves that are made at once: doubled after each trial until the first turn (at most 8), halved at every turn, as in a bisection. */
  readonly stride: number;
  /** There has been a turn. */
  readonly turned: boolean;
  /** No trial is wanted any more. */
  readonly done: boolean;
}

/** A calibration before its first trial. */
export function startCalibration(damping: number, rule: DampingRule): Calibration {
  return { damping: clippedDamping(damping, rule), heading: 0, stride: 1, turned: false, done: false };
}

/**
 * The calibration after a trial at its damping: done when lambda stays, when a bound holds it, or when single moves turn back, so that two
 * neighbouring values enclose the answer (the larger is taken).
 */
export function nextCalibration(before: Calibration, ratio: number | undefined, rule: DampingRule): Calibration {
  const heading = dampingMove(ratio);
  if (heading === 0) return { ...before, done: true };
  const turns = before.heading === -heading;
  const damping = (stride: number): number => movedDamping(before.damping, heading * stride, rule);
  if (turns && before.stride === 1) return { ...before, damping: Math.max(before.damping, damping(1)), done: true };
  const stride = strideAfter(before, turns);
  const turned = before.turned || turns;
  return { damping: damping(stride), heading, stride, turned, done: damping(stride) === before.damping };
}

function strideAfter({ heading, stride, turned }: Calibration, turns: boolean): number {
  if (turns) return stride / 2;
  return turned || heading === 0 ? stride : Math.min(8, stride * 2);
}
