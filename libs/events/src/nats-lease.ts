/**
 * The lease of leadership in a bucket of NATS: {@link LeaseMachine} with a connection and the process's monotonic clock. Values are read from
 * the stream's leader, and every write names the revision that it replaces, so what was read late does no harm.
 */
import { Kvm } from '@nats-io/kv';
import type { KV } from '@nats-io/kv';
import { EventsError } from './errors.ts';
import { LeaseMachine } from './lease-machine.ts';
import type { LeaseAction, LeaseEvent } from './lease-machine.ts';
import { decodeHolder, encodeHolder } from './lease-value.ts';
import type { Lease, LeaseHolder } from './lease.ts';
import type { NatsClient } from './nats-client.ts';
import { apiCodeOf, isNoResponders, isStreamNotFound } from './nats-errors.ts';
import { natsOperation } from './nats-operation.ts';
import { LEASE_KEY, leaseBucket } from './subjects.ts';

const NO_MESSAGE = 10037;
/** Answers that do not come in this part of a lease are taken as none. */
const ANSWER = 1 / 3;
/** The first exchange makes the bucket where there is none, which takes a cluster some time, ms. */
const OPEN_MS = 10_000;

interface Settled<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** A process's part in the lease of the client's cluster. It is acquired once; a process that lost it begins anew with another object. */
export class NatsLease implements Lease {
  readonly lost: Promise<LeaseHolder | undefined>;
  readonly #client: NatsClient;
  readonly #self: LeaseHolder;
  readonly #bucket: string;
  readonly #won: Settled<void> = settled();
  readonly #lost: Settled<LeaseHolder | undefined> = settled();
  readonly #released: Settled<void> = settled();
  #machine: LeaseMachine | undefined;
  #kv: KV | undefined;
  #hasWon = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: NatsClient, self: LeaseHolder) {
    this.#client = client;
    this.#self = self;
    this.#bucket = leaseBucket(client.options.cluster);
    this.lost = this.#lost.promise;
    this.#won.promise.catch(() => undefined); // acquire() reports it
  }

  get holder(): LeaseHolder | undefined {
    return this.#machine?.holder;
  }

  get seenRevision(): number {
    return this.#machine?.seenRevision ?? 0;
  }

  get isHeld(): boolean {
    return this.#machine?.isHeld ?? false;
  }

  async acquire(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#machine === undefined) {
      this.#machine = new LeaseMachine(this.#self, { atMs: performance.now() });
      this.#schedule();
    }
    const onAbort = (): void => {
      this.#won.reject(signal.reason);
      void this.release();
    };
    signal.addEventListener('abort', onAbort);
    try {
      await this.#won.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async release(): Promise<void> {
    if (this.#machine === undefined) return;
    this.#tell({ type: 'release', atMs: performance.now() });
    await this.#released.promise;
  }

  #tell(event: LeaseEvent): void {
    for (const action of this.#machine?.handle(event) ?? []) this.#do(action);
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const wakeAtMs = this.#machine?.wakeAtMs;
    if (wakeAtMs === undefined) return;
    const tick = (): void => this.#tell({ type: 'tick', atMs: performance.now() });
    this.#timer = setTimeout(tick, Math.max(0, Math.ceil(wakeAtMs - performance.now()))).unref();
  }

  #do(action: LeaseAction): void {
    switch (action.type) {
      case 'read':
        return void this.#exchange(() => this.#look());
      case 'write':
        return void this.#exchange(() => this.#store(action));
      case 'won':
        this.#hasWon = true;
        return this.#won.resolve();
      case 'lost':
        this.#lost.resolve(action.holder);
        return this.#released.resolve();
      case 'released':
        this.#won.reject(released(this.#bucket));
        return this.#released.resolve();
    }
  }

  /** One read or write; whatever becomes of it, the machine hears of it once, in time. Never rejects. */
  async #exchange(ask: () => Promise<UntimedEvent>): Promise<void> {
    const limitMs = this.#kv ? this.#self.leaseMs * ANSWER : OPEN_MS;
    const failed: UntimedEvent = { type: 'failed' };
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<UntimedEvent>((resolve) => {
      timer = setTimeout(() => resolve(failed), limitMs).unref();
    });
    const answer = await Promise.race([ask().catch((error: unknown) => this.#failure(error)), tooLate]);
    clearTimeout(timer);
    this.#tell({ ...answer, atMs: performance.now() });
  }

  /** A standby that is refused says so; whoever leads goes on as if there were no answer. */
  #failure(error: unknown): UntimedEvent {
    if (isStreamNotFound(error) || isNoResponders(error)) this.#kv = undefined;
    const isRefusal = error instanceof EventsError && error.code !== 'UNREACHABLE' && !isStreamNotFound(error);
    if (isRefusal && !this.#hasWon) {
      this.#won.reject(error);
      void this.release();
    }
    return { type: 'failed' };
  }

  async #look(): Promise<UntimedEvent> {
    await this.#open();
    const query = { last_by_subj: `$KV.${this.#bucket}.${LEASE_KEY}` };
    try {
      const found = await natsOperation(this.#client, `lease ${this.#bucket}`, () =>
        this.#client.manager.streams.getMessage(`KV_${this.#bucket}`, query),
      );
      if (found === null) return { type: 'observed', revision: 0, holder: undefined };
      const isDeleted = (found.header?.get('KV-Operation') ?? '') !== '';
      const holder = isDeleted ? undefined : decodeHolder(found.data, { leaseMs: this.#self.leaseMs });
      return { type: 'observed', revision: found.seq, holder };
    } catch (error) {
      if (apiCodeOf(error) === NO_MESSAGE) return { type: 'observed', revision: 0, holder: undefined };
      throw error;
    }
  }

  async #store({ revision: previousSeq, holder }: Extract<LeaseAction, { type: 'write' }>): Promise<UntimedEvent> {
    const kv = await this.#open();
    try {
      const put = (): Promise<number> => kv.put(LEASE_KEY, encodeHolder(holder), { previousSeq });
      return { type: 'written', revision: await natsOperation(this.#client, `lease ${this.#bucket}`, put) };
    } catch (error) {
      if (error instanceof EventsError && error.code === 'FENCED') return { type: 'conflict' };
      throw error;
    }
  }

  /** The bucket, made where there is none. */
  async #open(): Promise<KV> {
    const { replicas } = this.#client.options;
    this.#kv ??= await natsOperation(this.#client, `bucket ${this.#bucket}`, () =>
      new Kvm(this.#client.jetstream).create(this.#bucket, { history: 1, replicas }),
    );
    return this.#kv;
  }
}

type UntimedEvent = LeaseEvent extends infer Event ? (Event extends LeaseEvent ? Omit<Event, 'atMs'> : never) : never;

function settled<T>(): Settled<T> {
  let [resolve, reject]: [Settled<T>['resolve'], Settled<T>['reject']] = [() => undefined, () => undefined];
  const promise = new Promise<T>((onValue, onError) => {
    [resolve, reject] = [onValue, onError];
  });
  return { promise, resolve, reject };
}

function released(what: string): EventsError {
  const hint = 'acquire it with another object';
  return new EventsError('FENCED', { what, expected: 'to wait for the lease', got: 'its release', hint });
}
