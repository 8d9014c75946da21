/**
 * Traces a run's model in a thread of its own: tracing is one long computation, and Ctrl-C must be heard meanwhile.
 */
import type { RunSpec } from '@geodesic/run-spec';
import { askThread } from './ask-thread.ts';
import type { BuiltBundle } from './build-bundle.ts';

/** What the thread is given. */
export interface BuildRequest {
  readonly spec: RunSpec;
  /** Named in errors. */
  readonly specPath: string;
  /** Where the spec's relative paths start; default the spec's folder. */
  readonly folder?: string;
}

/**
 * Freezes a spec, traces its model and encodes the bundle.
 *
 * @param signal ends the thread; the promise then rejects with the signal's reason
 * @throws {CliError} SPEC_INVALID or INTERNAL
 */
export function buildInThread(request: BuildRequest, signal: AbortSignal): Promise<BuiltBundle> {
  return askThread('build-thread.js', request, signal);
}
