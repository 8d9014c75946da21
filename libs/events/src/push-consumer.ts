/**
 * One life of a consumer that the server pushes to. Its flow control is answered when what came before was taken, so a slow reader holds the
 * server back instead of being cut off; numbers of deliveries and heartbeats show when something was lost.
 */
import { AckPolicy, DeliverPolicy, ReplayPolicy, type ConsumerConfig } from '@nats-io/jetstream';
import { createInbox, nanos, nuid, type Msg, type Subscription } from '@nats-io/transport-node';
import type { NatsClient } from './nats-client.ts';
import { toEventsError } from './nats-errors.ts';
import { natsOperation } from './nats-operation.ts';
import { deliveredMessage, headerOf, type DeliveredMessage } from './stream-message.ts';

/** What a consumer gives. */
export interface ConsumerScope {
  readonly stream: string;
  /** One subject, wildcards allowed. */
  readonly filter: string;
  /** Only messages behind this place. */
  readonly after: number;
  /** Of each subject only the last message. */
  readonly lastPerSubject: boolean;
  readonly headersOnly: boolean;
}

const HEARTBEAT_MS = 1_000;
/** Without a heartbeat for so long the consumer is taken for gone. */
const SILENCE_MS = 4_000;
/** The server removes a consumer that nobody listens to, after this. */
const INACTIVE_MS = 10_000;

/** What was received: a message, or the question whether all before it was taken. */
type Item = DeliveredMessage | { readonly answerTo: string };

/** Limitations: for one reader. */
export class PushConsumer {
  /** Whether there was nothing to give when it was made. */
  readonly isEmpty: boolean;
  readonly #client: NatsClient;
  readonly #subscription: Subscription;
  readonly #stop: () => void;
  readonly #items: Item[] = [];
  #taken = 0;
  #delivery = 0;
  #wake: (() => void) | undefined;
  #isOver = false;
  #failure: unknown;
  #timer: NodeJS.Timeout | undefined;

  private constructor(client: NatsClient, subscription: Subscription, isEmpty: boolean) {
    this.#client = client;
    this.#subscription = subscription;
    this.isEmpty = isEmpty;
    this.#stop = client.onConnection(() => this.end());
    this.#alive();
  }

  /** @throws {EventsError} UNREACHABLE, PERMISSION, STREAM (not found, too) */
  static async create(client: NatsClient, scope: ConsumerScope): Promise<PushConsumer> {
    const inbox = createInbox(client.options.inboxPrefix);
    const early: Msg[] = [];
    let take = (error: Error | null, message: Msg): void => {
      if (error === null) early.push(message);
    };
    const subscription = client.connection.subscribe(inbox, { callback: (error, message) => take(error, message) });
    try {
      const what = `stream ${scope.stream}`;
      const info = await natsOperation(client, what, () => client.manager.consumers.add(scope.stream, configOf(scope, inbox)));
      // Some may be on their way already.
      const consumer = new PushConsumer(client, subscription, info.num_pending === 0 && info.delivered.consumer_seq === 0);
      take = (error, message) => consumer.#receive(error, message);
      for (const message of early) consumer.#receive(null, message);
      return consumer;
    } catch (error) {
      subscription.unsubscribe();
      throw error;
    }
  }

  /** The next message; undefined when this consumer is over. @throws {EventsError} PERMISSION when it may not be listened to */
  async next(): Promise<DeliveredMessage | undefined> {
    for (;;) {
      const item = this.#items[this.#taken];
      if (item === undefined) {
        if (this.#failure !== undefined) throw toEventsError(this.#failure, this.#subscription.getSubject());
        if (this.#isOver) return undefined;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      this.#taken += 1;
      if (this.#taken >= 256) {
        this.#items.splice(0, this.#taken);
        this.#taken = 0;
      }
      if (!('answerTo' in item)) return item;
      this.#answer(item.answerTo);
    }
  }

  /** No more messages but those that are here already. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#stop();
    this.#subscription.unsubscribe();
    this.#wake?.();
  }

  #receive(error: Error | null, message: Msg): void {
    if (this.#isOver) return;
    if (error !== null) {
      this.#failure = error;
      return this.end();
    }
    this.#alive();
    const delivered = deliveredMessage(message);
    if (delivered === undefined) return this.#control(message);
    if (delivered.delivery !== this.#delivery + 1) return this.end();
    this.#delivery = delivered.delivery;
    this.#push(delivered);
  }

  /** Status 100: a heartbeat, or a question whether what came before was taken. */
  #control(message: Msg): void {
    const stalled = headerOf(message, 'Nats-Consumer-Stalled');
    const last = headerOf(message, 'Nats-Last-Consumer');
    if (last !== undefined && Number(last) > this.#delivery) return this.end();
    const answerTo = stalled ?? message.reply;
    if (answerTo !== undefined && answerTo !== '') this.#push({ answerTo });
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#wake?.();
  }

  #answer(subject: string): void {
    if (this.#isOver || !this.#client.isConnected) return;
    this.#client.connection.publish(subject);
  }

  #alive(): void {
    if (this.#timer !== undefined) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.end(), SILENCE_MS);
  }
}

function configOf({ filter, after, lastPerSubject, headersOnly }: ConsumerScope, inbox: string): Partial<ConsumerConfig> {
  const start = lastPerSubject
    ? { deliver_policy: DeliverPolicy.LastPerSubject }
    : after > 0
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1 }
      : { deliver_policy: DeliverPolicy.All };
  return {
    ...start,
    name: `gd_${nuid.next()}`,
    deliver_subject: inbox,
    filter_subject: filter,
    ack_policy: AckPolicy.None,
    replay_policy: ReplayPolicy.Instant,
    flow_control: true,
    idle_heartbeat: nanos(HEARTBEAT_MS),
    inactive_threshold: nanos(INACTIVE_MS),
    mem_storage: true,
    num_replicas: 1,
    ...(headersOnly ? { headers_only: true } : {}),
  };
}
