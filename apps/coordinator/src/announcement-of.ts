/** What a commit in the log is told as: for commits that became durable without being announced, since a process died or a run failed. */
import type { RejectedEntry, RunMachineAction, StepEntry } from '@geodesic/cluster';

/** The announcement of a commit, as it would have been made. */
export function announcementOf(entry: StepEntry | RejectedEntry): Extract<RunMachineAction, { type: 'committed' | 'rejected' }> {
  const { step, attempt, phase } = entry;
  if (entry.type === 'step') {
    const coverage = entry.rounds?.at(-1)?.coverage ?? entry.coverage ?? [];
    const workers = new Set(coverage.map(({ worker }) => worker)).size;
    return { type: 'committed', step, phase, examples: entry.examples, measurements: entry.measurements ?? {}, workers };
  }
  const { reason, damping, position } = entry;
  return { type: 'rejected', step, attempt, phase, reason, damping, takenBack: position !== undefined };
}
