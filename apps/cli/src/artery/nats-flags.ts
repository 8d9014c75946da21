/**
 * `--nats` and `--cluster` of a command: which servers, read with the credentials of the environment.
 */
import { readNatsOptions, type NatsOptions } from '@geodesic/events';
import { asNatsFailure } from './nats-failure.ts';

/** As they are written on the command line. */
export interface NatsFlags {
  /** `nats://host:port`, several separated by commas; default GEODESIC_NATS_URL. */
  readonly nats?: string;
  /** Default GEODESIC_CLUSTER, then `main`. */
  readonly cluster?: string;
}

const DEFAULT_CLUSTER = 'main';

/** How to reach NATS; undefined where none is configured. @throws {CliError} NATS_OPTIONS naming the field, exit code 2 */
export function natsOptionsOf({ nats, cluster }: NatsFlags, env: Readonly<Record<string, string | undefined>>): NatsOptions | undefined {
  try {
    return readNatsOptions({ ...(nats !== undefined && { url: nats }), ...(cluster !== undefined && { cluster }), env });
  } catch (error) {
    throw asNatsFailure(error);
  }
}

/** The cluster's name, whether NATS is configured or not. */
export function clusterOf({ cluster }: NatsFlags, env: Readonly<Record<string, string | undefined>>): string {
  return cluster ?? env['GEODESIC_CLUSTER'] ?? DEFAULT_CLUSTER;
}
