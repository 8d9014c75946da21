/**
 * Finds a run and where its events come from: NATS when it is configured, else the run's folder and whoever leads it.
 */
import { connectNats, NatsBus, type NatsClient, type NatsOptions } from '@geodesic/events';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { findRun, type FoundRun } from '../run-folders/find-run.ts';
import type { EventFeed } from './event-feed.ts';
import { folderFeed } from './folder-feed.ts';
import { asNatsFailure } from './nats-failure.ts';
import { natsFeed, runInNats } from './nats-feed.ts';

/** A run that was found, and its events. */
export type OpenedFeed = EventFeed & {
  /** Its id; absent for all runs of a cluster. */
  readonly run?: string;
  /** The connection, where the events come from NATS. */
  readonly client?: NatsClient;
  /** The folder, where they come from there. */
  readonly found?: FoundRun;
};

/** Options of {@link openFeed}. */
export interface OpenFeedOptions {
  readonly nats: NatsOptions | undefined;
  readonly cluster: string;
  /** Where `<run>` is looked for without NATS. */
  readonly runsFolder: string;
  /** Wait for what is to come: a server, a run. */
  readonly follow: boolean;
  readonly signal: AbortSignal;
  readonly onNotice: (text: string) => void;
}

/**
 * Finds a run by what a person calls it; all runs of the cluster when that is undefined.
 * @returns undefined when the signal ended the wait
 * @throws {CliError} RUN_UNKNOWN, RUN_AMBIGUOUS, exit code 2; NATS_* when it cannot be used
 */
export async function openFeed(run: string | undefined, options: OpenFeedOptions): Promise<OpenedFeed | undefined> {
  const { nats, cluster, follow, signal } = options;
  if (nats === undefined) return run === undefined ? refuseAll() : localFeed(run, options);
  const closing = new AbortController();
  const client = await connected(nats, options, closing.signal);
  if (client === undefined) return undefined;
  const bus = new NatsBus(client);
  const onClose = (): Promise<void> => {
    closing.abort();
    return client.close();
  };
  try {
    if (run === undefined) return { ...natsFeed({ bus, cluster, onClose }), client };
    const id = await runInNats(bus, run, options);
    if (id !== undefined) return { ...natsFeed({ bus, cluster, run: id, onClose }), client, run: id };
  } catch (error) {
    await onClose();
    throw error;
  }
  await onClose();
  if (follow || signal.aborted) return undefined;
  return localFeed(run, options); // a run from before NATS, or older than what is kept there
}

async function localFeed(run: string, { cluster, runsFolder, onNotice }: OpenFeedOptions): Promise<OpenedFeed> {
  const found = await findRun(run, { runsFolder });
  return { ...folderFeed(found, { cluster, onNotice }), run: found.runId, found };
}

/** Waits for a server when something is to be followed; undefined when the signal ended that. */
async function connected(
  nats: NatsOptions,
  { follow, signal, onNotice }: OpenFeedOptions,
  closing: AbortSignal,
): Promise<NatsClient | undefined> {
  let wasAway = false;
  const onChange = (isConnected: boolean): void => {
    if (closing.aborted || (isConnected && !wasAway)) return;
    wasAway = !isConnected;
    onNotice(isConnected ? 'NATS is back' : `NATS is away (${nats.servers.join(', ')}): waiting for it`);
  };
  try {
    return await connectNats(nats, { name: 'geo', patient: follow, onChange, signal });
  } catch (error) {
    if (signal.aborted) return undefined;
    throw asNatsFailure(error);
  }
}

function refuseAll(): never {
  const message = '--all: expected NATS, which alone has the events of all runs, got none configured';
  throw new CliError({ code: 'USAGE', message, hint: 'name a server with --nats URL, or one run', exitCode: EXIT.usage });
}
