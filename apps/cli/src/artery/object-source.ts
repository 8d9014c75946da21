/**
 * Where a checkpoint's objects come from: broadcast through NATS, fetched from the coordinator that leads the run, or read from its folder
 * where that is on this disk. Whoever receives them verifies them, so a source need not be trusted.
 */
import { resolve } from 'node:path';
import { CheckpointStore } from '@geodesic/checkpoint';
import { EventsError, type ObjectChannel, type ObjectRange } from '@geodesic/events';
import { connectExchange, WireError } from '@geodesic/wire';
import type { FoundRun } from '../run-folders/find-run.ts';
import { leadershipOf } from '../run-folders/live-run.ts';

/** An object. */
export interface SourcedObject {
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** Gives objects by their digest. */
export interface ObjectSource {
  /** For people. */
  readonly name: string;
  /** One object; undefined when this source has it not. */
  get(digest: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** Objects as they pass in a range of the broadcast; those that are missing are left out. */
  readonly stream?: (range: ObjectRange, options: { wanted: ReadonlySet<string>; signal: AbortSignal }) => AsyncIterable<SourcedObject>;
  close(): void;
}

/** Objects that are broadcast, and asked for where they are not. */
export function broadcastSource(objects: ObjectChannel): ObjectSource {
  return {
    name: 'NATS',
    get: async (digest, signal) => {
      try {
        return await objects.get(digest, signal);
      } catch (error) {
        if (error instanceof EventsError && (error.code === 'MISSING' || error.code === 'CORRUPT')) return undefined;
        throw error;
      }
    },
    stream: (range, options) => objects.stream(range, options),
    close: () => undefined,
  };
}

/** Objects that the coordinator of a run serves; a run that nobody leads has none. */
export function coordinatorSource(run: FoundRun): ObjectSource {
  let client: { readonly address: string; readonly exchange: ReturnType<typeof connectExchange> } | undefined;
  const clientNow = async (): Promise<ReturnType<typeof connectExchange> | undefined> => {
    if (client !== undefined) return client.exchange;
    const leadership = await leadershipOf(run);
    if (leadership.state !== 'live') return undefined;
    const { address } = leadership.leader;
    client = { address, exchange: connectExchange(address) };
    return client.exchange;
  };
  const forget = (): void => {
    client?.exchange.close();
    client = undefined;
  };
  return {
    name: 'the coordinator',
    get: async (digest) => {
      try {
        return await (await clientNow())?.fetch(digest);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        if (error.code !== 'NOT_FOUND') forget(); // another one may lead the run by the next time
        return undefined;
      }
    },
    close: forget,
  };
}

/** Objects in the folder of a run on this disk, also when it is over. */
export function folderSource({ directory }: FoundRun): ObjectSource {
  const { objects } = new CheckpointStore(resolve(directory, 'checkpoints'));
  return { name: 'the folder of the run', get: (digest) => objects.read(digest), close: () => undefined };
}
