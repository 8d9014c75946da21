/** The coordinator's end of the Runs service. */
import { once } from 'node:events';
import type { handleClientStreamingCall, handleServerStreamingCall, handleUnaryCall, sendUnaryData } from '@grpc/grpc-js';
import { ChunkAssembler, decodeChunk } from './chunk.ts';
import type { Payload } from './chunk.ts';
import { WireError } from './errors.ts';
import { watchEnd } from './exchange-server.ts';
import type { RunEvent } from './messages.ts';
import { geodesic, toCount } from './protobuf.ts';
import { toServiceError } from './status.ts';

/** The largest bundle, bytes. */
const MAXIMUM_BUNDLE_BYTES = 2 ** 30;

/** The application behind the Runs service. */
export interface RunsService {
  /** Takes a run. @throws {WireError} BUSY, BUNDLE */
  submit(bundle: Uint8Array): Promise<{ runId: string; directory: string }>;
  /** Every event from a sequence number on, ending after run.finished or on abort. @throws {WireError} NOT_FOUND */
  watch(runId: string, fromSequence: number, signal: AbortSignal): AsyncIterable<RunEvent>;
  /** Asks the run to stop after its present step. @throws {WireError} NOT_FOUND */
  stop(runId: string, reason: string): Promise<void>;
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
      const bytes = payload?.bytes;
      if (bytes === undefined) fail(new WireError('CORRUPT', 'submit: expected a whole bundle, got a stream that ended early'));
      else void answer(callback, () => accept(service, bytes));
    });
    call.on('error', () => (answered = true));
  };
}

/** The gRPC handler of Runs.Watch. */
export function handleWatch(service: RunsService): handleServerStreamingCall<Buffer, Buffer> {
  return (call) => {
    const over = watchEnd(call);
    const send = async (): Promise<void> => {
      const { run, fromSequence } = geodesic.v1.WatchRequest.decode(call.request);
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
      const { run, action, reason } = geodesic.v1.ControlRequest.decode(call.request);
      if (action !== 'stop') throw new WireError('INVALID', `control.action: expected stop, got ${action}`);
      await service.stop(run, reason);
      return geodesic.v1.ControlReply.encode({});
    });
  };
}

async function accept(service: RunsService, bundle: Uint8Array): Promise<{ finish(): Uint8Array }> {
  const { runId: run, directory } = await service.submit(bundle);
  return geodesic.v1.SubmitReply.encode({ run, directory });
}

async function answer(callback: sendUnaryData<Buffer>, work: () => Promise<{ finish(): Uint8Array }>): Promise<void> {
  try {
    const reply = await work();
    callback(null, reply.finish() as Buffer);
  } catch (error) {
    callback(toServiceError(error));
  }
}

function encodeEvent(event: RunEvent): Buffer {
  const { sequence, type, at } = event;
  return geodesic.v1.RunEvent.encode({ sequence, type, at, data: Buffer.from(JSON.stringify(event.data)) }).finish() as Buffer;
}
