/**
 * Exchange.Contribute, coordinator's end. A contribution is refused by its header, before any memory is given to it: by the application,
 * or for want of byte credits. One that arrived damaged, broke off or stood still fails the call and is sent again; what the application
 * says of a whole and intact one is its acknowledgement.
 */
import type { handleClientStreamingCall } from '@grpc/grpc-js';
import { decodeSums } from '@geodesic/tensor';
import { ChunkAssembler, decodeChunk } from './chunk.ts';
import { WireError } from './errors.ts';
import type { ExchangeService } from './exchange-server.ts';
import { floatsOf } from './floats.ts';
import { IdleTimer } from './idle-timer.ts';
import type { ContributeAck } from './messages.ts';
import { decodeHeader, promisedBytes } from './payload-header.ts';
import type { PayloadHeader } from './payload-header.ts';
import { geodesic } from './protobuf.ts';
import { encodeSealed } from './sealed.ts';
import { toServiceError } from './status.ts';
import type { TrafficCounter } from './traffic.ts';
import type { UploadCredits } from './upload-credits.ts';

/** What all calls of a server share. */
export interface BulkLimits {
  readonly traffic: TrafficCounter;
  readonly credits: UploadCredits;
  /** Time without a byte after which a transfer is over, ms. */
  readonly idleMs: number;
}

type ContributionPayload = Extract<PayloadHeader, { type: 'contribution' }>;

const resultCodes: Readonly<Record<ContributeAck['result'], geodesic.v1.ContributeAck.Result>> = {
  accepted: 0,
  duplicate: 1,
  stale: 2,
  overlap: 3,
  corrupt: 4,
  busy: 5,
};

/** The gRPC handler of Exchange.Contribute. */
export function handleContribute(service: ExchangeService, limits: BulkLimits): handleClientStreamingCall<Buffer, Buffer> {
  return (call, callback) => {
    const receiver = new ContributionReceiver(service, limits.credits);
    let over = false;
    const finish = (): boolean => {
      if (over) return false;
      over = true;
      timer.stop();
      receiver.close();
      return true;
    };
    const guarded = (take: () => ContributeAck | undefined): void => {
      if (over) return;
      try {
        const ack = take();
        if (ack && finish()) callback(null, encodeAck(ack));
      } catch (error) {
        if (finish()) callback(toServiceError(error));
      }
    };
    const { idleMs } = limits;
    const timer = new IdleTimer(idleMs, () =>
      guarded(() => {
        throw new WireError('DEADLINE', `contribute: expected the next chunk within ${idleMs} ms, got none`, 'send it again');
      }),
    );
    call.on('data', (bytes: Buffer) => {
      limits.traffic.bytesUp += bytes.length;
      timer.touch();
      guarded(() => receiver.push(bytes));
    });
    call.on('end', () => guarded(() => receiver.end()));
    call.on('error', finish);
    call.on('cancelled', finish);
  };
}

/** One contribution on its way in. */
class ContributionReceiver {
  readonly #service: ExchangeService;
  readonly #credits: UploadCredits;
  readonly #assembler = new ChunkAssembler({ maximumBytes: Number.MAX_SAFE_INTEGER }); // admit() has bounded it
  #giveBack: (() => void) | undefined;

  constructor(service: ExchangeService, credits: UploadCredits) {
    this.#service = service;
    this.#credits = credits;
  }

  push(bytes: Buffer): ContributeAck | undefined {
    const chunk = decodeChunk(bytes);
    if (this.#assembler.header === undefined) {
      const refusal = this.#judge(decodeHeader(chunk));
      if (refusal) return refusal;
    }
    const payload = this.#assembler.push(chunk);
    if (payload?.header.type !== 'contribution') return undefined;
    const { type: _, ...header } = payload.header;
    const { coded, sumsLength } = header;
    const sums = coded ? decodeSums(payload.bytes, coded, sumsLength) : floatsOf(payload.bytes, 0, sumsLength);
    return this.#service.contribute({ ...header, sums, crcs: payload.crcs });
  }

  end(): ContributeAck | undefined {
    this.#assembler.end();
    throw new WireError('CORRUPT', 'contribute: expected a contribution, got an empty stream');
  }

  /** Gives the credits back. */
  close(): void {
    this.#giveBack?.();
  }

  #judge(header: PayloadHeader | undefined): ContributeAck | undefined {
    if (header?.type !== 'contribution') throw new WireError('CORRUPT', 'contribute: expected a contribution header in the first chunk');
    const refusal = this.#service.admit(header);
    if (refusal) return refusal;
    this.#giveBack = this.#credits.take(memoryOf(header));
    if (this.#giveBack) return undefined;
    const { taken, retryAfterMs } = this.#credits;
    return { result: 'busy', detail: `${taken} bytes of other uploads are under way`, retryAfterMs };
  }
}

/** Bytes as they arrive, and, of coded sums, those that they become. */
function memoryOf(header: ContributionPayload): number {
  return (promisedBytes(header) ?? 0) + (header.coded ? 4 * header.sumsLength : 0);
}

function encodeAck(ack: ContributeAck): Buffer {
  return encodeSealed(geodesic.v1.ContributeAck, { ...ack, result: resultCodes[ack.result] });
}
