/**
 * A worker's end of the bulk channel: contributions up, the bundle and the live parameters down.
 */
import { createHash } from 'node:crypto';
import type { ClientWritableStream } from '@grpc/grpc-js';
import { encodeSums } from '@geodesic/tensor';
import { ChunkAssembler, decodeChunk, encodeChunks } from './chunk.ts';
import type { Payload } from './chunk.ts';
import { WireError } from './errors.ts';
import { bytesOf } from './floats.ts';
import type { ContributeAck, HeldPosition, ParameterFrame, WireContribution } from './messages.ts';
import { IDLE_MS } from './idle-timer.ts';
import { exchangeMethods } from './methods.ts';
import type { RawMethod } from './methods.ts';
import { decodeFrame } from './parameter-frames.ts';
import { geodesic } from './protobuf.ts';
import { pump } from './pump.ts';
import { RawClient } from './raw-client.ts';
import { decodeSealed, encodeSealed } from './sealed.ts';
import { TrafficCounter } from './traffic.ts';
import type { Traffic } from './traffic.ts';

/** The largest payload that a client gives memory to, bytes. */
const MAXIMUM_PAYLOAD_BYTES = 2 ** 32;

const ackResults = ['accepted', 'duplicate', 'stale', 'overlap', 'corrupt', 'busy'] as const;

/** Options of {@link ExchangeClient.follow}. */
export interface FollowOptions {
  readonly run: string;
  readonly incarnation: string;
  /** What is held: where that is the present position the stream goes on from there; else it starts with a snapshot. */
  readonly from?: HeldPosition;
  readonly signal?: AbortSignal;
}

/** Options of {@link ExchangeClient.contribute}. */
export interface ContributeOptions {
  /** Told of each chunk handed to the stream, bytes. */
  readonly onWritten?: (bytes: number) => void;
}

/** The bulk channel as a worker sees it. */
export interface ExchangeClient {
  /** Sends a contribution, whose sums must not change meanwhile; coded segments as codes, exact for sums that have been rounded. @throws {WireError} when the connection fails */
  contribute(contribution: WireContribution, options?: ContributeOptions): Promise<ContributeAck>;
  /** The object with this `sha256:` address, verified. @throws {WireError} NOT_FOUND, CORRUPT */
  fetch(digest: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The live parameters, read at the consumer's pace; ends quietly on abort. @throws {WireError} from the iteration */
  follow(options: FollowOptions): AsyncGenerator<ParameterFrame, void, undefined>;
  /** Bytes of encoded chunks so far. */
  readonly traffic: Traffic;
  /**
   * A new connection, at once: transfers on the old one fail as UNREACHABLE. For when there is reason to think that it is dead.
   * @param address of another coordinator; default the same
   * @throws {WireError} INVALID for a malformed address
   */
  renew(address?: string): void;
  /** Ends the connection once the calls under way are over. */
  close(): void;
}

/**
 * Opens the bulk channel to a coordinator; connects on the first call.
 * @param options.idleMs time without progress after which a transfer fails, ms; default 30,000. Between two frames of the parameters there
 * may be any time.
 * @throws {WireError} INVALID for a malformed address
 */
export function connectExchange(address: string, options: { readonly idleMs?: number } = {}): ExchangeClient {
  let present = address;
  const line: { client: RawClient } & Line = {
    client: new RawClient(address),
    traffic: new TrafficCounter(),
    idleMs: options.idleMs ?? IDLE_MS,
  };
  return {
    contribute: (contribution, { onWritten } = {}) => contribute(line, contribution, onWritten),
    fetch: (digest) => fetchObject(line, digest),
    follow: (following) => follow(line, following),
    get traffic() {
      return line.traffic.read();
    },
    renew: (next = present) => {
      const client = new RawClient(next);
      line.client.abandon();
      line.client = client;
      present = next;
    },
    close: () => line.client.close(),
  };
}

interface Line {
  readonly client: RawClient;
  readonly traffic: TrafficCounter;
  readonly idleMs: number;
}

async function contribute(
  { client, traffic, idleMs }: Line,
  contribution: WireContribution,
  onWritten?: (bytes: number) => void,
): Promise<ContributeAck> {
  const { sums, ...header } = contribution;
  let answered = false;
  const payload = header.coded ? encodeSums(sums, header.coded) : bytesOf(sums);
  const chunks = encodeChunks({ ...header, type: 'contribution', sumsLength: sums.length }, payload);
  const start = (call: ClientWritableStream<Buffer>, written: () => void): void => {
    call.once('error', () => (answered = true));
    const count = (bytes: number): void => {
      traffic.bytesUp += bytes;
      written();
      onWritten?.(bytes);
    };
    pump(call, chunks, { stopped: () => answered, onWritten: count });
  };
  try {
    const ack = decodeSealed(geodesic.v1.ContributeAck, await client.upload(exchangeMethods.contribute, { idleMs, start }), 'contribute');
    const { detail, retryAfterMs } = ack;
    const result = ackResults[ack.result] ?? 'corrupt';
    return result === 'busy' ? { result, detail, retryAfterMs } : { result, detail };
  } finally {
    answered = true;
  }
}

async function fetchObject(line: Line, digest: string): Promise<Uint8Array<ArrayBuffer>> {
  const request = encodeSealed(geodesic.v1.FetchRequest, { digest });
  for await (const payload of payloads(line, { method: exchangeMethods.fetch, request, waits: false })) {
    const actual = `sha256:${createHash('sha256').update(payload.bytes).digest('hex')}`;
    if (actual === digest) return payload.bytes;
    throw new WireError('CORRUPT', `fetch: expected ${digest}, got ${actual}`, 'fetch again; if it persists, the object is damaged');
  }
  throw new WireError('CORRUPT', `fetch: expected the object ${digest}, got an empty stream`);
}

async function* follow(line: Line, { run, incarnation, from, signal }: FollowOptions): AsyncGenerator<ParameterFrame, void, undefined> {
  const request = encodeSealed(geodesic.v1.FollowRequest, { run, incarnation, ...(from && { from }) });
  const source = { method: exchangeMethods.follow, request, waits: true, ...(signal && { signal }) };
  for await (const payload of payloads(line, source)) yield decodeFrame(payload);
}

interface PayloadSource {
  readonly method: RawMethod;
  readonly request: Buffer;
  /** The next payload may be long in coming. */
  readonly waits: boolean;
  readonly signal?: AbortSignal;
}

/** Whole payloads from a stream of chunks; counts what arrives. */
async function* payloads({ client, traffic, idleMs }: Line, { method, request, waits, signal }: PayloadSource): AsyncGenerator<Payload> {
  const assembler = new ChunkAssembler({ maximumBytes: MAXIMUM_PAYLOAD_BYTES });
  const patience = (): number | undefined => (waits && assembler.header === undefined ? undefined : idleMs);
  for await (const bytes of client.download(method, request, { idleMs: patience, ...(signal && { signal }) })) {
    traffic.bytesDown += bytes.length;
    const payload = assembler.push(decodeChunk(bytes));
    if (payload) yield payload;
  }
  if (signal?.aborted !== true) assembler.end();
}
