/**
 * The line to one run: submit it or find it, follow its events to the end, ask it to stop. A coordinator that is lost may come back at its
 * address, or another one may lead at another: the watch looks for it and goes on where it was. Errors of the wire become errors of the command.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connectRuns, WireError, type RunEvent, type RunsClient, type Submission } from '@geodesic/wire';
import { parsedEvent } from './artery/event-lines.ts';
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
/** How long a leader is looked for among several coordinators, ms: longer than a lease. */
const LEADER_MS = 20_000;

/** Options of {@link connectToRun}. */
export interface RunConnectionOptions {
  /** The folders of runs of the coordinators; the end of the run is in one of them. Default: the run's own. */
  readonly folders?: readonly string[];
}

/** Opens the line to the coordinators at `127.0.0.1:PORT`, of which one leads. */
export function connectToRun(addresses: readonly string[], { folders = [] }: RunConnectionOptions = {}): RunConnection {
  const closing = new AbortController();
  const line = { addresses, signal: closing.signal };
  let accepted: RunPlace | undefined;
  let shown = new ShownEvents();
  return {
    get directory() {
      return accepted?.directory;
    },
    async submit(submission) {
      accepted = await atLeader(line, (client) => client.submit(submission)).catch((error: unknown) => {
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
      for await (const event of eventsOf({ ...line, run: place.runId, shown })) {
        onEvent(event);
        if (event.type === 'run.finished') return finishedRun(event.data, place);
      }
      throw withoutEnd(place);
    },
    async recordedEnd() {
      if (accepted === undefined) throw new Error('recordedEnd: expected a submitted run, got none');
      const { runId, directory } = accepted;
      for (const folder of new Set([directory, ...folders.map((folder) => join(folder, runId))])) {
        const end = await lastEventIn(folder);
        if (end?.type === 'run.finished') return finishedRun(end.data, accepted);
      }
      throw withoutEnd(accepted);
    },
    async resume(reason) {
      const run = accepted?.runId;
      if (run !== undefined) await atLeader(line, (client) => client.control({ run, action: 'resume', reason }));
    },
    async stop(reason) {
      const run = accepted?.runId;
      if (run !== undefined) await atLeader(line, (client) => client.stop(run, reason));
    },
    close: () => closing.abort(),
  };
}

/** The coordinators, until the line is closed. */
interface Line {
  readonly addresses: readonly string[];
  readonly signal: AbortSignal;
}

interface WatchOptions extends Line {
  readonly run: string;
  readonly shown: ShownEvents;
}

/** Asks the coordinator that leads: one after the other until none says that it does not. @throws {WireError} */
async function atLeader<T>({ addresses, signal }: Line, ask: (client: RunsClient) => Promise<T>): Promise<T> {
  const deadline = performance.now() + LEADER_MS;
  for (let turn = 0; ; turn++) {
    const client = connectRuns(addresses[turn % addresses.length]);
    try {
      return await ask(client);
    } catch (error) {
      const isOther = error instanceof WireError && error.code === 'NOT_LEADER';
      // With one coordinator there is nobody else to ask; what may have been taken is not asked for twice.
      if (!isOther || signal.aborted || performance.now() > deadline) throw error;
    } finally {
      client.close();
    }
    await delay(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** The last event that a run folder has; undefined where there is none. */
async function lastEventIn(directory: string): Promise<RunEvent | undefined> {
  const text = await readFile(join(directory, 'events.ndjson'), 'utf8').catch(() => '');
  return parsedEvent(text.trimEnd().split('\n').at(-1) ?? '');
}

/** The events of a run in order, each once, however often the connection breaks; a client of its own each time, which waits for nothing. */
async function* eventsOf({ addresses, run, shown, signal }: WatchOptions): AsyncGenerator<RunEvent, void, undefined> {
  for (let turn = 0; !signal.aborted; turn++) {
    const client = connectRuns(addresses[turn % addresses.length]);
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
  return error instanceof WireError && ['UNREACHABLE', 'DEADLINE', 'NOT_FOUND', 'INTERNAL', 'NOT_LEADER'].includes(error.code);
}

function withoutEnd({ directory }: RunPlace): CliError {
  const message = 'run: expected events up to its end, got a closed connection';
  const hint = `see logs/coordinator.log in ${directory}`;
  return new CliError({ code: 'COORDINATOR_LOST', message, hint, exitCode: EXIT.unreachable });
}

function finishedRun(data: Readonly<Record<string, unknown>>, place: RunPlace): FinishedRun {
  const { runId } = place;
  const state = readText(data, 'state');
  const result = { ...readObject(data, 'result') };
  const directory = readText(result, 'directory') || place.directory; // of the coordinator that led it to the end
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
