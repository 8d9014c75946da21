/**
 * The services of a coordinator that may be a standby: while it does not lead, everybody is told so, and who does. Whoever is let in stays in:
 * a leader that is deposed ends.
 */
import { NOT_LEADER, notLeader, refuseVersion } from '@geodesic/wire';
import type { ExchangeService, RunsService, SessionHandler, SessionPeer, SessionService } from '@geodesic/wire';

/** Whether a coordinator leads its cluster. */
export interface Standing {
  readonly isLeader: boolean;
  /** HOST:PORT of who does; undefined while nobody is known to. */
  readonly leader: string | undefined;
}

/** All that a coordinator serves. */
export interface Services {
  readonly session: SessionService;
  readonly exchange: ExchangeService;
  readonly runs: RunsService;
}

/** When a worker that was sent away may ask again, ms. */
const RETRY_AFTER_MS = 100;

/** The same services, closed while `standing` is not the leader's. */
export function gatedServices({ session, exchange, runs }: Services, standing: Standing): Services {
  const required = <T>(operation: string, service: T): T => {
    if (standing.isLeader) return service;
    throw notLeader(operation, standing.leader);
  };
  return {
    session: { open: (peer) => (standing.isLeader ? session.open(peer) : turnedAway(peer, standing)) },
    exchange: {
      admit: (header) => (standing.isLeader ? exchange.admit(header) : { result: 'stale', detail: 'not the leader' }),
      contribute: (contribution) => (standing.isLeader ? exchange.contribute(contribution) : { result: 'stale', detail: 'not the leader' }),
      fetch: (digest) => required('fetch', exchange).fetch(digest),
      follow: (request) => required('follow', exchange).follow(request),
    },
    runs: {
      submit: async (submission) => required('submit', runs).submit(submission),
      watch: (runId, fromSequence, signal) => required('watch', runs).watch(runId, fromSequence, signal),
      control: async (request) => required('control', runs).control(request),
      get: async (run) => required('get', runs).get(run),
    },
  };
}

/** A session that ends with its first word. */
function turnedAway(peer: SessionPeer, standing: Standing): SessionHandler {
  return {
    message: (message) => {
      const foreign = message.type === 'hello' ? refuseVersion(message) : undefined;
      peer.send(foreign ?? { type: 'refused', ...refusal(standing), retryAfterMs: RETRY_AFTER_MS });
      peer.end();
    },
    closed: () => undefined,
  };
}

function refusal({ leader }: Standing): { code: string; field: string; expected: string; got: string; message: string } {
  const { message } = notLeader('join', leader);
  return { code: NOT_LEADER, field: 'coordinator', expected: 'the leader', got: leader ?? '', message };
}
