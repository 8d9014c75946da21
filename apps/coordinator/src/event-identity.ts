/**
 * Which events tell of the same thing. What is made again after a restart, or read from the log, is told once: a step, a rejection, an
 * evaluation, a refresh, a checkpoint that was broadcast. Everything else happens as often as it is told.
 */
import type { RunEventType } from '@geodesic/events';

type Data = Readonly<Record<string, unknown>>;

const FIELDS: Partial<Record<RunEventType, readonly string[]>> = {
  'step.committed': ['step'],
  'step.rejected': ['step', 'attempt', 'phase'],
  'curvature.refreshed': ['step'],
  evaluation: ['step', 'split'],
  'evaluation.failed': ['step', 'phase'],
  'checkpoint.available': ['step', 'manifest'],
};

/** Equal for two events that are one; undefined for an event that may come again. */
export function eventIdentity(type: string, data: Data): string | undefined {
  const fields = FIELDS[type as RunEventType];
  return fields && JSON.stringify([type, ...fields.map((field) => data[field])]);
}
