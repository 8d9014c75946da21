/**
 * One session of a worker with its coordinator: hello, welcome, ready, admitted, then assignments until it ends. Heartbeats come from
 * here, the main thread, whatever the compute thread does. A worker that is asked to leave, by a signal or by the coordinator, says so,
 * finishes what it has begun, and then leaves.
 */
import { NOT_LEADER, openSession, PROTOCOL_VERSION, STATE_VERSION } from '@geodesic/wire';
import type { CoordinatorMessage, SessionLink } from '@geodesic/wire';
import { WorkerError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { RunParticipation } from './run-participation.ts';

/** Leases without a word after which the connection counts as dead: heartbeats are answered. */
const SILENT_LEASES = 2;

/** How far a session came. */
export type Contact = 'none' | 'open' | 'welcome';

/** How a session ended. */
export type SessionEnd =
  /** No more work. */
  | { readonly kind: 'over'; readonly reason: string }
  /** Try again. `contact`: whether the coordinator was there, and whether it welcomed this worker. */
  | { readonly kind: 'lost'; readonly contact: Contact; readonly reason: string }
  /** Another coordinator leads: the one at `leader`, where that is known. */
  | { readonly kind: 'elsewhere'; readonly leader: string; readonly retryAfterMs: number; readonly reason: string }
  /** Come back later: the coordinator has quarantined this worker. */
  | { readonly kind: 'deferred'; readonly retryAfterMs: number; readonly reason: string }
  /** Not to be tried again. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** What a session needs of a participation. */
export type SessionPart = Pick<
  RunParticipation,
  'fingerprint' | 'programFailure' | 'admitted' | 'assign' | 'drain' | 'disconnected' | 'heartbeat'
>;

/** Options of {@link runSession}. */
export interface SessionOptions {
  readonly address: string;
  /** How long the coordinator may take to show that it is there, ms; default that of the wire. */
  readonly openMs?: number;
  readonly worker: string;
  readonly incarnation: string;
  /** Asks the worker to leave in order. */
  readonly leaving: AbortSignal;
  /** Has the worker leave at once, with what it has not finished. */
  readonly abandoning: AbortSignal;
  /** How long leaving in order may take, ms. */
  readonly drainMs: number;
  /** The participation in the run of a welcome; prepared or kept from an earlier session. */
  readonly participate: (welcome: Welcome) => Promise<SessionPart>;
}

/** What the coordinator says when it has a run. */
export type Welcome = Extract<CoordinatorMessage, { type: 'welcome' }>;

/** Runs a session to its end; never rejects. */
export function runSession(options: SessionOptions): Promise<SessionEnd> {
  return new Promise((resolve) => new Session(options, resolve).start());
}

class Session {
  readonly #options: SessionOptions;
  readonly #settle: (end: SessionEnd) => void;
  readonly #over = new AbortController();
  #link: SessionLink | undefined;
  #contact: Contact = 'none';
  #term = 1;
  #participation: SessionPart | undefined;
  #isMember = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #drainTimer: NodeJS.Timeout | undefined;
  #end: SessionEnd | undefined;

  constructor(options: SessionOptions, settle: (end: SessionEnd) => void) {
    this.#options = options;
    this.#settle = settle;
  }

  start(): void {
    const { address, openMs, worker, incarnation, leaving, abandoning } = this.#options;
    this.#link = openSession({
      address,
      ...(openMs !== undefined && { openMs }),
      onOpen: () => (this.#contact = 'open'),
      onMessage: (message) => this.#message(message),
      onClosed: (error) => this.#closed(error?.message ?? 'the coordinator ended the session'),
    });
    this.#link.send({ type: 'hello', worker, incarnation, protocol: PROTOCOL_VERSION, state: STATE_VERSION, pid: process.pid });
    onAbort(leaving, this.#over.signal, () => this.#drain('the worker was asked to leave'));
    onAbort(abandoning, this.#over.signal, () => this.#leave(reasonOf(abandoning)));
  }

  #message(message: CoordinatorMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#contact = 'welcome';
        this.#term = message.term;
        void this.#welcomed(message);
        break;
      case 'admitted':
        this.#admitted(message.generation);
        break;
      case 'assign':
        this.#participation?.assign(message);
        break;
      case 'drain':
        this.#drain(message.reason);
        break;
      case 'refused':
        this.#close(endOfRefused(message));
        break;
      case 'run-over':
        this.#close(this.#endOf(message.state));
        break;
    }
  }

  async #welcomed(welcome: Welcome): Promise<void> {
    try {
      const participation = await this.#options.participate(welcome);
      if (this.#end) return;
      this.#participation = participation;
      this.#link?.send({ type: 'ready', fingerprint: participation.fingerprint });
      this.#link?.expect(SILENT_LEASES * welcome.leaseMs);
      this.#heartbeat = setInterval(() => this.#link?.send(participation.heartbeat()), welcome.heartbeatMs);
    } catch (error) {
      this.#close({ kind: 'failed', error });
    }
  }

  #admitted(generation: number): void {
    this.#isMember = true;
    this.#participation?.admitted({
      generation,
      term: this.#term,
      send: (reply) => this.#link?.send(reply),
      reject: (reason) => this.#close({ kind: 'lost', contact: 'none', reason }),
    });
  }

  /** A worker whose program made the run fail says so, too. */
  #endOf(state: string): SessionEnd {
    const error = this.#participation?.programFailure;
    return state === 'failed' && error ? { kind: 'failed', error } : { kind: 'over', reason: `run ${state}` };
  }

  /** Finishes what was begun, for at most `drainMs`, and leaves. */
  #drain(reason: string): void {
    if (this.#drainTimer !== undefined || this.#end) return;
    if (!this.#isMember) return this.#leave(reason);
    const { drainMs } = this.#options;
    this.#link?.send({ type: 'draining', reason });
    this.#drainTimer = setTimeout(() => this.#leave(`${reason}; what it had begun was not finished within ${drainMs} ms`), drainMs);
    this.#participation?.drain(() => this.#leave(reason));
  }

  #leave(reason: string): void {
    if (this.#end) return;
    this.#link?.send({ type: 'leave', reason });
    this.#close({ kind: 'over', reason });
  }

  #close(end: SessionEnd): void {
    this.#end ??= end;
    this.#link?.close();
  }

  #closed(reason: string): void {
    this.#over.abort();
    clearInterval(this.#heartbeat);
    clearTimeout(this.#drainTimer);
    this.#participation?.disconnected();
    const wasDraining = this.#drainTimer !== undefined;
    const lost: SessionEnd = { kind: 'lost', contact: this.#contact, reason };
    this.#settle(this.#end ?? (wasDraining ? { kind: 'over', reason: `the session ended while the worker was leaving: ${reason}` } : lost));
  }
}

function endOfRefused({ code, got, message, retryAfterMs }: Extract<CoordinatorMessage, { type: 'refused' }>): SessionEnd {
  if (code === NOT_LEADER) return { kind: 'elsewhere', leader: got, retryAfterMs, reason: message };
  if (retryAfterMs > 0) return { kind: 'deferred', retryAfterMs, reason: message };
  const hint = 'start the worker with the version, and on the kind of machine, that the run was started with';
  return { kind: 'failed', error: new WorkerError('REFUSED', message, { hint, exitCode: EXIT.configuration }) };
}

/** The error for which a worker leaves, if it is one. */
function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof WorkerError ? reason.message : 'the worker leaves at once';
}

/** Acts when `signal` aborts, also if it has; no longer once `until` has aborted. */
function onAbort(signal: AbortSignal, until: AbortSignal, act: () => void): void {
  if (signal.aborted) act();
  else signal.addEventListener('abort', act, { once: true, signal: until });
}
