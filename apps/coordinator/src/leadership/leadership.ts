/**
 * A coordinator's part in a cluster that has several: it stands by until it holds the lease, takes the newest run up, leads, and ends when the lease
 * is another's or it is asked to leave. Two that lead at once do no harm: see exactness.md 14.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { EventsError } from '@geodesic/events';
import type { Lease, LeaseHolder } from '@geodesic/events';
import { RunStoreError } from '@geodesic/run-store';
import type { Logger } from '@geodesic/telemetry';
import type { ResumeRequest } from '../resume-run.ts';
import { isDeposition } from '../standing-watch.ts';
import { sharedFolder } from './claimed-folder.ts';
import type { ClaimedFolder } from './claimed-folder.ts';
import type { Standing } from './gated-services.ts';
import type { Standby } from './standby.ts';

/** Pause before a standby that failed follows again, ms. */
const RETRY_MS = 1000;

/** How long one that steps down completes what its successor reads, ms. */
const FLUSH_MS = 2000;

/** Renewals of the lease of its own folder after which a standby believes that another process uses the folder. */
const RENEWALS = 3;

/** Pause between two looks at who holds the lease, ms. */
const LOOK_MS = 50;

/** What leads runs, once this coordinator does. */
export interface Led {
  /** Takes a run up. */
  resume(request: ResumeRequest): Promise<void>;
  /**
   * Ends the run in progress without a word in its log: it goes on elsewhere. Resolves when that is done, at once without a run.
   * @param flushMs how long the copy of its log and its events may be completed
   */
  leave(reason: RunStoreError, flushMs: number): Promise<void>;
}

/** How a leadership ended. */
export type LeadershipEnd =
  /** It was asked to leave, or the only run is over. */
  | { readonly kind: 'left' }
  /** Another one leads now. */
  | { readonly kind: 'deposed'; readonly error: RunStoreError };

/** Options of {@link Leadership}. */
export interface LeadershipOptions {
  readonly lease: Lease;
  /** @param onFinished the newest run has ended under another leader */
  readonly standby: (onFinished: () => void) => Standby;
  readonly folder: ClaimedFolder;
  /** No second run will come: a standby ends with the first. */
  readonly once: boolean;
  /** The run to take up where all are over. */
  readonly resume?: ResumeRequest;
  readonly logger: Logger;
}

/** The part of one coordinator. */
export class Leadership implements Standing {
  readonly #options: LeadershipOptions;
  readonly #standby: Standby;
  readonly #leaving = new AbortController();
  /** The newest run is over, and there will be no other. */
  readonly #finished = new AbortController();
  #isLeader = false;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#standby = options.standby(() => {
      if (options.once) this.#finished.abort();
    });
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  get leader(): string | undefined {
    return this.#isLeader ? undefined : this.#options.lease.holder?.address;
  }

  /** Asks it to end; {@link run} resolves when others may lead. */
  leave(): void {
    this.#leaving.abort();
  }

  /**
   * Stands by, leads, and ends. Others need not wait for the lease when the promise settles.
   * @throws {EventsError} PERMISSION, STREAM, CREDENTIALS; {CoordinatorError} HA_SHARED_FOLDER
   */
  async run(led: Led): Promise<LeadershipEnd> {
    const { lease, folder, logger } = this.#options;
    try {
      if (!(await this.#standBy())) return { kind: 'left' };
      const lost = lease.lost.then(depositionBy);
      return await this.#lead(led, lost);
    } finally {
      this.#isLeader = false;
      await this.#standby.close().catch((error: unknown) => logger.warn('the mirror is not closed', { error }));
      await lease.release().catch((error: unknown) => logger.warn('the lease is not released: others wait for it', { error }));
      await folder.release().catch((error: unknown) => logger.warn('the folder still names this process', { error }));
    }
  }

  /** Until this process holds the lease: whether it does. */
  async #standBy(): Promise<boolean> {
    const { lease, logger } = this.#options;
    const over = new AbortController();
    const ending = AbortSignal.any([over.signal, this.#leaving.signal, this.#finished.signal]);
    logger.info('standing by');
    const following = this.#follow(ending);
    const watching = this.#refuseSharedFolder(ending);
    try {
      await Promise.race([lease.acquire(ending), failureOf(following), failureOf(watching)]);
      return !this.#leaving.signal.aborted && !this.#finished.signal.aborted;
    } catch (error) {
      if (this.#leaving.signal.aborted || this.#finished.signal.aborted) return false;
      throw error;
    } finally {
      over.abort();
      await Promise.allSettled([following, watching]);
    }
  }

  async #lead(led: Led, lost: Promise<RunStoreError>): Promise<LeadershipEnd> {
    const { logger } = this.#options;
    logger.info('leading');
    const leaving = AbortSignal.any([this.#leaving.signal, this.#finished.signal]);
    const asked = new Promise<void>((resolve) => {
      if (leaving.aborted) resolve();
      else leaving.addEventListener('abort', () => resolve(), { once: true });
    });
    const isDeposedBy = await this.#takeUp(led, lost);
    const error = isDeposedBy ?? (await Promise.race([lost, asked]));
    this.#isLeader = false;
    if (error === undefined) {
      await led.leave(steppedDown(), FLUSH_MS);
      return { kind: 'left' };
    }
    logger.warn('another coordinator leads', { error });
    await led.leave(error, 0);
    return { kind: 'deposed', error };
  }

  /** Takes the newest run up that is not over. @returns the deposition, if that comes first */
  async #takeUp(led: Led, lost: Promise<RunStoreError>): Promise<RunStoreError | undefined> {
    const { logger } = this.#options;
    const losing = new AbortController();
    void lost.then((error) => losing.abort(error));
    const signal = AbortSignal.any([losing.signal, this.#leaving.signal]);
    let run: string | undefined;
    try {
      run = await this.#standby.complete(signal);
      signal.throwIfAborted();
      this.#isLeader = true; // workers wait in the lobby while the run is opened
      const request = run === undefined ? this.#options.resume : { run, takeover: true };
      if (request) await led.resume(request);
    } catch (error) {
      if (losing.signal.aborted || isDeposition(error)) return isDeposition(error) ? error : (losing.signal.reason as RunStoreError);
      if (!this.#leaving.signal.aborted)
        logger.error('the run cannot be taken up; others may be submitted', { run: run ?? this.#standby.unfinished, error });
      this.#isLeader = true;
    }
    return undefined;
  }

  /** Mirrors for as long as it stands by; what time or a person may mend is tried again. @throws {EventsError} PERMISSION, CREDENTIALS */
  async #follow(signal: AbortSignal): Promise<void> {
    const { logger } = this.#options;
    while (!signal.aborted) {
      try {
        await this.#standby.follow(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isRefusal(error)) throw error;
        logger.error('the mirror waits, and begins anew', { error });
        await this.#standby.reset();
      }
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** @throws {CoordinatorError} HA_SHARED_FOLDER when the leader uses this process's folder, and goes on leading */
  async #refuseSharedFolder(signal: AbortSignal): Promise<void> {
    const { lease, folder } = this.#options;
    let seen: { readonly leader: string; readonly revision: number } | undefined;
    while (!signal.aborted) {
      const { holder, seenRevision: revision } = lease;
      if (holder?.folder !== folder.id) seen = undefined;
      else if (holder.leader !== seen?.leader) seen = { leader: holder.leader, revision };
      // The lease of one that is dead, such as this process's predecessor, is not renewed.
      else if (revision >= seen.revision + RENEWALS) throw sharedFolder(folder.path, `the coordinator at ${holder.address}`);
      await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Rejects as the promise does; never resolves. */
function failureOf(promise: Promise<void>): Promise<never> {
  return new Promise((_resolve, reject) => void promise.catch(reject));
}

function isRefusal(error: unknown): boolean {
  return error instanceof EventsError && (error.code === 'PERMISSION' || error.code === 'CREDENTIALS');
}

function depositionBy(holder: LeaseHolder | undefined): RunStoreError {
  const got = holder === undefined ? 'a lease that was taken' : `the lease of the coordinator at ${holder.address}`;
  const hint = 'leave the run to the other coordinator; nothing that was announced is lost';
  return new RunStoreError('LOG_DEPOSED', { what: 'leadership', expected: 'to hold the lease of the cluster', got, hint });
}

function steppedDown(): RunStoreError {
  const hint = 'the run goes on under the next coordinator';
  return new RunStoreError('LOG_DEPOSED', { what: 'leadership', expected: 'to lead', got: 'a request to leave', hint });
}
