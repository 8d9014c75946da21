/** The bus of a coordinator whose connection to NATS may still be to come: whoever publishes waits for it. */
import type { EventBus, FollowOptions, GeodesicEvent, StoredEvent } from '@geodesic/events';

/** A bus in front of one that is to come. */
export class LateBus implements EventBus {
  readonly #bus: Promise<EventBus>;

  constructor(bus: Promise<EventBus>) {
    this.#bus = bus;
    bus.catch(() => undefined); // whoever asks is told
  }

  async publish(event: GeodesicEvent): Promise<void> {
    await (await this.#bus).publish(event);
  }

  async lastOf(run: string): Promise<GeodesicEvent | undefined> {
    return (await this.#bus).lastOf(run);
  }

  async runs(): Promise<readonly string[]> {
    return (await this.#bus).runs();
  }

  async *follow(options: FollowOptions): AsyncGenerator<StoredEvent, void> {
    yield* (await this.#bus).follow(options);
  }
}
