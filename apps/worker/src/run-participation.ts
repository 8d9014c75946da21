/**
 * One worker's part in one run: carries out what the worker machine says. It outlives sessions: after a lost connection the bundle,
 * the compute thread and finished blocks are still there.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { addressesOf, codedSegments, identityOf, WorkerMachine } from '@geodesic/cluster';
import type { Contribution, WorkerAction, WorkerEvent } from '@geodesic/cluster';
import type { Logger } from '@geodesic/telemetry';
import type { CoordinatorMessage, ExchangeClient, WorkerMessage } from '@geodesic/wire';
import { retryDelay } from './backoff.ts';
import { ComputeClient } from './compute-client.ts';
import { asWorkerError, ComputeError, WorkerError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import { followParameters } from './parameter-follower.ts';
import { VectorStock } from './vector-stock.ts';

/** Who takes part, and in what. */
export interface ParticipationOptions {
  readonly run: string;
  readonly bundleDigest: string;
  readonly worker: string;
  readonly incarnation: string;
  readonly exchange: ExchangeClient;
  readonly logger: Logger;
  /** This worker cannot go on; comes at most once. */
  readonly onFatal: (error: WorkerError) => void;
}

type ActionOf<T extends WorkerAction['type']> = Extract<WorkerAction, { type: T }>;

/** A worker's part in a run. */
export class RunParticipation {
  readonly run: string;
  readonly bundleDigest: string;
  readonly fingerprint: Readonly<Record<string, string | number>>;
  readonly #options: ParticipationOptions;
  readonly #thread: ComputeClient;
  readonly #machine = new WorkerMachine();
  readonly #closed = new AbortController();
  readonly #vectors: VectorStock;
  #send: ((message: WorkerMessage) => void) | undefined;
  #programFailure: WorkerError | undefined;
  #following = new AbortController();
  #slots = 0;
  #examples = 0;
  #computing = false;

  private constructor(options: ParticipationOptions, thread: ComputeClient) {
    this.#options = options;
    this.#thread = thread;
    this.#vectors = new VectorStock({ exchange: options.exchange, thread, signal: this.#closed.signal });
    this.run = options.run;
    this.bundleDigest = options.bundleDigest;
    this.fingerprint = thread.fingerprint;
  }

  /** Fetches the bundle, verified, and prepares it in a compute thread. @throws {WireError}, {WorkerError} BUNDLE */
  static async prepare(options: ParticipationOptions): Promise<RunParticipation> {
    const bundle = await options.exchange.fetch(options.bundleDigest);
    try {
      return new RunParticipation(options, await ComputeClient.start(bundle));
    } catch (cause) {
      const message = `bundle: expected one that this worker can compute, got ${(cause as Error).message}`;
      const hint = 'run the same version of CLI, coordinator and worker; geo doctor checks the engine';
      throw new WorkerError('BUNDLE', message, { hint, exitCode: EXIT.data, cause });
    }
  }

  /** What this worker's program did in the last round, where it failed there: if the run fails, this is why. */
  get programFailure(): WorkerError | undefined {
    return this.#programFailure;
  }

  /** The coordinator has made this worker a member. @param send says something on the session */
  admitted(generation: number, send: (message: WorkerMessage) => void): void {
    this.#send = send;
    void this.#follow();
    this.#handle({ type: 'welcome', run: this.run, generation });
  }

  /** Takes an assignment. */
  assign({ generation, round, blocks }: Extract<CoordinatorMessage, { type: 'assign' }>): void {
    this.#handle({ type: 'assign', assignment: { generation, round, blocks } });
  }

  /** The session is over; another one may come. */
  disconnected(): void {
    this.#send = undefined;
    this.#following.abort();
    this.#handle({ type: 'disconnected' });
  }

  /** What the next heartbeat says. */
  heartbeat(): WorkerMessage {
    return { type: 'heartbeat', slots: this.#slots, examples: this.#examples, computing: this.#computing, ...this.#machine.status };
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#following.abort();
    await this.#thread.close();
  }

  #handle(event: WorkerEvent): void {
    for (const action of this.#machine.handle(event)) this.#perform(action);
  }

  #perform(action: WorkerAction): void {
    switch (action.type) {
      case 'compute':
        void this.#compute(action);
        break;
      case 'contribute':
        void this.#contribute(action);
        break;
      case 'resynchronise':
        this.#options.logger.warn('fetching a fresh snapshot', { reason: action.reason });
        void this.#follow();
        break;
      case 'fail':
        this.#fatal(new WorkerError('DIVERGED', action.reason, { hint: 'check the memory of this host', exitCode: EXIT.internal }));
        break;
    }
  }

  async #compute({ round, block }: ActionOf<'compute'>): Promise<void> {
    this.#computing = true;
    try {
      const contribution = await this.#computeOn({ round, block });
      this.#computing = false;
      if (contribution) {
        this.#slots += 2 ** block.level;
        this.#examples += contribution.count;
        this.#programFailure = undefined;
        this.#handle({ type: 'computed', round, contribution });
      } else {
        // Reported under no round's identity, so that the machine drops it.
        const nothing = { block, count: 0, scalars: new Float64Array(0), sums: new Float32Array(0) };
        this.#handle({ type: 'computed', round: { ...round, inputDigest: '' }, contribution: nothing });
      }
    } catch (error) {
      this.#computing = false;
      if (!(error instanceof ComputeError) || error.fault !== 'program') return this.#fatal(error);
      this.#programFailure = asWorkerError(error);
      this.#send?.({ type: 'failed', round: identityOf(round), reason: error.message });
      this.#handle({ type: 'compute-failed', round });
    }
  }

  /** A block's contribution; undefined when the parameters have moved on, or the round's vectors are gone with it. */
  async #computeOn({ round, block }: Pick<ActionOf<'compute'>, 'round' | 'block'>): Promise<Contribution | undefined> {
    const { step, attempt, phase, version, inputs } = round;
    if (inputs) {
      try {
        await this.#vectors.provide('round', addressesOf(inputs));
      } catch (error) {
        if (!this.#closed.signal.aborted) this.#options.logger.debug('inputs of a round not fetched', { step, phase, error });
        return undefined;
      }
    }
    return this.#thread.compute(version, { step, attempt, phase, block, ...(inputs && { inputs }) });
  }

  async #contribute({ round, contribution, retry }: ActionOf<'contribute'>): Promise<void> {
    const { exchange, worker, incarnation, logger } = this.#options;
    const { block, sums } = contribution;
    try {
      if (retry > 0) await delay(retryDelay(retry), undefined, { signal: this.#closed.signal });
      const coded = codedSegments(block, round.codec);
      const header = { round, worker, incarnation, sumsLength: sums.length, ...(coded && { coded }) };
      const ack = await exchange.contribute({ ...contribution, ...header });
      if (ack.result !== 'accepted') logger.debug('contribution not used', { block, ...ack });
      this.#handle({ type: 'acknowledged', round, block, result: ack.result });
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      logger.warn('contribution not delivered', { block, retry, error });
      this.#handle({ type: 'contribution-failed', round, block });
    }
  }

  /** Follows the parameters from a fresh snapshot on; what was followed before ends. */
  async #follow(): Promise<void> {
    const { exchange, incarnation, logger } = this.#options;
    this.#following.abort();
    const following = new AbortController();
    this.#following = following;
    const { signal } = following;
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        const onPosition = (position: Parameters<Parameters<typeof followParameters>[0]['onPosition']>[0]): void => {
          attempt = 0;
          this.#handle({ type: 'state', ...position });
        };
        const { run } = this;
        await followParameters({ exchange, thread: this.#thread, vectors: this.#vectors, run, incarnation, signal, onPosition });
      } catch (error) {
        if (!signal.aborted) logger.warn('parameter stream broken', { error });
      }
      await delay(retryDelay(attempt), undefined, { signal }).catch(() => undefined);
    }
  }

  #fatal(error: unknown): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#options.onFatal(asWorkerError(error));
  }
}
