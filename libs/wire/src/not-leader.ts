/**
 * What a coordinator says that does not lead its cluster: who asks is told who does. The address travels in the hint, so that a program may go
 * there by itself.
 */
import { parseAddress } from './channel.ts';
import { WireError } from './errors.ts';

/** The code under which a session is refused by a coordinator that does not lead. */
export const NOT_LEADER = 'NOT_LEADER';

const ASK = 'ask the leader at ';

/** The error of a request to a coordinator that does not lead. @param leader HOST:PORT; undefined while nobody is known to lead */
export function notLeader(operation: string, leader: string | undefined): WireError {
  const got = leader === undefined ? 'a standby, and nobody leads' : `a standby of the leader at ${leader}`;
  const hint = leader === undefined ? 'ask again in a moment: a standby takes over' : `${ASK}${leader}`;
  return new WireError(NOT_LEADER, `${operation}: expected the leader of the cluster, got ${got}`, hint);
}

/** HOST:PORT of the leader that an error names; undefined where it names none. */
export function leaderOf(error: unknown): string | undefined {
  if (!(error instanceof WireError) || error.code !== NOT_LEADER || !error.hint.startsWith(ASK)) return undefined;
  try {
    return parseAddress(error.hint.slice(ASK.length));
  } catch {
    return undefined;
  }
}
