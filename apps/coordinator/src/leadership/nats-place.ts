/** What the coordinators of a cluster share, on a server of NATS. */
import { NatsBus, NatsLease, NatsLogMirrorReader, NatsObjects } from '@geodesic/events';
import type { NatsClient } from '@geodesic/events';
import type { SharedPlace } from './open-leadership.ts';

/** The place behind a connection whose streams are there. */
export function natsPlace(client: NatsClient): SharedPlace {
  return {
    lease: (holder) => new NatsLease(client, holder),
    mirror: new NatsLogMirrorReader(client),
    bus: new NatsBus(client),
    objects: (run) => new NatsObjects(client, run),
  };
}
