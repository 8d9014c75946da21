/** What people are told of a commit, as the log has it: when it becomes durable, or later, where a process died in between. */
import type { RejectedEntry, StepEntry } from './log-entries.ts';
import type { RunMachineAction } from './run-messages.ts';

/** What is said of a commit. */
export type Announcement = Extract<RunMachineAction, { type: 'committed' | 'rejected' }>;

/** The announcement of a commit. */
export function announcementOf(entry: StepEntry | RejectedEntry): Announcement {
  const { step, attempt, phase } = entry;
  if (entry.type === 'step') {
    const coverage = entry.rounds?.at(-1)?.coverage ?? entry.coverage ?? [];
    const workers = new Set(coverage.map(({ worker }) => worker)).size;
    return { type: 'committed', step, phase, examples: entry.examples, measurements: entry.measurements ?? {}, workers };
  }
  const { reason, damping, position } = entry;
  return { type: 'rejected', step, attempt, phase, reason, damping, takenBack: position !== undefined };
}
