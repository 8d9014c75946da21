/**
 * One session of a worker with its coordinator: hello, welcome, ready, admitted, then assignments until it ends. Heartbeats come from
 * here, the main thread, whatever the compute thread does.
 */
import { openSession, PROTOCOL_VERSION } from '@geodesic/wire';
import type { CoordinatorMessage, SessionLink } from '@geodesic/wire';
import { WorkerError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { RunParticipation } from './run-participation.ts';

/** How a session ended. */
export type SessionEnd =
  /** No more work. */
  | { readonly kind: 'over'; readonly reason: string }
  /** Try again. `wasWelcome` tells that the coordinator was there. */
  | { readonly kind: 'lost'; readonly wasWelcome: boolean; readonly reason: string }
  /** Not to be tried again. */
  | { readonly kind: 'failed'; readonly error: unknown };

/** Options of {@link runSession}. */
export interface SessionOptions {
  readonly address: string;
  readonly worker: string;
  readonly incarnation: string;
  /** Ends the session in order. */
  readonly signal: AbortSignal;
  /** The participation in the run of a welcome; prepared or kept from an earlier session. */
  readonly participate: (welcome: Welcome) => Promise<RunParticipation>;
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
  #link: SessionLink | undefined;
  #participation: RunParticipation | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #wasWelcome = false;
  #end: SessionEnd | undefined;

  constructor(options: SessionOptions, settle: (end: SessionEnd) => void) {
    this.#options = options;
    this.#settle = settle;
  }

  start(): void {
    const { address, worker, incarnation, signal } = this.#options;
    const leave = (): void => this.#leave();
    signal.addEventListener('abort', leave);
    this.#link = openSession({
      address,
      onMessage: (message) => this.#message(message),
      onClosed: (error) => {
        signal.removeEventListener('abort', leave);
        clearInterval(this.#heartbeat);
        this.#participation?.disconnected();
        const reason = error?.message ?? 'the coordinator ended the session';
        this.#settle(this.#end ?? { kind: 'lost', wasWelcome: this.#wasWelcome, reason });
      },
    });
    this.#link.send({ type: 'hello', worker, incarnation, protocol: PROTOCOL_VERSION, pid: process.pid });
    if (signal.aborted) leave();
  }

  #message(message: CoordinatorMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#wasWelcome = true;
        void this.#welcomed(message);
        break;
      case 'admitted':
        this.#participation?.admitted(message.generation, (reply) => this.#link?.send(reply));
        break;
      case 'assign':
        this.#participation?.assign(message);
        break;
      case 'refused': {
        const hint = 'start the worker with the version, and on the kind of machine, that the run was started with';
        this.#close({ kind: 'failed', error: new WorkerError('REFUSED', message.message, { hint, exitCode: EXIT.configuration }) });
        break;
      }
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
      this.#heartbeat = setInterval(() => this.#link?.send(participation.heartbeat()), welcome.heartbeatMs);
    } catch (error) {
      this.#close({ kind: 'failed', error });
    }
  }

  /** A worker whose program made the run fail says so, too. */
  #endOf(state: string): SessionEnd {
    const error = this.#participation?.programFailure;
    return state === 'failed' && error ? { kind: 'failed', error } : { kind: 'over', reason: `run ${state}` };
  }

  #leave(): void {
    this.#link?.send({ type: 'leave', reason: 'the worker was asked to leave' });
    this.#close({ kind: 'over', reason: 'asked to leave' });
  }

  #close(end: SessionEnd): void {
    this.#end ??= end;
    this.#link?.close();
  }
}
