/**
 * Who leads the runs of a cluster with standbys, by the lease in NATS: a look, which decides nothing. For commands whose run folder is
 * elsewhere, or names a coordinator that leads no more.
 */
import { connectNats, leaseBucket, LEASE_KEY, NatsBus, type NatsClient, type NatsOptions } from '@geodesic/events';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { asNatsFailure } from './nats-failure.ts';
import { runInNats } from './nats-feed.ts';

/** A run and where it is led. */
export interface LedRun {
  readonly runId: string;
  /** HOST:PORT of the coordinator that holds the lease. */
  readonly address: string;
}

/**
 * @param run as a person calls it
 * @throws {CliError} RUN_UNKNOWN, RUN_AMBIGUOUS, exit code 2; RUN_NOT_LIVE when nobody holds the lease, NATS_*, exit code 3
 */
export async function leaderInNats(run: string, options: NatsOptions): Promise<LedRun> {
  try {
    const client = await connectNats(options, { name: 'geo' });
    try {
      const signal = new AbortController().signal;
      const runId = await runInNats(new NatsBus(client), run, { follow: false, signal, onNotice: () => undefined });
      if (runId === undefined) throw unknown(run, options);
      const address = await addressOf(client);
      if (address === undefined) throw notLed(runId, options);
      return { runId, address };
    } finally {
      await client.close();
    }
  } catch (error) {
    throw asNatsFailure(error);
  }
}

/** The address of the one who holds the lease; undefined when nobody does, or no coordinator stands by in this cluster. */
async function addressOf({ manager, options: { cluster } }: NatsClient): Promise<string | undefined> {
  const bucket = leaseBucket(cluster);
  try {
    const found = await manager.streams.getMessage(`KV_${bucket}`, { last_by_subj: `$KV.${bucket}.${LEASE_KEY}` });
    const { address } = found === null ? {} : found.json<{ address?: unknown }>();
    return typeof address === 'string' && address !== '' ? address : undefined;
  } catch {
    return undefined; // no bucket, or a lease that was let go
  }
}

function unknown(run: string, { cluster }: NatsOptions): CliError {
  const message = `run: expected a run of this folder or of the cluster ${cluster} in NATS, got ${run}`;
  return new CliError({ code: 'RUN_UNKNOWN', message, hint: 'geo list --nats URL names them', exitCode: EXIT.usage });
}

function notLed(run: string, { cluster }: NatsOptions): CliError {
  const message = `run ${run}: expected a coordinator that leads the cluster ${cluster}, got none in NATS`;
  const hint = 'the lease names coordinators that were started with --ha nats; others are found by --runs DIR';
  return new CliError({ code: 'RUN_NOT_LIVE', message, hint, exitCode: EXIT.unreachable });
}
