export { catalogue, catalogueEntry, severityOf } from './catalogue.ts';
export type { EventGroup, EventTypeEntry, EventTypeName, FieldType, RunEventType } from './catalogue.ts';
export { EventPublisher, type EventPublisherOptions, type PublisherStatus } from './event-publisher.ts';
export { evaluatorEvent, type EvaluatorResult } from './evaluator-event.ts';
export { MemoryBus } from './memory-bus.ts';
export { onceById } from './once-by-id.ts';
export { parseEvent } from './parse-event.ts';
export { bareType, projectEvent, unprojectEvent, type EventPlace } from './projection.ts';
export type { EventBus, FollowOptions, StoredEvent } from './event-bus.ts';
export type { EventSeverity, GeodesicEvent, NumberedEvent } from './event.ts';
export { EventsError, type EventsErrorCode } from './errors.ts';
export type { Lease, LeaseHolder } from './lease.ts';
export type { LogMirror, LogMirrorReader, MirroredRecord, StoredRecord } from './log-mirror.ts';
export type { NatsClient } from './nats-client.ts';
export type { NatsOptions } from './nats-options.ts';
export type { CheckpointPointer, Digest, ObjectChannel, ObjectProvider, ObjectRange } from './object-channel.ts';
export { connectNats, type ConnectOptions } from './connect-nats.ts';
export { apiCodeOf, isNoResponders, isStreamNotFound, toEventsError } from './nats-errors.ts';
export { NatsBus, type NatsBusOptions } from './nats-bus.ts';
export { NatsObjects, type NatsObjectsOptions } from './nats-objects.ts';
export { LeaseMachine, type LeaseAction, type LeaseEvent } from './lease-machine.ts';
export { NatsLease } from './nats-lease.ts';
export { NatsLogMirrorReader, type NatsLogMirrorReaderOptions } from './nats-log-mirror-reader.ts';
export { NatsLogMirror } from './nats-log-mirror.ts';
export { natsOperation } from './nats-operation.ts';
export { readNatsOptions, type NatsOptionSources } from './read-nats-options.ts';
export { readStream, type ReadStreamOptions } from './read-stream.ts';
export type { StreamMessage } from './stream-message.ts';
export { ensureStreams } from './streams.ts';
export {
  commitStream,
  commitSubject,
  commitSubjects,
  eventsStream,
  eventSubject,
  eventSubjects,
  isClusterName,
  LEASE_KEY,
  leaseBucket,
  objectRequestSubject,
  objectsStream,
  partOfSubject,
  partSubject,
  partSubjects,
  pointerSubject,
  runOfCommitSubject,
  runOfEventSubject,
} from './subjects.ts';
