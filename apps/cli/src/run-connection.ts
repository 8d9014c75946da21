/**
 * The line to one run: submit it or find it, follow its events to the end, ask it to stop. A coordinator that is lost may come back at its
 * address: the watch waits for it and goes on where it was. Errors of the wire become errors of the command.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectRuns, WireError, type RunEvent, type Submission } from '@geodesic/wire';
import { CliError } from './errors.ts';
import { EXIT } from './exit-code.ts';
import { ShownEvents } from './run-folders/shown-events.ts';
import { readObject, readText } from './view/event-fields.ts';
import { asCliError } from './wire-failure.ts';

/** A run and its folder. */
export interface RunPlace {
  readonly runId: string;
  readonly directory: string;
}

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
  /** Hands a run in. @throws {CliError} */
  submit(submission: Submission): Promise<RunPlace>;
  /** Takes a run that the coordinator has already; events before `fromSequence` are not reported. */
  attach(place: RunPlace, options: { readonly fromSequence: number }): void;
  /** Reports every event; resolves when the run completed. Ends quietly never: close it when nobody will come back. @throws {CliError} when it did not complete */
  watchToEnd(onEvent: (event: RunEvent) => void): Promise<FinishedRun>;
  /** How the run ended, from its folder: for an end that nobody told before the coordinator left. @throws {CliError} when it did not complete */
  recordedEnd(): Promise<FinishedRun>;
  /** Ends a pause. @throws {WireError} */
  resume(reason: string): Promise<void>;
  /** Asks the run to stop after its present step; does nothing before the run is accepted. */
  stop(reason: string): Promise<void>;
  close(): void;
}

const RECONNECT_MS = 100;

/** Opens the line to the coordinator at `127.0.0.1:PORT`. */
export function connectToRun(address: string): RunConnection {
  const client = connectRuns(address);
  const closing = new AbortController();
  let accepted: RunPlace | undefined;
  let shown = new ShownEvents();
  return {
    get directory() {
      return accepted?.directory;
    },
    async submit(submission) {
      accepted = await client.submit(submission).catch((error: unknown) => {
        throw asCliError(error);
      });
      return accepted;
    },
    attach(place, { fromSequence }) {
      accepted = place;
      shown = new ShownEvents(fromSequence);
    },
    async watchToEnd(onEvent) {
      const place = accepted;
      if (place === undefined) throw new Error('watchToEnd: expected a submitted run, got none');
      for await (const event of eventsOf({ address, run: place.runId, shown, signal: closing.signal })) {
        onEvent(event);
        if (event.type === 'run.finished') return finishedRun(event.data, place);
      }
      throw withoutEnd(place);
    },
    async recordedEnd() {
      if (accepted === undefined) throw new Error('recordedEnd: expected a submitted run, got none');
      const lines = (await readFile(join(accepted.directory, 'events.ndjson'), 'utf8')).trimEnd().split('\n');
      const { type, data } = JSON.parse(lines.at(-1) ?? '') as RunEvent;
      if (type === 'run.finished') return finishedRun(data, accepted);
      throw withoutEnd(accepted);
    },
    async resume(reason) {
      if (accepted !== undefined) await client.control({ run: accepted.runId, action: 'resume', reason });
    },
    async stop(reason) {
      if (accepted !== undefined) await client.stop(accepted.runId, reason);
    },
    close: () => {
      closing.abort();
      client.close();
    },
  };
}

interface WatchOptions {
  readonly address: string;
  readonly run: string;
  readonly shown: ShownEvents;
  readonly signal: AbortSignal;
}

/** The events of a run in order, each once, however often the connection breaks; a client of its own each time, which waits for nothing. */
async function* eventsOf({ address, run, shown, signal }: WatchOptions): AsyncGenerator<RunEvent, void, undefined> {
  while (!signal.aborted) {
    const client = connectRuns(address);
    try {
      for await (const event of client.watch(run, { fromSequence: shown.from, signal })) if (shown.take(event)) yield event;
    } catch (error) {
      if (!mayComeBack(error)) throw asCliError(error);
    } finally {
      client.close();
    }
    await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** A coordinator that is being started again does not answer, or does not know its run yet. */
function mayComeBack(error: unknown): boolean {
  return error instanceof WireError && ['UNREACHABLE', 'DEADLINE', 'NOT_FOUND', 'INTERNAL'].includes(error.code);
}

function withoutEnd({ directory }: RunPlace): CliError {
  const message = 'run: expected events up to its end, got a closed connection';
  const hint = `see logs/coordinator.log in ${directory}`;
  return new CliError({ code: 'COORDINATOR_LOST', message, hint, exitCode: EXIT.unreachable });
}

function finishedRun(data: Readonly<Record<string, unknown>>, { runId, directory }: RunPlace): FinishedRun {
  const state = readText(data, 'state');
  const result = { ...readObject(data, 'result') };
  if (state === 'completed') return { directory, data: { runId, state, directory, ...result } };
  if (state === 'stopped') {
    const message = `run ${runId}: expected to train to the last step, got stopped`;
    const hint = `geo resume ${runId} takes it up again; what was committed is in ${directory}`;
    throw new CliError({ code: 'STOPPED', message, hint, exitCode: EXIT.interrupted });
  }
  const error = readObject(data, 'error');
  const hint = readText(error, 'hint') || `see logs/ in ${directory}`;
  const message = readText(error, 'message') || `run ${runId}: expected to complete, got ${state || 'no state'}`;
  throw new CliError({ code: readText(error, 'code') || 'RUN_FAILED', message, hint, exitCode: EXIT.failed });
}
