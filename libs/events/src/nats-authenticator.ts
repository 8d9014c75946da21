/** Who this process is to NATS. Files are read for every connection, so a password that was changed is used by the next one. */
import { readFileSync } from 'node:fs';
import {
  credsAuthenticator,
  nkeyAuthenticator,
  usernamePasswordAuthenticator,
  type Auth,
  type Authenticator,
} from '@nats-io/transport-node';
import { EventsError } from './errors.ts';
import type { NatsOptions } from './nats-options.ts';

/**
 * The authenticator of the options; undefined when they name nobody.
 * @throws {EventsError} OPTIONS when a file cannot be read or holds no key
 */
export function natsAuthenticator(options: NatsOptions): Authenticator | undefined {
  const inner = authenticatorOf(options);
  if (inner === undefined) return undefined;
  let last = inner('nonce');
  return (nonce) => {
    try {
      last = inner(nonce);
    } catch {
      // The client library closes the connection for good when this throws. A file that is being replaced is there again at the next try;
      // till then what was known last is sent, which the server refuses if it is wrong.
    }
    return last;
  };
}

function authenticatorOf({ user, password, passwordFile, credsFile, nkeyFile }: NatsOptions): ((nonce?: string) => Auth) | undefined {
  if (credsFile !== undefined) return fromFile('GEODESIC_NATS_CREDS', credsFile, (bytes) => credsAuthenticator(bytes));
  if (nkeyFile !== undefined) return fromFile('GEODESIC_NATS_NKEY', nkeyFile, (bytes) => nkeyAuthenticator(seedIn(bytes)));
  if (user === undefined) return undefined;
  if (passwordFile === undefined) return usernamePasswordAuthenticator(user, password);
  return fromFile('GEODESIC_NATS_PASSWORD_FILE', passwordFile, (bytes) =>
    usernamePasswordAuthenticator(user, bytes.toString('utf8').replace(/\r?\n$/, '')),
  );
}

/** The seed's own line: files of `nk -gen` may have comments. */
function seedIn(bytes: Buffer): Uint8Array {
  const seed = /^\s*(S[A-Z0-9]{20,})\s*$/m.exec(bytes.toString('utf8'))?.[1];
  if (seed === undefined) throw new Error('no line with a seed (SU...)');
  return Buffer.from(seed);
}

function fromFile(variable: string, path: string, make: (bytes: Buffer) => Authenticator): (nonce?: string) => Auth {
  return (nonce) => {
    try {
      return make(readFileSync(path))(nonce);
    } catch (error) {
      throw new EventsError('OPTIONS', {
        what: variable,
        expected: `a file that says who this is at ${path}`,
        got: error instanceof Error ? error.message : String(error),
        hint: 'check the path, its permissions and its contents',
        cause: error,
      });
    }
  };
}
