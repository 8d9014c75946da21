/**
 * The coordinator's end of the bulk channel: the application behind it, and what goes down (contribute-handler.ts takes what comes up).
 * A reader that takes nothing for too long loses its stream, and may come again.
 */
import type { handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import { encodeChunks } from './chunk.ts';
import type { BulkLimits } from './contribute-handler.ts';
import { WireError } from './errors.ts';
import { IdleTimer } from './idle-timer.ts';
import type { ContributeAck, ContributionHeader, HeldPosition, WireContribution } from './messages.ts';
import type { FollowerSink, ParameterPublisher } from './parameter-publisher.ts';
import { geodesic, toCount } from './protobuf.ts';
import { pump } from './pump.ts';
import { decodeSealed } from './sealed.ts';
import { toServiceError } from './status.ts';

/** The application behind the Exchange service. */
export interface ExchangeService {
  /** Judges a header; an answer refuses the contribution unread. Must refuse any `sumsLength` and any coded segments but the round's. */
  admit(header: ContributionHeader): ContributeAck | undefined;
  /** Takes a whole contribution; its arrays belong to the application. */
  contribute(contribution: WireContribution): ContributeAck;
  /** The object at a `sha256:` address, from memory or, later, from a disk. @throws {WireError} NOT_FOUND */
  fetch(digest: string): Uint8Array | Promise<Uint8Array>;
  /** The parameters of a run; `from` is what the follower holds. @throws {WireError} NOT_FOUND */
  follow(request: { run: string; incarnation: string; from?: HeldPosition }): ParameterPublisher;
}

type Download = ServerWritableStream<Buffer, Buffer>;

/** The gRPC handler of Exchange.Fetch. */
export function handleFetch(service: ExchangeService, limits: BulkLimits): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const sink = new WatchedSink(call, limits);
    const send = async (): Promise<void> => {
      const { digest } = decodeSealed(geodesic.v1.FetchRequest, call.request, 'fetch');
      const object = await service.fetch(digest);
      if (!sink.over.aborted) pump(sink, encodeChunks({ type: 'object', digest }, object), { stopped: () => sink.over.aborted });
    };
    send().catch((error: unknown) => {
      if (!sink.over.aborted) call.emit('error', toServiceError(error)); // else nobody waits for the answer
    });
  };
}

/** The gRPC handler of Exchange.Follow. */
export function handleFollow(service: ExchangeService, limits: BulkLimits): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    try {
      const { run, incarnation, from: held } = decodeSealed(geodesic.v1.FollowRequest, call.request, 'follow');
      const from = held ? { from: { version: toCount(held.version, 'follow.from.version'), chain: held.chain ?? '' } } : {};
      const sink = new WatchedSink(call, limits);
      sink.over.addEventListener('abort', service.follow({ run, incarnation, ...from }).attach(sink, from));
    } catch (error) {
      call.emit('error', toServiceError(error));
    }
  };
}

/** A stream down that counts its bytes, and ends when its reader has gone or stands still. */
class WatchedSink implements FollowerSink {
  /** Aborts when nothing may be written any more. */
  readonly over: AbortSignal;
  readonly #call: Download;
  readonly #limits: BulkLimits;
  #waiting: IdleTimer | undefined;

  constructor(call: Download, limits: BulkLimits) {
    this.#call = call;
    this.#limits = limits;
    this.over = watchEnd(call);
    this.over.addEventListener('abort', () => this.#waiting?.stop());
    call.on('drain', () => this.#waiting?.stop());
  }

  write(bytes: Buffer): boolean {
    this.#limits.traffic.bytesDown += bytes.length;
    const more = this.#call.write(bytes);
    if (!more) this.#waiting = new IdleTimer(this.#limits.idleMs, () => this.#giveUp());
    return more;
  }

  on(event: 'drain', listener: () => void): void {
    this.#call.on(event, listener);
  }

  once(event: 'drain', listener: () => void): void {
    this.#call.once(event, listener);
  }

  end(): void {
    this.#call.end();
  }

  #giveUp(): void {
    const message = `stream: expected its reader to go on within ${this.#limits.idleMs} ms, got nothing`;
    this.#call.emit('error', toServiceError(new WireError('DEADLINE', message, 'ask again')));
  }
}

/** A signal that aborts when the reader of a stream has gone. */
export function watchEnd(call: Download): AbortSignal {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort());
  call.on('error', () => controller.abort());
  return controller.signal;
}
