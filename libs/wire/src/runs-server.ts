/** The coordinator's end of the Runs service. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import type { handleClientStreamingCall, handleServerStreamingCall, handleUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { ChunkAssembler, decodeChunk } from './chunk.ts';
import type { Payload } from './chunk.ts';
import { WireError } from './errors.ts';
import { watchEnd } from './exchange-server.ts';
import type { ControlRequest, RunEvent, RunStatus, Submission } from './messages.ts';
import { geodesic, toCount } from './protobuf.ts';
import { decodeControl, encodeEvent, encodeStatus } from './runs-messages.ts';
import { decodeSealed, encodeSealed } from './sealed.ts';
import { toServiceError } from './status.ts';

/** The largest bundle, bytes. */
const MAXIMUM_BUNDLE_BYTES = 2 ** 30;

/** The application behind the Runs service. */
export interface RunsService {
  /** Takes a run. @throws {WireError} BUSY, BUNDLE, NOT_FOUND when there is nothing to fork */
  submit(submission: Submission): Promise<{ runId: string; directory: string }>;
  /** Every event from a sequence number on, ending after run.finished or on abort. @throws {WireError} NOT_FOUND */
  watch(runId: string, fromSequence: number, signal: AbortSignal): AsyncIterable<RunEvent>;
  /** Takes a wish, well formed; an empty run is the present one. Returns the first step for which it holds. @throws {WireError} NOT_FOUND, REFUSED */
  control(request: ControlRequest): Promise<{ step: number }>;
  /** How a run stands; an empty one is the present one. @throws {WireError} NOT_FOUND */
  get(run: string): Promise<RunStatus>;
}

/** The gRPC handler of Runs.Submit. */
export function handleSubmit(service: RunsService): handleClientStreamingCall<Buffer, Buffer> {
  return (call, callback) => {
    const assembler = new ChunkAssembler({ maximumBytes: MAXIMUM_BUNDLE_BYTES });
    let payload: Payload | undefined;
    let answered = false;
    const fail = (error: unknown): void => {
      if (!answered) callback(toServiceError(error));
      answered = true;
    };
    call.on('data', (bytes: Buffer) => {
      if (answered) return;
      try {
        payload = assembler.push(decodeChunk(bytes)) ?? payload;
      } catch (error) {
        fail(error);
      }
    });
    call.on('end', () => {
      if (answered) return;
      const whole = payload;
      if (whole === undefined) fail(new WireError('CORRUPT', 'submit: expected a whole bundle, got a stream that ended early'));
      else void answer(callback, () => accept(service, whole));
    });
    call.on('error', () => (answered = true));
  };
}

/** The gRPC handler of Runs.Watch. */
export function handleWatch(service: RunsService): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const over = watchEnd(call);
    const send = async (): Promise<void> => {
      const { run, fromSequence } = decodeSealed(geodesic.v1.WatchRequest, call.request, 'watch');
      for await (const event of service.watch(run, toCount(fromSequence, 'watch.fromSequence'), over)) {
        if (over.aborted) return;
        if (!call.write(encodeEvent(event))) await once(call, 'drain', { signal: over });
      }
      call.end();
    };
    send().catch((error: unknown) => {
      if (!over.aborted) call.emit('error', toServiceError(error));
    });
  };
}

/** The gRPC handler of Runs.Control. */
export function handleControl(service: RunsService): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    void answer(callback, async () => {
      const { step } = await service.control(decodeControl(call.request));
      return encodeSealed(geodesic.v1.ControlReply, { step });
    });
  };
}

/** The gRPC handler of Runs.Get. */
export function handleGet(service: RunsService): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    void answer(callback, async () => encodeStatus(await service.get(decodeSealed(geodesic.v1.GetRequest, call.request, 'get').run)));
  };
}

async function accept(service: RunsService, { header, bytes: bundle }: Payload): Promise<Buffer> {
  if (header.type !== 'submission') throw new WireError('INVALID', `submit: expected a submission, got ${header.type}`);
  const actual = `sha256:${createHash('sha256').update(bundle).digest('hex')}`;
  if (actual !== header.digest)
    throw new WireError('CORRUPT', `submit: expected a bundle of ${header.digest}, got ${actual}`, 'submit it again');
  const { fork } = header;
  const { runId: run, directory } = await service.submit({ bundle, ...(fork && { fork }) });
  return encodeSealed(geodesic.v1.SubmitReply, { run, directory });
}

async function answer(callback: sendUnaryData<Buffer>, work: () => Promise<Buffer>): Promise<void> {
  try {
    callback(null, await work());
  } catch (error) {
    callback(toServiceError(error));
  }
}
