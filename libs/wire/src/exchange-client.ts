/**
 * A worker's end of the bulk channel: contributions up, the bundle and the live parameters down.
 */
import { createHash } from 'node:crypto';
import { encodeSums } from '@geodesic/tensor';
import { ChunkAssembler, decodeChunk, encodeChunks } from './chunk.ts';
import type { Payload } from './chunk.ts';
import { WireError } from './errors.ts';
import { bytesOf } from './floats.ts';
import type { ContributeAck, ParameterFrame, WireContribution } from './messages.ts';
import { exchangeMethods } from './methods.ts';
import { decodeFrame } from './parameter-frames.ts';
import { geodesic } from './protobuf.ts';
import { pump } from './pump.ts';
import { RawClient } from './raw-client.ts';
import { TrafficCounter } from './traffic.ts';
import type { Traffic } from './traffic.ts';

/** Deadline of one upload, ms: a broken connection is noticed earlier, by keepalive. */
const UPLOAD_DEADLINE_MS = 120_000;

/** The largest payload that a client gives memory to, bytes. */
const MAXIMUM_PAYLOAD_BYTES = 2 ** 32;

const ackResults = ['accepted', 'duplicate', 'stale', 'overlap', 'corrupt'] as const;

/** The bulk channel as a worker sees it. */
export interface ExchangeClient {
  /** Sends a contribution, whose sums must not change meanwhile; coded segments as codes, exact for sums that have been rounded. @throws {WireError} when the connection fails */
  contribute(contribution: WireContribution): Promise<ContributeAck>;
  /** The object with this `sha256:` address, verified. @throws {WireError} NOT_FOUND, CORRUPT */
  fetch(digest: string): Promise<Uint8Array<ArrayBuffer>>;
  /** The live parameters: first a snapshot. Read at the consumer's pace; ends quietly on abort. @throws {WireError} from the iteration */
  follow(options: { run: string; incarnation: string; signal?: AbortSignal }): AsyncGenerator<ParameterFrame, void, undefined>;
  /** Bytes of encoded chunks so far. */
  readonly traffic: Traffic;
  /** Ends the connection once the calls under way are over. */
  close(): void;
}

/** Opens the bulk channel to a coordinator; connects on the first call. @throws {WireError} INVALID for a malformed address */
export function connectExchange(address: string): ExchangeClient {
  const client = new RawClient(address);
  const traffic = new TrafficCounter();
  return {
    contribute: (contribution) => contribute(client, traffic, contribution),
    fetch: (digest) => fetchObject(client, traffic, digest),
    follow: (options) => follow(client, traffic, options),
    get traffic() {
      return traffic.read();
    },
    close: () => client.close(),
  };
}

async function contribute(client: RawClient, traffic: TrafficCounter, contribution: WireContribution): Promise<ContributeAck> {
  const { sums, ...header } = contribution;
  let answered = false;
  const payload = header.coded ? encodeSums(sums, header.coded) : bytesOf(sums);
  const chunks = encodeChunks({ ...header, type: 'contribution', sumsLength: sums.length }, payload);
  const answer = client.upload(exchangeMethods.contribute, UPLOAD_DEADLINE_MS, (call) => {
    call.once('error', () => (answered = true));
    pump(call, chunks, { stopped: () => answered, onWritten: (bytes) => (traffic.bytesUp += bytes) });
  });
  try {
    const ack = geodesic.v1.ContributeAck.decode(await answer);
    return { result: ackResults[ack.result] ?? 'corrupt', detail: ack.detail };
  } finally {
    answered = true;
  }
}

async function fetchObject(client: RawClient, traffic: TrafficCounter, digest: string): Promise<Uint8Array<ArrayBuffer>> {
  const request = geodesic.v1.FetchRequest.encode({ digest }).finish() as Buffer;
  for await (const payload of payloads(client.download(exchangeMethods.fetch, request), traffic)) {
    const actual = `sha256:${createHash('sha256').update(payload.bytes).digest('hex')}`;
    if (actual === digest) return payload.bytes;
    throw new WireError('CORRUPT', `fetch: expected ${digest}, got ${actual}`, 'fetch again; if it persists, the object is damaged');
  }
  throw new WireError('CORRUPT', `fetch: expected the object ${digest}, got an empty stream`);
}

async function* follow(
  client: RawClient,
  traffic: TrafficCounter,
  options: { run: string; incarnation: string; signal?: AbortSignal },
): AsyncGenerator<ParameterFrame, void, undefined> {
  const { run, incarnation, signal } = options;
  const request = geodesic.v1.FollowRequest.encode({ run, incarnation }).finish() as Buffer;
  const source = client.download(exchangeMethods.follow, request, signal);
  for await (const payload of payloads(source, traffic, signal)) yield decodeFrame(payload);
}

/** Whole payloads from a stream of chunks; counts what arrives. */
async function* payloads(source: AsyncIterable<Buffer>, traffic: TrafficCounter, signal?: AbortSignal): AsyncGenerator<Payload> {
  const assembler = new ChunkAssembler({ maximumBytes: MAXIMUM_PAYLOAD_BYTES });
  for await (const bytes of source) {
    traffic.bytesDown += bytes.length;
    const payload = assembler.push(decodeChunk(bytes));
    if (payload) yield payload;
  }
  if (signal?.aborted !== true) assembler.end();
}
