/**
 * The line to one run: submit it, follow its events to the end, ask it to stop. Errors of the wire become errors of the command.
 */
import { connectRuns, WireError } from '@geodesic/wire';
import { CliError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { readObject, readText } from './view/event-fields.ts';
import type { RunReporter } from './view/run-reporter.ts';

/** A run that trained to its last step. */
export interface FinishedRun {
  readonly directory: string;
  /** The data of the envelope. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The line to one run. */
export interface RunConnection {
  /** The run folder, once the run is accepted. */
  readonly directory: string | undefined;
  /** Hands the bundle in. @throws {CliError} */
  submit(bundle: Uint8Array): Promise<{ readonly runId: string; readonly directory: string }>;
  /** Reports every event; resolves when the run completed. `onOver` is called as soon as the run is over. @throws {CliError} when it did not complete */
  watchToEnd(onOver: () => void): Promise<FinishedRun>;
  /** Asks the run to stop after its present step; does nothing before the run is accepted. */
  stop(reason: string): Promise<void>;
  close(): void;
}

/** Opens the line to the coordinator at `127.0.0.1:PORT`. */
export function connectToRun(address: string, reporter: RunReporter): RunConnection {
  const client = connectRuns(address);
  let accepted: { runId: string; directory: string } | undefined;
  return {
    get directory() {
      return accepted?.directory;
    },
    async submit(bundle) {
      accepted = await client.submit({ bundle }).catch(rethrowWireError);
      return accepted;
    },
    async watchToEnd(onOver) {
      if (accepted === undefined) throw new Error('watchToEnd: expected a submitted run, got none');
      try {
        for await (const event of client.watch(accepted.runId)) {
          if (event.type === 'run.finished') onOver();
          reporter.event(event);
          if (event.type === 'run.finished') return finishedRun(event.data, accepted);
        }
      } catch (error) {
        rethrowWireError(error);
      }
      const message = 'run: expected events up to its end, got a closed connection';
      throw new CliError({
        code: 'COORDINATOR_LOST',
        message,
        hint: `see logs/coordinator.log in ${accepted.directory}`,
        exitCode: EXIT.unreachable,
      });
    },
    async stop(reason) {
      if (accepted !== undefined) await client.stop(accepted.runId, reason);
    },
    close: () => client.close(),
  };
}

function finishedRun(data: Readonly<Record<string, unknown>>, { runId, directory }: { runId: string; directory: string }): FinishedRun {
  const state = readText(data, 'state');
  const result = { ...readObject(data, 'result') };
  if (state === 'completed') return { directory, data: { runId, state, directory, ...result } };
  if (state === 'stopped') {
    const message = `run ${runId}: expected to train to the last step, got stopped`;
    throw new CliError({ code: 'STOPPED', message, hint: `what was committed is in ${directory}`, exitCode: EXIT.interrupted });
  }
  const error = readObject(data, 'error');
  const hint = readText(error, 'hint') || `see logs/ in ${directory}`;
  const message = readText(error, 'message') || `run ${runId}: expected to complete, got ${state || 'no state'}`;
  throw new CliError({ code: readText(error, 'code') || 'RUN_FAILED', message, hint, exitCode: EXIT.failed });
}

function rethrowWireError(error: unknown): never {
  if (!(error instanceof WireError)) throw error;
  throw new CliError({ code: error.code, message: error.message, hint: error.hint, exitCode: exitCodeOf(error.code), cause: error });
}

function exitCodeOf(code: WireError['code']): ExitCode {
  switch (code) {
    case 'UNREACHABLE':
    case 'DEADLINE':
    case 'PORT_IN_USE':
    case 'BUSY':
      return EXIT.unreachable;
    case 'BUNDLE':
    case 'REFUSED':
    case 'NOT_FOUND':
      return EXIT.failed;
    case 'INVALID':
    case 'CORRUPT':
    case 'INTERNAL':
      return EXIT.internal;
  }
}
