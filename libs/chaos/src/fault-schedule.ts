/**
 * What is broken when in a run of real processes: a Poisson process of faults with a given mean time between them, drawn from a seed alone.
 * It says nothing of which process: `target` is a number that the caller reduces modulo what there is at that moment.
 */
import { ChaosError, checkNumber } from './errors.ts';
import { below, exponential, seeded } from './seeded-draw.ts';
import type { Draw } from './seeded-draw.ts';

/**
 * `kill-worker`: SIGKILL. `stop-worker`: SIGSTOP, and SIGCONT after `durationMs`. `cut`: every connection of a worker is reset.
 * `half-open`: one direction of a worker's connections is read no more for `durationMs`. `partition`: both are silent for `durationMs`.
 * `join`: one worker more. `kill-coordinator`: SIGKILL; whoever started it starts it again.
 */
export type FaultKind = 'kill-worker' | 'stop-worker' | 'cut' | 'half-open' | 'partition' | 'join' | 'kill-coordinator';

/** One fault. */
export interface ScheduledFault {
  /** Since the start of the schedule, ms; ascending. */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Whom it meets, of those that are there: this modulo their number. */
  readonly target: number;
  /** How long it lasts, ms; 0 for what happens in an instant. */
  readonly durationMs: number;
}

/** Options of {@link faultSchedule}. */
export interface FaultScheduleOptions {
  readonly seed: number;
  /** Mean time between faults, ms; without those of the coordinator where `coordinatorKills` is given. */
  readonly mtbfMs: number;
  readonly durationMs: number;
  /** How often each kind comes relative to the others; a kind that is left out never comes. Default {@link DEFAULT_WEIGHTS}. */
  readonly weights?: Readonly<Partial<Record<FaultKind, number>>>;
  /** Exactly so many kills of the coordinator, one at a random moment of each equal part; `kill-coordinator` then has no weight. */
  readonly coordinatorKills?: number;
  /** Mean duration of what lasts, ms; default 1000. */
  readonly meanFaultMs?: number;
}

/** Kills mostly, and now and then everything else; as many joins as kills. */
export const DEFAULT_WEIGHTS: Readonly<Record<FaultKind, number>> = {
  'kill-worker': 6,
  'stop-worker': 2,
  cut: 2,
  'half-open': 1,
  partition: 1,
  join: 6,
  'kill-coordinator': 1,
};

const LASTING: ReadonlySet<FaultKind> = new Set(['stop-worker', 'half-open', 'partition']);

/** All faults of a schedule, ascending in time. @throws {ChaosError} naming the option */
export function faultSchedule(options: FaultScheduleOptions): readonly ScheduledFault[] {
  const { seed, mtbfMs, durationMs, meanFaultMs = 1000, coordinatorKills } = options;
  checkNumber('mtbfMs', mtbfMs, Number.MIN_VALUE);
  checkNumber('durationMs', durationMs, 0);
  checkNumber('meanFaultMs', meanFaultMs, 0);
  const weights = weightsOf(options);
  const draw = seeded(seed);
  const fault = (atMs: number, kind: FaultKind): ScheduledFault => {
    const target = below(draw, 2 ** 31);
    const length = exponential(draw, meanFaultMs);
    return { atMs: Math.round(atMs), kind, target, durationMs: LASTING.has(kind) ? Math.round(length) : 0 };
  };
  const faults: ScheduledFault[] = [];
  for (let at = exponential(draw, mtbfMs); at < durationMs && weights.length > 0; at += exponential(draw, mtbfMs))
    faults.push(fault(at, drawKind(draw, weights)));
  const kills = coordinatorKills ?? 0;
  for (let kill = 0; kill < kills; kill += 1) faults.push(fault(((kill + draw()) / kills) * durationMs, 'kill-coordinator'));
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function weightsOf({ weights = DEFAULT_WEIGHTS, coordinatorKills }: FaultScheduleOptions): readonly (readonly [FaultKind, number])[] {
  if (coordinatorKills !== undefined && !(Number.isSafeInteger(coordinatorKills) && coordinatorKills >= 0))
    throw new ChaosError('coordinatorKills', 'a non-negative integer', `${coordinatorKills}`);
  // The order of the kinds is that of the default table, whatever the caller's is: the same options give the same schedule.
  return (Object.keys(DEFAULT_WEIGHTS) as FaultKind[]).flatMap((kind) => {
    const weight = weights[kind] ?? 0;
    checkNumber(`weights.${kind}`, weight, 0);
    const isLeftOut = weight === 0 || (kind === 'kill-coordinator' && coordinatorKills !== undefined);
    return isLeftOut ? [] : [[kind, weight] as const];
  });
}

function drawKind(draw: Draw, weights: readonly (readonly [FaultKind, number])[]): FaultKind {
  let rest = draw() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of weights) {
    rest -= weight;
    if (rest < 0) return kind;
  }
  return weights[weights.length - 1][0];
}
