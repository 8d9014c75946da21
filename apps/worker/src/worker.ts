/**
 * A worker: joins a coordinator, takes part in its run, comes back after a lost connection, and ends when there is no more work.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@geodesic/telemetry';
import { connectExchange, WireError } from '@geodesic/wire';
import { retryDelay } from './backoff.ts';
import { asWorkerError, WorkerError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import { RunParticipation } from './run-participation.ts';
import { runSession } from './worker-session.ts';
import type { SessionEnd, Welcome } from './worker-session.ts';

/** How long a worker looks for a coordinator that does not answer, ms. */
const GIVE_UP_MS = 30_000;

/** Options of {@link runWorker}. */
export interface WorkerOptions {
  /** HOST:PORT of the coordinator. */
  readonly coordinator: string;
  /** Unique among the workers of a run. */
  readonly name: string;
  readonly logger: Logger;
  /** Aborting it makes the worker leave in order. */
  readonly signal: AbortSignal;
}

/** Runs a worker to its end. @throws {WorkerError} with the exit code */
export async function runWorker(options: WorkerOptions): Promise<ExitCode> {
  const fatal = new AbortController();
  const stop = AbortSignal.any([options.signal, fatal.signal]);
  const place = new RunPlace(options, (error) => fatal.abort(error));
  try {
    await stayConnected(options, place, stop);
    if (fatal.signal.aborted) throw fatal.signal.reason;
    return EXIT.ok;
  } finally {
    await place.close();
  }
}

/** Opens sessions until one ends for good. */
async function stayConnected({ coordinator, name, logger }: WorkerOptions, place: RunPlace, signal: AbortSignal): Promise<void> {
  let lastContact = performance.now();
  for (let attempt = 1; !signal.aborted; attempt++) {
    const participate = (welcome: Welcome): Promise<RunParticipation> => place.take(welcome);
    const end = await runSession({ address: coordinator, worker: name, incarnation: place.incarnation, signal, participate });
    if (end.kind === 'over') {
      logger.info('leaving', { reason: end.reason });
      return;
    }
    if (end.kind === 'failed' && !isTransient(end.error)) throw asWorkerError(end.error);
    if (end.kind === 'lost' && end.wasWelcome) {
      lastContact = performance.now();
      attempt = 1;
    }
    if (performance.now() - lastContact > GIVE_UP_MS) throw unreachable(coordinator, reasonOf(end));
    logger.debug('no session', { attempt, reason: reasonOf(end) });
    await delay(retryDelay(attempt), undefined, { signal }).catch(() => undefined);
  }
}

/** The run that this process takes part in, kept from session to session. */
class RunPlace {
  /** Fresh for this process. */
  readonly incarnation: string = randomUUID();
  readonly #options: WorkerOptions;
  readonly #onFatal: (error: WorkerError) => void;
  readonly #exchange: ReturnType<typeof connectExchange>;
  #participation: RunParticipation | undefined;

  constructor(options: WorkerOptions, onFatal: (error: WorkerError) => void) {
    this.#options = options;
    this.#onFatal = onFatal;
    this.#exchange = connectExchange(options.coordinator);
  }

  /** The participation in the run of a welcome. */
  async take({ run, bundleDigest }: Welcome): Promise<RunParticipation> {
    const held = this.#participation;
    if (held?.run === run && held.bundleDigest === bundleDigest) return held;
    this.#participation = undefined;
    await held?.close();
    const { name, logger } = this.#options;
    const { incarnation } = this;
    const onFatal = this.#onFatal;
    const options = { run, bundleDigest, worker: name, incarnation, exchange: this.#exchange, logger, onFatal };
    this.#participation = await RunParticipation.prepare(options);
    return this.#participation;
  }

  async close(): Promise<void> {
    await this.#participation?.close();
    this.#exchange.close();
  }
}

function isTransient(error: unknown): boolean {
  return error instanceof WireError && (error.code === 'UNREACHABLE' || error.code === 'DEADLINE' || error.code === 'NOT_FOUND');
}

function reasonOf(end: SessionEnd): string {
  if (end.kind === 'failed') return asWorkerError(end.error).message;
  return end.reason;
}

function unreachable(address: string, reason: string): WorkerError {
  const message = `coordinator: expected an answer from ${address} within ${GIVE_UP_MS / 1000} s, got ${reason}`;
  return new WorkerError('UNREACHABLE', message, { hint: 'check that the coordinator runs', exitCode: EXIT.retryable });
}
