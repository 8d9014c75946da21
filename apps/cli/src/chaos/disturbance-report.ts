/**
 * What faults cost a run: how long after each the next commit came, and how much of the time was useful.
 */
import type { InjectedFault } from './fault-injector.ts';

/** Of one kind of faults. */
export interface FaultCost {
  readonly kind: InjectedFault['kind'];
  readonly count: number;
  /** From the fault to the next commit, s: the median and the longest; absent where no commit followed. */
  readonly medianSeconds?: number;
  readonly longestSeconds?: number;
}

/** When things happened, on the clock of `performance.now()`. */
export interface Course {
  readonly faults: readonly InjectedFault[];
  /** Arrivals of `step.committed`, ascending. */
  readonly commitsMs: readonly number[];
}

/** The cost of each kind that occurred, in the order of its first occurrence. */
export function faultCosts({ faults, commitsMs }: Course): readonly FaultCost[] {
  const kinds = [...new Set(faults.map(({ kind }) => kind))];
  return kinds.map((kind) => {
    const ofKind = faults.filter((fault) => fault.kind === kind);
    const waits = ofKind
      .flatMap(({ atMs }) => {
        const next = commitsMs.find((commit) => commit >= atMs);
        return next === undefined ? [] : [(next - atMs) / 1000];
      })
      .toSorted((a, b) => a - b);
    const times = waits.length > 0 && { medianSeconds: waits[Math.floor(waits.length / 2)], longestSeconds: waits.at(-1)! };
    return { kind, count: ofKind.length, ...times };
  });
}

/** Seconds from the first commit to the last. */
export function spanSeconds({ commitsMs }: Pick<Course, 'commitsMs'>): number {
  return commitsMs.length < 2 ? 0 : (commitsMs.at(-1)! - commitsMs[0]) / 1000;
}

/** Seconds between two commits: the median; undefined before the second. */
export function usualStepSeconds({ commitsMs }: Pick<Course, 'commitsMs'>): number | undefined {
  const intervals = commitsMs.slice(1).map((at, i) => at - commitsMs[i]);
  const median = intervals.toSorted((a, b) => a - b)[Math.floor(intervals.length / 2)];
  return median === undefined ? undefined : median / 1000;
}
