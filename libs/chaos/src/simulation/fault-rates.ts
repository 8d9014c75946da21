/** How bad the weather of a schedule is: drawn once from its seed, so that schedules differ from calm to murderous, each in its own way. */
import type { Draw } from '../seeded-draw.ts';

/** What is done to a cluster on purpose, at moments drawn by the driver. */
export type DrivenFault =
  | 'kill worker'
  | 'join'
  | 'stop worker'
  | 'cut session'
  | 'slow worker'
  | 'corrupt worker'
  | 'drain worker'
  | 'foreign worker'
  | 'kill coordinator'
  | 'stop coordinator'
  | 'rival coordinator'
  | 'kill everything'
  | 'control'
  | 'stop run';

/** Rates of one schedule. */
export interface FaultRates {
  /** Mean virtual ms between driven faults. */
  readonly meanMs: number;
  /** How many there are at most; after them the cluster is left alone. */
  readonly budget: number;
  readonly weights: Readonly<Record<DrivenFault, number>>;
  /** Probability that a coordinator dies at a cut point. */
  readonly crash: number;
  /** Of deaths of a coordinator: that the power goes, with everything that was not synced. */
  readonly power: number;
  readonly syncFailure: number;
  /** At the death of a coordinator: that a journal file is lost or damaged. */
  readonly journalDamage: number;
  /** At the death of a coordinator: that the newest checkpoint is damaged. */
  readonly checkpointDamage: number;
  readonly loss: number;
  readonly duplicate: number;
  /** That a worker's second result of a block has other bits than the one that counts. */
  readonly wrongBackup: number;
  /** Of messages: that one is late. */
  readonly late: number;
  /** How late, on average, ms. */
  readonly lateMs: number;
}

const WEIGHTS: Readonly<Record<DrivenFault, number>> = {
  'kill worker': 4,
  join: 5,
  'stop worker': 3,
  'cut session': 3,
  'slow worker': 3,
  'corrupt worker': 1,
  'drain worker': 1.5,
  'foreign worker': 0.3,
  'kill coordinator': 0.7,
  'stop coordinator': 1,
  'rival coordinator': 0.5,
  'kill everything': 0.4,
  control: 2,
  'stop run': 0.3,
};

/** Nothing is ever broken. */
export const CALM: FaultRates = {
  meanMs: 1,
  budget: 0,
  weights: WEIGHTS,
  crash: 0,
  power: 0,
  syncFailure: 0,
  journalDamage: 0,
  checkpointDamage: 0,
  loss: 0,
  duplicate: 0,
  wrongBackup: 0,
  late: 0,
  lateMs: 1,
};

/** The weather of a schedule. */
export function drawRates(draw: Draw): FaultRates {
  const level = (rate: number): number => [0, 1, 1, 3][Math.floor(draw() * 4)] * rate;
  const weights = Object.fromEntries(Object.entries(WEIGHTS).map(([kind, weight]) => [kind, level(weight)])) as FaultRates['weights'];
  return {
    meanMs: 2 + 20 * draw() ** 2,
    budget: 20 + Math.floor(60 * draw()),
    weights,
    crash: level(0.006),
    power: level(0.3),
    syncFailure: level(0.04),
    journalDamage: level(0.2),
    checkpointDamage: level(0.1),
    loss: level(0.02),
    duplicate: level(0.06),
    wrongBackup: level(0.2),
    late: level(0.03),
    lateMs: 5 + 60 * draw(),
  };
}
