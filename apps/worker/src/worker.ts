/**
 * A worker: joins a coordinator, takes part in its run, comes back after a lost connection, to the next coordinator of the cluster where there
 * are several, and ends when there is no more work. A coordinator that has welcomed it once is waited for much longer than one that has never
 * been there: it may be starting again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@geodesic/telemetry';
import { WireError } from '@geodesic/wire';
import { politeDelay, reconnectDelay } from './backoff.ts';
import { CoordinatorAddresses } from './coordinator-addresses.ts';
import { asWorkerError, WorkerError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import type { RunParticipation } from './run-participation.ts';
import { RunPlace } from './run-place.ts';
import { runSession } from './worker-session.ts';
import type { Contact, SessionEnd, Welcome } from './worker-session.ts';

/** How long a worker looks for a coordinator that it has never met, ms. */
export const GIVE_UP_MS = 30_000;

/** How long it looks for one that has welcomed it before, ms. */
export const GIVE_UP_AFTER_WELCOME_MS = 300_000;

/** How long leaving in order may take, ms. */
export const DRAIN_MS = 20_000;

/** How long one of several coordinators may take to show that it is there, ms: one that hangs must not keep the worker from its successor. */
const OPEN_BESIDE_OTHERS_MS = 1000;

/** Options of {@link runWorker}. */
export interface WorkerOptions {
  /** HOST:PORT of each coordinator of the cluster, at least one, the one to try first in front. */
  readonly coordinators: readonly string[];
  /** Unique among the workers of a run. */
  readonly name: string;
  readonly logger: Logger;
  /** Aborting it makes the worker leave in order: it finishes what it has begun. */
  readonly signal: AbortSignal;
  /** Aborting it makes the worker leave at once. */
  readonly abandon?: AbortSignal;
  /** How long leaving in order may take, ms; default 20,000. */
  readonly drainMs?: number;
  /** How long to look for a coordinator, ms; default 30,000, and 300,000 once one has welcomed this process. */
  readonly giveUpMs?: number;
}

/** Runs a worker to its end. @throws {WorkerError} with the exit code */
export async function runWorker(options: WorkerOptions): Promise<ExitCode> {
  const fatal = new AbortController();
  const abandoning = AbortSignal.any([fatal.signal, ...(options.abandon ? [options.abandon] : [])]);
  const { name, logger } = options;
  const place = new RunPlace({ name, logger, onFatal: (error) => fatal.abort(error) });
  try {
    await stayConnected(options, place, abandoning);
    if (fatal.signal.aborted) throw fatal.signal.reason;
    return EXIT.ok;
  } finally {
    await place.close();
  }
}

/** Opens sessions until one ends for good. */
async function stayConnected(options: WorkerOptions, place: RunPlace, abandoning: AbortSignal): Promise<void> {
  const { coordinators, name, logger, signal: leaving, drainMs = DRAIN_MS } = options;
  const addresses = new CoordinatorAddresses(coordinators);
  const patience = new Patience(options);
  const ending = AbortSignal.any([leaving, abandoning]);
  while (!ending.aborted) {
    const signals = { leaving, abandoning, drainMs };
    const address = addresses.current;
    const openMs = addresses.hasOthers ? { openMs: OPEN_BESIDE_OTHERS_MS } : {};
    const participate = (welcome: Welcome): Promise<RunParticipation> => place.take(welcome, address);
    const end = await runSession({ address, ...openMs, worker: name, incarnation: place.incarnation, ...signals, participate });
    if (end.kind === 'over') {
      logger.info('leaving', { reason: end.reason });
      return;
    }
    if (end.kind === 'failed' && !(end.error instanceof WireError)) throw asWorkerError(end.error);
    const waitMs = patience.after(end);
    const reason = reasonOf(end);
    if (waitMs === undefined) throw unreachable(addresses, { waitedMs: patience.limitMs, reason });
    if (end.kind === 'elsewhere') addresses.follow(end.leader);
    else if (end.kind !== 'deferred') addresses.advance();
    const next = addresses.current;
    logger[end.kind === 'deferred' ? 'info' : 'debug']('no session', { kind: end.kind, address, next, reason, waitMs: Math.round(waitMs) });
    await delay(waitMs, undefined, { signal: ending }).catch(() => undefined);
  }
}

/** How long a worker goes on looking, on a clock that no one sets. */
class Patience {
  readonly #giveUpMs: number | undefined;
  #lastContact = performance.now();
  #wasWelcome = false;

  constructor({ giveUpMs }: Pick<WorkerOptions, 'giveUpMs'>) {
    this.#giveUpMs = giveUpMs;
  }

  /** How long to look for a coordinator, ms. */
  get limitMs(): number {
    return this.#giveUpMs ?? (this.#wasWelcome ? GIVE_UP_AFTER_WELCOME_MS : GIVE_UP_MS);
  }

  /** Milliseconds to wait after a session that ended; undefined: no longer worth it. */
  after(end: Exclude<SessionEnd, { kind: 'over' }>): number | undefined {
    const now = performance.now();
    const contact = contactOf(end);
    if (contact !== 'none') this.#lastContact = now;
    if (contact === 'welcome') this.#wasWelcome = true;
    if (end.kind === 'deferred' || end.kind === 'elsewhere') return politeDelay(end.retryAfterMs);
    const outageMs = now - this.#lastContact;
    return outageMs > this.limitMs ? undefined : reconnectDelay(outageMs);
  }
}

function contactOf(end: Exclude<SessionEnd, { kind: 'over' }>): Contact {
  switch (end.kind) {
    case 'lost':
      return end.contact;
    case 'elsewhere':
      return 'open'; // whoever stands by may lead soon
    case 'deferred':
      return 'welcome';
    case 'failed':
      return 'none';
  }
}

function reasonOf(end: Exclude<SessionEnd, { kind: 'over' }>): string {
  return end.kind === 'failed' ? asWorkerError(end.error).message : end.reason;
}

function unreachable(
  addresses: CoordinatorAddresses,
  { waitedMs, reason }: { readonly waitedMs: number; readonly reason: string },
): WorkerError {
  const message = `coordinator: expected an answer from ${addresses.toString()} within ${waitedMs / 1000} s, got ${reason}`;
  return new WorkerError('UNREACHABLE', message, { hint: 'check that the coordinator runs', exitCode: EXIT.retryable });
}
