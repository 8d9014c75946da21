/** Many schedules, one after the other, until one breaks a promise. */
import type { PlantedBug } from './planted-bug.ts';
import { simulate } from './simulate.ts';
import type { Outcome } from './simulate.ts';

/** Options of {@link runSchedules}. */
export interface SchedulesOptions {
  /** Seed of the first one; the others count on. */
  readonly from: number;
  readonly count: number;
  /** A defect that is there on purpose; default none. */
  readonly plant?: PlantedBug;
  /** Called after every schedule. */
  readonly onProgress?: (done: number, outcome: Outcome) => void;
}

/** What the schedules led to. */
export interface SchedulesReport {
  /** How many were run: all, or up to the one that failed. */
  readonly schedules: number;
  readonly events: number;
  /** How often what happened, over all of them. */
  readonly counts: Readonly<Record<string, number>>;
  /** The first one that broke a promise, with its seed and its last events. */
  readonly failed?: Outcome;
}

/** Runs schedules up to the first that fails. Never throws. */
export function runSchedules({ from, count, plant, onProgress }: SchedulesOptions): SchedulesReport {
  const counts: Record<string, number> = {};
  let events = 0;
  for (let done = 1; done <= count; done += 1) {
    const outcome = simulate({ seed: from + done - 1, ...(plant !== undefined && { plant }) });
    events += outcome.events;
    for (const [what, often] of Object.entries(outcome.counts)) counts[what] = (counts[what] ?? 0) + often;
    onProgress?.(done, outcome);
    if (outcome.failure !== undefined) return { schedules: done, events, counts, failed: outcome };
  }
  return { schedules: count, events, counts };
}

/** A failure for people: the seed with which it is seen again, what was wrong, what happened last. */
export function describeFailure({ seed, failure, lastEvents }: Outcome): string {
  return [`seed ${seed}: ${failure ?? 'no failure'}`, ...lastEvents.map((event) => `  ${event}`)].join('\n');
}
