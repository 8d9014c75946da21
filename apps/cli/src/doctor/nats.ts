/**
 * What `geo doctor` finds of NATS: whether a server is configured, answers and lets this user do what runs and onlookers do, and whether a
 * nats-server is installed. Nothing is stored: an event is published under a condition that no stream meets.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import {
  apiCodeOf,
  commitStream,
  connectNats,
  EventsError,
  eventsStream,
  eventSubject,
  isNoResponders,
  isStreamNotFound,
  NatsBus,
  natsOperation,
  objectsStream,
  toEventsError,
  type NatsClient,
  type NatsOptions,
} from '@geodesic/events';

/** A problem in one line, and what to do. */
export interface NatsProblem {
  readonly message: string;
  readonly hint: string;
  /** Whether `geo run` ends for it; one that is away is none to end for. */
  readonly isFatal: boolean;
}

/** A server that answers. */
export interface NatsServerFacts {
  readonly name: string;
  readonly version: string;
  /** Bytes of the largest message. */
  readonly maxPayload: number;
  /** Those of the cluster that are there. */
  readonly streams: readonly { readonly name: string; readonly messages: number; readonly bytes: number }[];
  /** What a coordinator does. */
  readonly publishing: 'allowed' | NatsProblem;
  /** What onlookers do. */
  readonly reading: 'allowed' | NatsProblem;
}

/** What was found. */
export interface NatsFacts {
  /** Version of the nats-server on the PATH. */
  readonly installed?: string;
  /** What is configured, by flags or the environment. */
  readonly configured?: { readonly servers: readonly string[]; readonly cluster: string };
  /** With a configuration: the server, or why there is none. */
  readonly server?: NatsServerFacts;
  readonly problem?: NatsProblem;
}

const WRONG_LAST_SEQUENCE = [10071, 10060];
const VERSION_MS = 5_000;

/** Looks. Problems are facts, so nothing throws. @param options what is configured, or what is wrong with that */
export async function gatherNats(options: NatsOptions | NatsProblem | undefined): Promise<NatsFacts> {
  const version = await installedVersion();
  const installed = version === undefined ? {} : { installed: version };
  if (options === undefined) return installed;
  if (!('servers' in options)) return { ...installed, problem: options };
  const { servers, cluster } = options;
  const configured = { servers, cluster };
  try {
    const client = await connectNats(options, { name: 'geo doctor' });
    try {
      return { ...installed, configured, server: await look(client) };
    } finally {
      await client.close();
    }
  } catch (error) {
    return { ...installed, configured, problem: problemOf(error, 'NATS') };
  }
}

async function look(client: NatsClient): Promise<NatsServerFacts> {
  const { cluster } = client.options;
  const { info } = client.connection;
  const streams = await Promise.all([eventsStream, objectsStream, commitStream].map((nameOf) => streamFacts(client, nameOf(cluster))));
  return {
    name: info?.server_name ?? '',
    version: info?.version ?? 'unknown',
    maxPayload: info?.max_payload ?? 0,
    streams: streams.flatMap((found) => found ?? []),
    publishing: await tryPublishing(client),
    reading: await tryReading(client),
  };
}

/** A stream's size; undefined where it is not there, or this user may not look. */
async function streamFacts(client: NatsClient, name: string): Promise<NatsServerFacts['streams'][number] | undefined> {
  try {
    const { state } = await natsOperation(client, `stream ${name}`, () => client.manager.streams.info(name));
    return { name, messages: state.messages, bytes: state.bytes };
  } catch {
    return undefined;
  }
}

/** Publishes an event that is refused: whether it may be published shows in why. */
async function tryPublishing(client: NatsClient): Promise<'allowed' | NatsProblem> {
  const subject = eventSubject(client.options.cluster, 'doctor', 'probe');
  const impossible = { expect: { lastSequence: Number.MAX_SAFE_INTEGER } };
  try {
    await natsOperation(client, subject, () => client.jetstream.publish(subject, new Uint8Array(0), impossible));
    return 'allowed';
  } catch (error) {
    const code = apiCodeOf(error);
    const isRefused = (code !== undefined && WRONG_LAST_SEQUENCE.includes(code)) || isFenced(error);
    return isRefused || isNoResponders(error) || isStreamNotFound(error) ? 'allowed' : problemOf(error, subject);
  }
}

async function tryReading(client: NatsClient): Promise<'allowed' | NatsProblem> {
  try {
    await new NatsBus(client).runs();
    return 'allowed';
  } catch (error) {
    const isNew = isStreamNotFound(error) || (error instanceof EventsError && error.code === 'STREAM'); // nothing was published yet
    return isNew ? 'allowed' : problemOf(error, 'reading events');
  }
}

function isFenced(error: unknown): boolean {
  return error instanceof EventsError && error.code === 'FENCED';
}

async function installedVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)('nats-server', ['--version'], { timeout: VERSION_MS });
    return /v?(\d+\.\d+\.\d+\S*)/.exec(stdout)?.[1] ?? stdout.trim();
  } catch {
    return undefined; // not installed
  }
}

function problemOf(error: unknown, what: string): NatsProblem {
  const { message, hint, code } = toEventsError(error, what);
  return { message: message.split('\n')[0], hint, isFatal: code !== 'UNREACHABLE' && code !== 'PERMISSION' };
}
