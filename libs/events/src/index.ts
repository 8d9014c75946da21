export type { EventBus, FollowOptions, StoredEvent } from './event-bus.ts';
export type { EventSeverity, GeodesicEvent, NumberedEvent } from './event.ts';
export { EventsError, type EventsErrorCode } from './errors.ts';
export type { Lease, LeaseHolder } from './lease.ts';
export type { LogMirror, LogMirrorReader, MirroredRecord, StoredRecord } from './log-mirror.ts';
export type { NatsClient } from './nats-client.ts';
export type { NatsOptions } from './nats-options.ts';
export type { CheckpointPointer, Digest, ObjectChannel, ObjectProvider, ObjectRange } from './object-channel.ts';
