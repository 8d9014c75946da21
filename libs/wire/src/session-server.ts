/**
 * The coordinator's end of the control channel: hands each worker's stream to the application as a peer and reports its
 * end exactly once, whatever ended it (half-close, cancellation, a reset connection, a malformed message). Every heartbeat is answered, so
 * that a worker notices, too, when it is not heard or hears nothing.
 */
import { Metadata } from '@grpc/grpc-js';
import type { handleBidiStreamingCall } from '@grpc/grpc-js';
import { asWireError, WireError } from './errors.ts';
import type { CoordinatorMessage, WorkerMessage } from './messages.ts';
import { decodeWorkerMessage, encodeCoordinatorMessage } from './session-messages.ts';
import { toServiceError } from './status.ts';

const alive = encodeCoordinatorMessage({ type: 'alive' });

/** Control messages that a peer may leave unread before it counts as hung. */
const MAXIMUM_BACKLOG = 1024;

/** One worker's stream. */
export interface SessionPeer {
  /** Queues a message; nothing happens once the stream is over. */
  send(message: CoordinatorMessage): void;
  /** Ends the stream in order after what is queued. */
  end(): void;
}

/** What the application does with a peer's messages. */
export interface SessionHandler {
  /** @throws to end the stream with that error */
  message(message: WorkerMessage): void;
  /** Comes exactly once; nothing comes after it. */
  closed(reason: string): void;
}

/** The application behind the Session service. */
export interface SessionService {
  open(peer: SessionPeer): SessionHandler;
}

/** The gRPC handler of Session.Join. */
export function handleJoin(service: SessionService): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => {
    let over = false;
    // The worker knows at once that somebody is there, however long it waits for a run.
    call.sendMetadata(new Metadata());
    const finish = (reason: string, error?: unknown): void => {
      if (over) return;
      over = true;
      if (error === undefined) call.end();
      else call.emit('error', toServiceError(error));
      handler.closed(reason);
    };
    const handler = service.open({
      send: (message) => {
        if (over) return;
        call.write(encodeCoordinatorMessage(message));
        if (call.writableLength > MAXIMUM_BACKLOG) finish('backlog', new WireError('DEADLINE', 'session: the worker does not read'));
      },
      end: () => finish('ended by the coordinator'),
    });
    call.on('data', (bytes: Buffer) => {
      if (over) return;
      try {
        const message = decodeWorkerMessage(bytes);
        if (message.type === 'heartbeat') call.write(alive);
        handler.message(message);
      } catch (error) {
        finish(asWireError(error).message, error);
      }
    });
    // A reset connection ends the stream first and says so a moment later.
    call.on('end', () => setImmediate(() => finish(call.cancelled ? 'connection lost' : 'closed by the worker')));
    call.on('cancelled', () => finish('connection lost'));
    call.on('error', (error) => finish(error.message));
  };
}
