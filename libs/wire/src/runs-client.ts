/** The Runs service as the CLI and other tools see it: hand in a run, watch it, stop it. */
import { createHash } from 'node:crypto';
import { encodeChunks } from './chunk.ts';
import { WireError } from './errors.ts';
import type { RunEvent } from './messages.ts';
import { runsMethods } from './methods.ts';
import { geodesic, toCount } from './protobuf.ts';
import { pump } from './pump.ts';
import { RawClient } from './raw-client.ts';

/** Deadline of a submission, ms. */
const SUBMIT_DEADLINE_MS = 60_000;

/** The Runs service. */
export interface RunsClient {
  /** Hands in a bundle; the run is accepted, not yet started, when it returns. @throws {WireError} BUSY, BUNDLE, UNREACHABLE */
  submit(request: { bundle: Uint8Array }): Promise<{ runId: string; directory: string }>;
  /** Every event from `fromSequence` (default 1) on; ends after run.finished, quietly on abort. @throws {WireError} from the iteration */
  watch(runId: string, options?: { fromSequence?: number; signal?: AbortSignal }): AsyncGenerator<RunEvent, void, undefined>;
  /** Asks the run to stop after its present step; returns when the request is taken. @throws {WireError} NOT_FOUND, UNREACHABLE */
  stop(runId: string, reason: string): Promise<void>;
  /** Ends the connection once the calls under way are over. */
  close(): void;
}

/** Opens the Runs service of a coordinator; connects on the first call. @throws {WireError} INVALID for a malformed address */
export function connectRuns(address: string): RunsClient {
  const client = new RawClient(address);
  return {
    submit: ({ bundle }) => submit(client, bundle),
    watch: (runId, options = {}) => watch(client, runId, options),
    stop: async (run, reason) => {
      await client.unary(runsMethods.control, geodesic.v1.ControlRequest.encode({ run, action: 'stop', reason }).finish() as Buffer);
    },
    close: () => client.close(),
  };
}

async function submit(client: RawClient, bundle: Uint8Array): Promise<{ runId: string; directory: string }> {
  const digest = `sha256:${createHash('sha256').update(bundle).digest('hex')}`;
  let broken = false;
  const answer = await client.upload(runsMethods.submit, SUBMIT_DEADLINE_MS, (call) => {
    call.once('error', () => (broken = true));
    pump(call, encodeChunks({ type: 'object', digest }, bundle), { stopped: () => broken });
  });
  const { run, directory } = geodesic.v1.SubmitReply.decode(answer);
  return { runId: run, directory };
}

async function* watch(
  client: RawClient,
  run: string,
  options: { fromSequence?: number; signal?: AbortSignal },
): AsyncGenerator<RunEvent, void, undefined> {
  const request = geodesic.v1.WatchRequest.encode({ run, fromSequence: options.fromSequence ?? 1 }).finish() as Buffer;
  for await (const bytes of client.download(runsMethods.watch, request, options.signal)) yield decodeEvent(bytes);
}

function decodeEvent(bytes: Buffer): RunEvent {
  const { sequence, type, at, data } = geodesic.v1.RunEvent.decode(bytes);
  const parsed: unknown = JSON.parse(new TextDecoder().decode(data));
  if (typeof parsed !== 'object' || parsed === null) throw new WireError('CORRUPT', `event ${type}: expected a JSON object`);
  return { sequence: toCount(sequence, 'event.sequence'), type, at, data: parsed as Record<string, unknown> };
}
