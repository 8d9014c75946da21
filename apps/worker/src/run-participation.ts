/**
 * One worker's part in one run: carries out what the worker machine says. It outlives sessions: after a lost connection the bundle,
 * the compute thread, the parameters held and finished blocks are still there.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { addressesOf, codedSegments, identityOf, WorkerMachine } from '@geodesic/cluster';
import type { Contribution, Position, WorkerAction, WorkerEvent } from '@geodesic/cluster';
import { failPoint } from '@geodesic/run-store';
import type { Logger } from '@geodesic/telemetry';
import type { CoordinatorMessage, ExchangeClient, WorkerMessage } from '@geodesic/wire';
import { politeDelay, retryDelay } from './backoff.ts';
import { ComputeClient } from './compute-client.ts';
import { asWorkerError, ComputeError, WorkerError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import { HeldParameters } from './held-parameters.ts';
import { ParameterFeed } from './parameter-feed.ts';
import { VectorStock } from './vector-stock.ts';

/** Who takes part, and in what. */
export interface ParticipationOptions {
  readonly run: string;
  readonly bundleDigest: string;
  readonly worker: string;
  readonly incarnation: string;
  readonly exchange: ExchangeClient;
  readonly logger: Logger;
  /** How long no parameters may come while work waits for them, ms; default 30,000. */
  readonly stallMs?: number;
  /** This worker cannot go on; comes at most once. */
  readonly onFatal: (error: WorkerError) => void;
}

/** The session that a participation is a member in. */
export interface Membership {
  readonly generation: number;
  /** Of the coordinator's leadership. */
  readonly term: number;
  readonly send: (message: WorkerMessage) => void;
  /** The coordinator has been deposed: this session must end. */
  readonly reject: (reason: string) => void;
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
  readonly #feed: ParameterFeed;
  #membership: Membership | undefined;
  #drained: (() => void) | undefined;
  #programFailure: WorkerError | undefined;
  #slots = 0;
  #examples = 0;
  #computing = false;

  private constructor(options: ParticipationOptions, thread: ComputeClient) {
    const { exchange, run, incarnation, logger, stallMs = 30_000 } = options;
    this.#options = options;
    this.#thread = thread;
    this.#vectors = new VectorStock({ exchange, thread, signal: this.#closed.signal });
    const held = new HeldParameters(thread);
    const onPosition = (position: Position): void => this.#handle({ type: 'state', ...position });
    this.#feed = new ParameterFeed({ exchange, held, vectors: this.#vectors, run, incarnation, logger, stallMs, onPosition });
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

  /** The coordinator has made this worker a member. */
  admitted(membership: Membership): void {
    const { generation, term } = membership;
    this.#membership = membership;
    this.#feed.start();
    this.#handle({ type: 'welcome', run: this.run, generation, term });
  }

  /** Takes an assignment. */
  assign({ generation, round, blocks }: Extract<CoordinatorMessage, { type: 'assign' }>): void {
    if (blocks.length > 0) this.#feed.expect(round.version);
    this.#handle({ type: 'assign', assignment: { generation, round, blocks } });
  }

  /** Begins nothing new; `onDrained` comes when what was begun is finished and answered, at once where that is nothing. */
  drain(onDrained: () => void): void {
    this.#drained = onDrained;
    this.#handle({ type: 'drain' });
  }

  /** The session is over; another one may come. */
  disconnected(): void {
    this.#membership = undefined;
    this.#drained = undefined;
    this.#feed.stop();
    this.#handle({ type: 'disconnected' });
  }

  /** What the next heartbeat says. */
  heartbeat(): WorkerMessage {
    return { type: 'heartbeat', slots: this.#slots, examples: this.#examples, computing: this.#computing, ...this.#machine.status };
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#closed.abort();
    this.#feed.stop();
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
        this.#feed.refresh();
        break;
      case 'drained':
        this.#drained?.();
        break;
      case 'reject-leader':
        this.#membership?.reject(`the coordinator's term is ${action.term}, and one of term ${action.highest} has been seen`);
        break;
      case 'fail':
        this.#fatal(new WorkerError('DIVERGED', action.reason, { hint: 'check the memory of this host', exitCode: EXIT.internal }));
        break;
    }
  }

  async #compute({ round, block }: ActionOf<'compute'>): Promise<void> {
    this.#computing = true;
    let counted = 0;
    const onSlots = (slots: number): void => {
      counted += slots;
      this.#slots += slots;
    };
    try {
      const contribution = await this.#computeOn({ round, block }, onSlots);
      this.#computing = false;
      failPoint('worker:after-compute');
      if (contribution) {
        onSlots(2 ** block.level - counted);
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
      this.#membership?.send({ type: 'failed', round: identityOf(round), reason: error.message });
      this.#handle({ type: 'compute-failed', round });
    }
  }

  /** A block's contribution; undefined when the parameters have moved on, or the round's vectors are gone with it. */
  async #computeOn(
    { round, block }: Pick<ActionOf<'compute'>, 'round' | 'block'>,
    onSlots: (slots: number) => void,
  ): Promise<Contribution | undefined> {
    const { step, attempt, phase, version, inputs } = round;
    if (inputs) {
      try {
        await this.#vectors.provide('round', addressesOf(inputs));
      } catch (error) {
        if (!this.#closed.signal.aborted) this.#options.logger.debug('inputs of a round not fetched', { step, phase, error });
        return undefined;
      }
    }
    return this.#thread.compute(version, { step, attempt, phase, block, ...(inputs && { inputs }) }, onSlots);
  }

  async #contribute({ round, contribution, retry, delayMs }: ActionOf<'contribute'>): Promise<void> {
    const { exchange, worker, incarnation, logger } = this.#options;
    const { block, sums } = contribution;
    try {
      const pause = delayMs === undefined ? retryDelay(retry) : politeDelay(delayMs);
      if (retry > 0 || delayMs !== undefined) await delay(pause, undefined, { signal: this.#closed.signal });
      const coded = codedSegments(block, round.codec);
      const header = { round, worker, incarnation, sumsLength: sums.length, ...(coded && { coded }) };
      const onWritten = (): void => failPoint('worker:mid-upload');
      const ack = await exchange.contribute({ ...contribution, ...header }, { onWritten });
      if (ack.result !== 'accepted') logger.debug('contribution not used', { block, ...ack });
      this.#handle({ type: 'acknowledged', round, block, ...ack });
    } catch (error) {
      if (this.#closed.signal.aborted) return;
      logger.warn('contribution not delivered', { block, retry, error });
      this.#handle({ type: 'contribution-failed', round, block });
    }
  }

  #fatal(error: unknown): void {
    if (this.#closed.signal.aborted) return;
    this.#closed.abort();
    this.#options.onFatal(asWorkerError(error));
  }
}
