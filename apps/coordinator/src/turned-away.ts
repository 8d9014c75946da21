/** What a worker is told that may not take part: for good, or for a while. */
import type { CoordinatorAction } from '@geodesic/cluster';
import type { CoordinatorMessage } from '@geodesic/wire';

type Refused = Extract<CoordinatorMessage, { type: 'refused' }>;

/** Another numeric fingerprint: final. */
export function refusal({ code, field, expected, got, message }: Extract<CoordinatorAction, { type: 'refuse' }>): Refused {
  return { type: 'refused', code, field, expected, got, message, retryAfterMs: 0 };
}

/** In quarantine: it may come back. */
export function deferral({ worker, reason, retryAfterMs }: Extract<CoordinatorAction, { type: 'defer' }>): Refused {
  const message = `join: worker: expected one whose contributions pass the checks, got ${worker} (${reason}); it may come back later`;
  return { type: 'refused', code: 'QUARANTINED', field: 'worker', expected: 'correct contributions', got: reason, message, retryAfterMs };
}

/** A newer process has its name: final. */
export function nameTaken(worker: string): Refused {
  const message = `join: worker: expected a name of its own, got ${worker}, under which a newer process has joined (use --name)`;
  return { type: 'refused', code: 'NAME_TAKEN', field: 'worker', expected: 'a name of its own', got: worker, message, retryAfterMs: 0 };
}
