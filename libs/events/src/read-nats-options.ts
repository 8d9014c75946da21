/** The one reader of how NATS is reached: the flags `--nats` and `--cluster`, and the environment. Credentials come from the environment only. */
import { EventsError } from './errors.ts';
import type { NatsOptions } from './nats-options.ts';
import { isClusterName } from './subjects.ts';

/** Where the options are read from. */
export interface NatsOptionSources {
  /** Of `--nats`: addresses separated by commas; before GEODESIC_NATS_URL. */
  readonly url?: string | undefined;
  /** Of `--cluster`; before GEODESIC_CLUSTER. */
  readonly cluster?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const SCHEMES: readonly string[] = ['nats:', 'tls:'];
const MAXIMUM_REPLICAS = 5;

/** The options; undefined when no NATS is configured. @throws {EventsError} OPTIONS naming the flag or variable that is wrong */
export function readNatsOptions({ url, cluster, env }: NatsOptionSources): NatsOptions | undefined {
  const read = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const name = cluster ?? read('GEODESIC_CLUSTER') ?? 'main';
  const field = cluster === undefined ? 'GEODESIC_CLUSTER' : '--cluster';
  if (!isClusterName(name)) throw wrong(field, '1 to 40 lower-case letters, digits or hyphens', name, 'such as --cluster main');
  const addresses = url ?? read('GEODESIC_NATS_URL');
  if (addresses === undefined) return undefined;
  const servers = readServers(url === undefined ? 'GEODESIC_NATS_URL' : '--nats', addresses);
  return {
    servers,
    cluster: name,
    replicas: readReplicas(read),
    ...readInbox(read),
    ...readCredentials(read),
    ...readTls(read),
  };
}

type Read = (name: string) => string | undefined;

function readServers(field: string, addresses: string): readonly string[] {
  const expected = 'nats://HOST:PORT or tls://HOST:PORT, several separated by commas';
  return addresses.split(',').map((text) => {
    const address = text.trim();
    const parsed = URL.canParse(address) ? new URL(address) : undefined;
    if (parsed === undefined || !SCHEMES.includes(parsed.protocol) || parsed.hostname === '')
      throw wrong(field, expected, address === '' ? 'nothing' : hidePassword(address), 'such as nats://127.0.0.1:4222');
    if (parsed.username !== '' || parsed.password !== '')
      throw wrong(field, expected, 'an address with a user', 'set GEODESIC_NATS_USER and GEODESIC_NATS_PASSWORD_FILE instead');
    return `${parsed.protocol}//${parsed.hostname}:${parsed.port === '' ? '4222' : parsed.port}`;
  });
}

function hidePassword(address: string): string {
  return address.replace(/\/\/[^/@]*@/, '//...@');
}

function readReplicas(read: Read): number {
  const text = read('GEODESIC_NATS_REPLICAS') ?? '1';
  const replicas = Number(text);
  if (Number.isInteger(replicas) && replicas >= 1 && replicas <= MAXIMUM_REPLICAS) return replicas;
  throw wrong('GEODESIC_NATS_REPLICAS', `1 to ${MAXIMUM_REPLICAS}`, text, 'at most as many as the NATS cluster has servers');
}

/** Words of letters, digits, hyphens and underscores between dots: a wildcard would hear others' answers. */
function readCredentials(read: Read): Pick<NatsOptions, 'user' | 'password' | 'passwordFile' | 'credsFile' | 'nkeyFile'> {
  const [user, password, passwordFile] = ['USER', 'PASSWORD', 'PASSWORD_FILE'].map((name) => read(`GEODESIC_NATS_${name}`));
  const [credsFile, nkeyFile] = [read('GEODESIC_NATS_CREDS'), read('GEODESIC_NATS_NKEY')];
  const kinds = [user, credsFile, nkeyFile].filter((kind) => kind !== undefined).length;
  if (kinds > 1)
    throw wrong(
      'GEODESIC_NATS_USER, _CREDS, _NKEY',
      'one of them',
      `${kinds}`,
      'unset those that are not meant: a connection has one identity',
    );
  if (user !== undefined && password === undefined && passwordFile === undefined)
    throw wrong('GEODESIC_NATS_PASSWORD_FILE', 'a file with the password of GEODESIC_NATS_USER', 'none', 'or set GEODESIC_NATS_PASSWORD');
  if (password !== undefined && passwordFile !== undefined)
    throw wrong('GEODESIC_NATS_PASSWORD', 'it or GEODESIC_NATS_PASSWORD_FILE', 'both', 'unset one of them');
  if (user === undefined && (password ?? passwordFile) !== undefined)
    throw wrong('GEODESIC_NATS_USER', 'the user of the password', 'none', 'set GEODESIC_NATS_USER');
  return {
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    ...(passwordFile === undefined ? {} : { passwordFile }),
    ...(credsFile === undefined ? {} : { credsFile }),
    ...(nkeyFile === undefined ? {} : { nkeyFile }),
  };
}

function readInbox(read: Read): Pick<NatsOptions, 'inboxPrefix'> {
  const inboxPrefix = read('GEODESIC_NATS_INBOX');
  if (inboxPrefix === undefined) return {};
  if (/^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$/.test(inboxPrefix)) return { inboxPrefix };
  throw wrong('GEODESIC_NATS_INBOX', 'words of letters, digits, _ and - between dots', inboxPrefix, 'such as _INBOX_coordinator');
}

function readTls(read: Read): Pick<NatsOptions, 'tls'> {
  const [caFile, certFile, keyFile] = ['CA', 'CERT', 'KEY'].map((name) => read(`GEODESIC_NATS_${name}`));
  if ((certFile === undefined) !== (keyFile === undefined))
    throw wrong(
      certFile === undefined ? 'GEODESIC_NATS_CERT' : 'GEODESIC_NATS_KEY',
      'a certificate and its key',
      'one of them',
      'set both',
    );
  if (caFile === undefined && certFile === undefined) return {};
  return {
    tls: {
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined ? {} : { certFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
    },
  };
}

function wrong(what: string, expected: string, got: string, hint: string): EventsError {
  return new EventsError('OPTIONS', { what, expected, got, hint });
}
