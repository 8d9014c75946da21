/**
 * The coordinator's end of the bulk channel. A contribution is refused by its header, before any memory is given to it,
 * and handed to the application only when it has arrived whole and intact.
 */
import type { handleClientStreamingCall, handleServerStreamingCall, ServerWritableStream } from '@grpc/grpc-js';
import { decodeSums } from '@geodesic/tensor';
import { ChunkAssembler, decodeChunk, encodeChunks } from './chunk.ts';
import { asWireError, WireError } from './errors.ts';
import { floatsOf } from './floats.ts';
import type { ContributeAck, ContributionHeader, WireContribution } from './messages.ts';
import type { FollowerSink, ParameterPublisher } from './parameter-publisher.ts';
import { decodeHeader } from './payload-header.ts';
import { geodesic } from './protobuf.ts';
import { pump } from './pump.ts';
import { toServiceError } from './status.ts';
import type { TrafficCounter } from './traffic.ts';

/** The application behind the Exchange service. */
export interface ExchangeService {
  /** Judges a header; an answer refuses the contribution unread. Must refuse any `sumsLength` and any coded segments but the round's. */
  admit(header: ContributionHeader): ContributeAck | undefined;
  /** Takes a whole contribution; its arrays belong to the application. */
  contribute(contribution: WireContribution): ContributeAck;
  /** The object at a `sha256:` address. @throws {WireError} NOT_FOUND */
  fetch(digest: string): Uint8Array;
  /** The parameters of a run. @throws {WireError} NOT_FOUND */
  follow(request: { run: string; incarnation: string }): ParameterPublisher;
}

const resultCodes: Readonly<Record<ContributeAck['result'], geodesic.v1.ContributeAck.Result>> = {
  accepted: 0,
  duplicate: 1,
  stale: 2,
  overlap: 3,
  corrupt: 4,
};

/** The gRPC handler of Exchange.Contribute. */
export function handleContribute(service: ExchangeService, traffic: TrafficCounter): handleClientStreamingCall<Buffer, Buffer> {
  return (call, callback) => {
    const receiver = new ContributionReceiver(service);
    let answered = false;
    const answer = (ack: ContributeAck): void => {
      if (answered) return;
      answered = true;
      callback(null, geodesic.v1.ContributeAck.encode({ result: resultCodes[ack.result], detail: ack.detail }).finish() as Buffer);
    };
    const guarded = (take: () => ContributeAck | undefined): void => {
      if (answered) return;
      try {
        const ack = take();
        if (ack) answer(ack);
      } catch (error) {
        const wire = asWireError(error);
        if (wire.code === 'CORRUPT') answer({ result: 'corrupt', detail: wire.message });
        else {
          answered = true;
          callback(toServiceError(wire));
        }
      }
    };
    call.on('data', (bytes: Buffer) => {
      traffic.bytesUp += bytes.length;
      guarded(() => receiver.push(bytes));
    });
    call.on('end', () => guarded(() => receiver.end()));
    call.on('error', () => (answered = true));
    call.on('cancelled', () => (answered = true));
  };
}

/** One contribution on its way in. */
class ContributionReceiver {
  readonly #service: ExchangeService;
  readonly #assembler = new ChunkAssembler({ maximumBytes: Number.MAX_SAFE_INTEGER }); // admit() has bounded it

  constructor(service: ExchangeService) {
    this.#service = service;
  }

  push(bytes: Buffer): ContributeAck | undefined {
    const chunk = decodeChunk(bytes);
    if (this.#assembler.header === undefined) {
      const header = decodeHeader(chunk);
      if (header?.type !== 'contribution') throw new WireError('CORRUPT', 'contribute: expected a contribution header in the first chunk');
      const refusal = this.#service.admit(header);
      if (refusal) return refusal;
    }
    const payload = this.#assembler.push(chunk);
    if (payload?.header.type !== 'contribution') return undefined;
    const { type: _, ...header } = payload.header;
    const { coded, sumsLength } = header;
    const sums = coded ? decodeSums(payload.bytes, coded, sumsLength) : floatsOf(payload.bytes, 0, sumsLength);
    return this.#service.contribute({ ...header, sums });
  }

  end(): ContributeAck | undefined {
    this.#assembler.end();
    throw new WireError('CORRUPT', 'contribute: expected a contribution, got an empty stream');
  }
}

/** The gRPC handler of Exchange.Fetch. */
export function handleFetch(service: ExchangeService, traffic: TrafficCounter): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const over = watchEnd(call);
    try {
      const { digest } = geodesic.v1.FetchRequest.decode(call.request);
      const chunks = encodeChunks({ type: 'object', digest }, service.fetch(digest));
      pump(call, chunks, { stopped: () => over.aborted, onWritten: (bytes) => (traffic.bytesDown += bytes) });
    } catch (error) {
      call.emit('error', toServiceError(error));
    }
  };
}

/** The gRPC handler of Exchange.Follow. */
export function handleFollow(service: ExchangeService, traffic: TrafficCounter): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const over = watchEnd(call);
    try {
      const { run, incarnation } = geodesic.v1.FollowRequest.decode(call.request);
      const sink: FollowerSink = {
        write: (bytes) => {
          traffic.bytesDown += bytes.length;
          return call.write(bytes);
        },
        on: (event, listener) => call.on(event, listener),
        end: () => call.end(),
      };
      const detach = service.follow({ run, incarnation }).attach(sink);
      over.addEventListener('abort', detach);
    } catch (error) {
      call.emit('error', toServiceError(error));
    }
  };
}

/** A signal that aborts when the reader of a stream has gone. */
export function watchEnd(call: ServerWritableStream<Buffer, Buffer>): AbortSignal {
  const controller = new AbortController();
  call.on('cancelled', () => controller.abort());
  call.on('error', () => controller.abort());
  return controller.signal;
}
