/**
 * The two versions that both ends must share, and the refusal of a worker that has others. The protocol is what is said and when, the
 * state is what is exchanged: the formats of bundle, contributions and parameter frames. A worker of another version is refused with both
 * numbers and never guesses.
 */
import type { CoordinatorMessage, WorkerMessage } from './messages.ts';

/** The version of the conversation. 3: term, busy, drain, control. */
export const PROTOCOL_VERSION = 3;

/** The version of what is exchanged: bundle, contributions, parameter frames. */
export const STATE_VERSION = 1;

type Hello = Extract<WorkerMessage, { type: 'hello' }>;
type Refused = Extract<CoordinatorMessage, { type: 'refused' }>;

/** The answer to a worker of another version, final, with both numbers; undefined to one of ours. */
export function refuseVersion({ protocol, state }: Pick<Hello, 'protocol' | 'state'>): Refused | undefined {
  if (protocol !== PROTOCOL_VERSION) return refusal('PROTOCOL_MISMATCH', 'protocol', [PROTOCOL_VERSION, protocol]);
  if (state !== STATE_VERSION) return refusal('STATE_MISMATCH', 'state', [STATE_VERSION, state]);
  return undefined;
}

function refusal(code: string, field: string, [expected, got]: readonly [number, number]): Refused {
  const message = `hello.${field}: expected ${expected}, got ${got} (run the same version of coordinator and worker)`;
  return { type: 'refused', code, field, expected: String(expected), got: String(got), message, retryAfterMs: 0 };
}
