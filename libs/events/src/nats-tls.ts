/** TLS to NATS: when it is asked for, whom it trusts, and which errors are its own. */
import { createConnection, isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import { TimeoutError, type TlsOptions } from '@nats-io/transport-node';
import type { NatsOptions } from './nats-options.ts';

/** A server says what it is at once; ms. */
const INFO_MS = 2_000;

interface VerifiedTls extends TlsOptions {
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined;
}

/** The option `tls` of a connection, where TLS is asked for: by a file, or by an address with `tls:`. */
export function natsTls({ servers, tls }: NatsOptions): { readonly tls?: TlsOptions } {
  if (tls === undefined && !servers.some((server) => server.startsWith('tls:'))) return {};
  const addresses = servers.map((server) => new URL(server).hostname.replace(/^\[|\]$/g, '')).filter((host) => isIP(host) !== 0);
  const verified: VerifiedTls = {
    ...tls,
    // The client library gives no name for a server that is known by its address, and Node then takes `localhost`: such a server must have
    // a certificate for one of the addresses that were given.
    checkServerIdentity: (host, certificate) => {
      const problem = checkServerIdentity(host, certificate);
      return addresses.some((address) => checkServerIdentity(address, certificate) === undefined) ? undefined : problem;
    },
  };
  return { tls: verified };
}

/** Whether a connection failed for TLS: a server that asks for a certificate ends the handshake with an alert, one that is not trusted ends it here. */
export function isTlsError(error: unknown): error is NodeJS.ErrnoException {
  if (!(error instanceof Error)) return false;
  const { code = '' } = error as NodeJS.ErrnoException;
  return /CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/.test(code) || /\btls\b|certificate/i.test(error.message);
}

/**
 * Whether a connection that came to nothing failed for want of a certificate. With TLS 1.3 a server refuses after the handshake, and the
 * client library waits till its time is over; what the server says first tells whether it asks for one.
 */
export async function wantsCertificate({ servers }: NatsOptions, error: unknown): Promise<boolean> {
  if (!(error instanceof TimeoutError)) return false;
  return (await Promise.all(servers.map(asksForCertificate))).includes(true);
}

function asksForCertificate(server: string): Promise<boolean> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve) => {
    const socket = createConnection({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port), timeout: INFO_MS });
    let text = '';
    const end = (isAsked: boolean): void => {
      socket.destroy();
      resolve(isAsked);
    };
    socket.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (text.includes('\r\n')) end(/"tls_verify": ?true/.test(text));
    });
    for (const event of ['error', 'timeout', 'close']) socket.on(event, () => end(false));
  });
}
