/** The Runs service as the CLI and other tools see it: hand in a run, watch it, look at it, steer it. */
import { createHash } from 'node:crypto';
import type { ClientWritableStream } from '@grpc/grpc-js';
import { encodeChunks } from './chunk.ts';
import type { ControlRequest, RunEvent, RunStatus, Submission } from './messages.ts';
import { runsMethods } from './methods.ts';
import { geodesic, toCount } from './protobuf.ts';
import { pump } from './pump.ts';
import { RawClient } from './raw-client.ts';
import { decodeEvent, decodeStatus, encodeControl } from './runs-messages.ts';
import { decodeSealed, encodeSealed } from './sealed.ts';

/** The coordinator prepares the run before it answers: longer than a transfer may stand still, ms. */
const SUBMIT_IDLE_MS = 120_000;

/** The Runs service. */
export interface RunsClient {
  /** Hands in a bundle; the run is accepted, not yet started, when it returns. @throws {WireError} BUSY, BUNDLE, NOT_FOUND (nothing to fork), UNREACHABLE */
  submit(request: Submission): Promise<{ runId: string; directory: string }>;
  /** Every event from `fromSequence` (default 1) on; ends after run.finished, quietly on abort. @throws {WireError} from the iteration */
  watch(runId: string, options?: { fromSequence?: number; signal?: AbortSignal }): AsyncGenerator<RunEvent, void, undefined>;
  /** Steers a run; returns, when the wish is taken, the first step for which it holds. @throws {WireError} NOT_FOUND, REFUSED, INVALID, UNREACHABLE */
  control(request: ControlRequest): Promise<{ step: number }>;
  /** How a run stands; the coordinator's present one by default. @throws {WireError} NOT_FOUND, UNREACHABLE */
  get(runId?: string): Promise<RunStatus>;
  /** Asks the run to stop after its present step; `control` in short. @throws {WireError} NOT_FOUND, UNREACHABLE */
  stop(runId: string, reason: string): Promise<void>;
  /** Ends the connection once the calls under way are over. */
  close(): void;
}

/** Opens the Runs service of a coordinator; connects on the first call. @throws {WireError} INVALID for a malformed address */
export function connectRuns(address: string): RunsClient {
  const client = new RawClient(address);
  return {
    submit: (submission) => submit(client, submission),
    watch: (runId, options = {}) => watch(client, runId, options),
    control: (request) => control(client, request),
    get: async (run = '') => decodeStatus(await client.unary(runsMethods.get, encodeSealed(geodesic.v1.GetRequest, { run }))),
    stop: async (run, reason) => {
      await control(client, { run, action: 'stop', reason });
    },
    close: () => client.close(),
  };
}

async function submit(client: RawClient, { bundle, fork }: Submission): Promise<{ runId: string; directory: string }> {
  const digest = `sha256:${createHash('sha256').update(bundle).digest('hex')}`;
  let broken = false;
  const start = (call: ClientWritableStream<Buffer>, written: () => void): void => {
    call.once('error', () => (broken = true));
    pump(call, encodeChunks({ type: 'submission', digest, ...(fork && { fork }) }, bundle), { stopped: () => broken, onWritten: written });
  };
  const answer = await client.upload(runsMethods.submit, { idleMs: SUBMIT_IDLE_MS, start });
  const { run, directory } = decodeSealed(geodesic.v1.SubmitReply, answer, 'submit');
  return { runId: run, directory };
}

async function control(client: RawClient, request: ControlRequest): Promise<{ step: number }> {
  const { step } = decodeSealed(geodesic.v1.ControlReply, await client.unary(runsMethods.control, encodeControl(request)), 'control');
  return { step: toCount(step, 'control.step') };
}

async function* watch(
  client: RawClient,
  run: string,
  options: { fromSequence?: number; signal?: AbortSignal },
): AsyncGenerator<RunEvent, void, undefined> {
  const request = encodeSealed(geodesic.v1.WatchRequest, { run, fromSequence: options.fromSequence ?? 1 });
  for await (const bytes of client.download(runsMethods.watch, request, options.signal ? { signal: options.signal } : {}))
    yield decodeEvent(bytes);
}
