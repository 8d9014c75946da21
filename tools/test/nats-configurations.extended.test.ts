/** The configurations of infra/nats, read by a real nats-server: every file is valid, and says what is missing where it is not complete. */
import { execFileSync, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectNats } from '@geodesic/events';
import { findNatsServer, natsServerReason, NatsServer } from '@geodesic/testing';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { configurationText, natsEnvironment } from './nats-roles.ts';

const infra = fileURLToPath(new URL('../../infra/nats', import.meta.url));
const reason = natsServerReason();
if (reason !== undefined) process.stderr.write(`SKIPPED: configurations of infra/nats on a server: ${reason}\n`);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const PROGRAMS = readdirSync(infra).filter((name) => /^(geodesic.*|cluster)\.conf$/.test(name));

let folder = '';
const servers: NatsServer[] = [];

async function startServer(config: string): Promise<NatsServer> {
  const server = await NatsServer.start({ config });
  servers.push(server);
  return server;
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'geodesic-nats-infra-'));
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What `nats-server -t` says of a file; the environment has nothing but what is given. */
function check(name: string, env: Readonly<Record<string, string>>): SpawnSyncReturns<string> {
  return spawnSync(findNatsServer() ?? '', ['-t', '-c', join(infra, name)], { encoding: 'utf8', env, cwd: folder });
}

/** A key and a certificate for localhost that signs itself, so that it is its own authority. */
function makeCertificate(): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const subject = ['-subj', '/CN=geodesic', '-addext', 'subjectAltName=DNS:localhost'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...kind, '-days', '2', '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
  return { cert, key };
}

describe.skipIf(reason !== undefined)('infra/nats on a server', () => {
  it.each(PROGRAMS.filter((name) => name !== 'geodesic-tls.conf'))('has a valid %s', (name) => {
    const { stderr, status } = check(name, natsEnvironment(folder));
    expect(stderr).toContain('is valid');
    expect(status).toBe(0);
  });

  it.skipIf(!hasOpenssl)(`has a valid geodesic-tls.conf${hasOpenssl ? '' : ' (skipped: no openssl)'}`, () => {
    const { cert, key } = makeCertificate();
    const tls = { GEODESIC_NATS_TLS_CERT: cert, GEODESIC_NATS_TLS_KEY: key, GEODESIC_NATS_TLS_CA: cert };
    expect(check('geodesic-tls.conf', { ...natsEnvironment(folder), ...tls }).stderr).toContain('is valid');
  });

  it('refuses to start without a password, naming the variable', () => {
    const { GEODESIC_NATS_OBSERVER_PASSWORD: _, ...env } = natsEnvironment(folder);
    const { stderr, status } = check('geodesic.conf', env);
    expect(stderr).toContain("variable reference for 'GEODESIC_NATS_OBSERVER_PASSWORD' on line");
    expect(status).not.toBe(0);
  });

  it('lets a role in by its nkey, and nobody without', async () => {
    const observer = nkeys.createUser();
    const env = { ...natsEnvironment(folder), GEODESIC_NATS_OBSERVER_NKEY: observer.getPublicKey() };
    const config = `authorization {\n${configurationText('nkeys.conf', env)}\n}`;
    const server = await startServer(config);
    const seed = join(folder, 'observer.nk');
    writeFileSync(seed, observer.getSeed(), { mode: 0o600 });
    const options = { servers: [server.url], cluster: 'main', replicas: 1, inboxPrefix: '_INBOX_observer' };
    const client = await connectNats({ ...options, nkeyFile: seed }, { name: 'test' });
    await client.close();
    await expect(connectNats(options, { name: 'test' })).rejects.toMatchObject({ code: 'CREDENTIALS' });
  });

  it('asks for a certificate where TLS is on', { skip: !hasOpenssl }, async () => {
    const { cert, key } = makeCertificate();
    const env = { GEODESIC_NATS_TLS_CERT: cert, GEODESIC_NATS_TLS_KEY: key, GEODESIC_NATS_TLS_CA: cert };
    const server = await startServer(configurationText('tls.conf', env));
    const options = { servers: [`tls://localhost:${server.port}`], cluster: 'main', replicas: 1 };
    const client = await connectNats({ ...options, tls: { caFile: cert, certFile: cert, keyFile: key } }, { name: 'test' });
    await client.close();
    // TLS 1.3: the server ends the connection after a handshake that went well on this side.
    await expect(connectNats({ ...options, tls: { caFile: cert } }, { name: 'test' })).rejects.toMatchObject({ code: 'CREDENTIALS' });
  });
});

describe('infra/nats', () => {
  it('has no password in a file', () => {
    for (const name of readdirSync(infra).filter((file) => file.endsWith('.conf')))
      for (const [, value] of readFileSync(join(infra, name), 'utf8').matchAll(/password: ([^,}\s]+)/g))
        expect(value).toMatch(/^\$GEODESIC_/);
  });
});
