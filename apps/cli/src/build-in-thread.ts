/**
 * Traces a run's model in a thread of its own: tracing is one long computation, and Ctrl-C must be heard meanwhile.
 */
import { Worker } from 'node:worker_threads';
import type { RunSpec } from '@geodesic/run-spec';
import type { BuiltBundle } from './build-bundle.ts';
import { CliError, type CliErrorFields } from './errors.ts';

/** What the thread is given. */
export interface BuildRequest {
  readonly spec: RunSpec;
  /** Named in errors. */
  readonly specPath: string;
}

/** What it answers, once. Errors lose their class on the way, so their fields travel. */
export type BuildAnswer = { readonly built: BuiltBundle } | { readonly failure: CliErrorFields; readonly stack: string };

/**
 * Freezes a spec, traces its model and encodes the bundle.
 *
 * @param signal ends the thread; the promise then rejects with the signal's reason
 * @throws {CliError} SPEC_INVALID or INTERNAL
 */
export async function buildInThread(request: BuildRequest, signal: AbortSignal): Promise<BuiltBundle> {
  const thread = new Worker(new URL('build-thread.js', import.meta.url), { workerData: request });
  const onAbort = (): void => void thread.terminate();
  signal.addEventListener('abort', onAbort);
  try {
    const answer = await new Promise<BuildAnswer>((answered, failed) => {
      thread.once('message', answered).once('error', failed);
      thread.once('exit', (code) =>
        failed(signal.aborted ? signal.reason : new Error(`tracing: expected an answer, got exit code ${code}`)),
      );
    });
    if ('built' in answer) return answer.built;
    throw new CliError({ ...answer.failure, cause: Object.assign(new Error(answer.failure.message), { stack: answer.stack }) });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
