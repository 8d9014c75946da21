/**
 * What a coordinator is told of NATS, looked at before it is started: options that are wrong and credentials that are refused end the
 * command, a server that is away does not, since a run is whole without it.
 */
import { connectNats, EventsError, type NatsOptions } from '@geodesic/events';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { asNatsFailure } from './nats-failure.ts';
import { natsOptionsOf, type NatsFlags } from './nats-flags.ts';

/** Which files of a checkpoint a coordinator broadcasts unasked: the parameters with their state, all of them, or none. */
export type Broadcast = 'parameters' | 'all' | 'none';

/** As they are written on the command line. */
export interface ArteryFlags extends NatsFlags {
  /** A second coordinator stands by; default false. */
  readonly standby?: boolean;
  /** Default `parameters`. */
  readonly broadcast?: Broadcast;
}

/** What a coordinator is told. */
export interface CoordinatorArtery {
  readonly options: NatsOptions;
  readonly broadcast?: Broadcast;
  /** Whether a second one stands by, which takes over when the first is lost; default false. */
  readonly standby?: boolean;
}

/** Options of {@link arteryOf}. */
export interface ArteryCheck {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Told when no server answers. */
  readonly onNotice: (text: string) => void;
}

/**
 * Reads the flags and tries the servers; undefined where no NATS is configured.
 * @throws {CliError} NATS_OPTIONS, exit code 2; NATS_CREDENTIALS and what else time does not heal, exit code 3
 */
export async function arteryOf(flags: ArteryFlags, { env, onNotice }: ArteryCheck): Promise<CoordinatorArtery | undefined> {
  const options = natsOptionsOf(flags, env);
  const { broadcast, standby = false } = flags;
  if (options === undefined && standby) throw withoutNats();
  if (options === undefined) return undefined;
  const problem = await tryNats(options);
  if (problem !== undefined && standby) throw asNatsFailure(problem);
  if (problem !== undefined) onNotice(`${problem.message}; training goes on without it, and events go out when it is there`);
  return { options, standby, ...(broadcast !== undefined && { broadcast }) };
}

/** The arguments of a coordinator; its credentials it reads from the environment that it inherits. */
export function coordinatorArguments({ options, broadcast, standby = false }: CoordinatorArtery): readonly string[] {
  const servers = ['--nats', options.servers.join(','), '--cluster', options.cluster];
  return [...servers, ...(broadcast === undefined ? [] : ['--broadcast', broadcast]), ...(standby ? ['--ha', 'nats'] : [])];
}

function withoutNats(): CliError {
  const message = '--standby: expected --nats URL beside it, through which coordinators agree who leads, got none';
  return new CliError({ code: 'USAGE', message, hint: 'geo doctor says how to get a server', exitCode: EXIT.usage });
}

/** Connects once and leaves; why no server answers, or undefined when one did. */
async function tryNats(options: NatsOptions): Promise<EventsError | undefined> {
  try {
    await (await connectNats(options, { name: 'geo' })).close();
    return undefined;
  } catch (error) {
    if (error instanceof EventsError && error.code === 'UNREACHABLE') return error;
    throw asNatsFailure(error);
  }
}
