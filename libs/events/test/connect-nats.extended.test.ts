/** Connecting to a real nats-server: who this is, what it may do, and what is said when it is not so. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NatsServer, natsServerReason } from '@geodesic/testing';
import { nkeys } from '@nats-io/transport-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectNats, ensureStreams, NatsBus, readNatsOptions } from '../src/index.ts';
import type { NatsOptions } from '../src/index.ts';
import { own, paused } from './sample-events.ts';
import { untilFinished } from './until-finished.ts';

const reason = natsServerReason();
if (reason !== undefined) process.stderr.write(`SKIPPED: connecting to a server: ${reason}\n`);

function optionsOf(server: NatsServer, env: Readonly<Record<string, string>> = {}): NatsOptions {
  return readNatsOptions({ url: server.url, env })!;
}

describe.skipIf(reason !== undefined)('connectNats', () => {
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-connect-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('fails with UNREACHABLE when no server answers, and waits for one when it is patient', async () => {
    const server = await untilFinished(NatsServer.start());
    await server.kill();
    await expect(connectNats(optionsOf(server), { name: 'test' })).rejects.toMatchObject({ code: 'UNREACHABLE' });
    const waiting = connectNats(optionsOf(server), { name: 'test', patient: true });
    await server.restart();
    const client = await waiting;
    expect(client.isConnected).toBe(true);
    await client.close();
  });

  it('ends the waiting by its signal', async () => {
    const server = await untilFinished(NatsServer.start());
    await server.kill();
    const leave = new AbortController();
    const waiting = connectNats(optionsOf(server), { name: 'test', patient: true, signal: leave.signal });
    leave.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('tells of the break and of the new connection', async () => {
    const server = await untilFinished(NatsServer.start());
    const changes: boolean[] = [];
    const client = await connectNats(optionsOf(server), { name: 'test', onChange: (isConnected) => changes.push(isConnected) });
    await server.kill();
    await expect.poll(() => changes).toEqual([false]);
    await expect(client.connected(AbortSignal.timeout(1))).rejects.toThrow('timeout');
    await server.restart();
    await client.connected();
    expect(changes).toEqual([false, true]);
    expect(client.reconnects).toBe(1);
    await client.close();
    await expect(client.connected()).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });

  it('fails with NO_JETSTREAM on a server without streams, also when it is patient', async () => {
    const server = await untilFinished(NatsServer.start({ jetstream: false }));
    await expect(connectNats(optionsOf(server), { name: 'test', patient: true })).rejects.toMatchObject({ code: 'NO_JETSTREAM' });
  });

  it('fails with CREDENTIALS for a wrong user, a wrong password and none', async () => {
    const server = await untilFinished(NatsServer.start({ config: 'authorization { users = [ { user: anna, password: right } ] }' }));
    const wrong = [
      {},
      { GEODESIC_NATS_USER: 'anna', GEODESIC_NATS_PASSWORD: 'wrong' },
      { GEODESIC_NATS_USER: 'otto', GEODESIC_NATS_PASSWORD: 'right' },
    ];
    for (const env of wrong)
      await expect(connectNats(optionsOf(server, env), { name: 'test', patient: true })).rejects.toMatchObject({ code: 'CREDENTIALS' });
    const client = await connectNats(optionsOf(server, { GEODESIC_NATS_USER: 'anna', GEODESIC_NATS_PASSWORD: 'right' }), { name: 'test' });
    await client.close();
  });

  it('reads the password anew for a new connection, also after it was wrong for a while', async () => {
    const path = join(folder, 'password');
    writeFileSync(path, 'old\n');
    const users = (password: string): string => `authorization { users = [ { user: anna, password: ${password} } ] }`;
    const server = await untilFinished(NatsServer.start({ config: users('old') }));
    const client = await connectNats(optionsOf(server, { GEODESIC_NATS_USER: 'anna', GEODESIC_NATS_PASSWORD_FILE: path }), {
      name: 'test',
    });
    await server.restart({ config: users('new') });
    await expect.poll(() => server.log(), { timeout: 20_000 }).toMatch(/(authentication error[\s\S]*){3}/);
    expect(client.isConnected).toBe(false);
    writeFileSync(path, 'new\n');
    await client.connected(AbortSignal.timeout(20_000));
    await client.close();
  });

  it('takes an nkey, and refuses another and a file that holds none', async () => {
    const [right, wrong] = [nkeys.createUser(), nkeys.createUser()];
    const server = await untilFinished(NatsServer.start({ config: `authorization { users = [ { nkey: ${right.getPublicKey()} } ] }` }));
    const file = (name: string, text: string): { GEODESIC_NATS_NKEY: string } => {
      writeFileSync(join(folder, name), text);
      return { GEODESIC_NATS_NKEY: join(folder, name) };
    };
    const seedOf = (key: typeof right): string => Buffer.from(key.getSeed()).toString('utf8');
    const client = await connectNats(optionsOf(server, file('right.nk', `${seedOf(right)}\n`)), { name: 'test' });
    await client.close();
    await expect(connectNats(optionsOf(server, file('wrong.nk', seedOf(wrong))), { name: 'test' })).rejects.toMatchObject({
      code: 'CREDENTIALS',
    });
    await expect(connectNats(optionsOf(server, file('no.nk', 'nothing')), { name: 'test' })).rejects.toMatchObject({
      code: 'OPTIONS',
      message: expect.stringContaining('GEODESIC_NATS_NKEY') as string,
    });
  });

  it('names the subject that a user may not publish to, and the connection goes on', async () => {
    const rights = 'permissions: { publish: { allow: ["$JS.API.>", "gd.ev.main.mine.>"] }, subscribe: ">" }';
    const config = `authorization { users = [ { user: all, password: p }, { user: some, password: p, ${rights} } ] }`;
    const server = await untilFinished(NatsServer.start({ config }));
    const clientOf = (user: string) =>
      connectNats(optionsOf(server, { GEODESIC_NATS_USER: user, GEODESIC_NATS_PASSWORD: 'p' }), { name: 'test' });
    const [all, some] = await Promise.all([clientOf('all'), clientOf('some')]);
    await ensureStreams(all, { ha: false });
    const bus = new NatsBus(some);
    await expect(bus.publish(own(paused(1)))).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringContaining('gd.ev.main.r1.run.paused') as string,
    });
    await bus.publish(own(paused(1), 'mine'));
    expect(await bus.runs()).toEqual(['mine']);
    expect(some.reconnects).toBe(0);
    await Promise.all([all.close(), some.close()]);
  });

  it('names the subject that a user may not ask, for streams and for consumers', async () => {
    const rights = 'permissions: { publish: { allow: ["$JS.API.STREAM.INFO.>"] }, subscribe: ">" }';
    const config = `authorization { users = [ { user: all, password: p }, { user: some, password: p, ${rights} } ] }`;
    const server = await untilFinished(NatsServer.start({ config }));
    const clientOf = (user: string) =>
      connectNats(optionsOf(server, { GEODESIC_NATS_USER: user, GEODESIC_NATS_PASSWORD: 'p' }), { name: 'test' });
    const [all, some] = await Promise.all([clientOf('all'), clientOf('some')]);
    await expect(ensureStreams(some, { ha: false })).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringContaining('$JS.API.STREAM.CREATE.GD_EVENTS_main') as string,
    });
    await ensureStreams(all, { ha: false });
    // They are there now: nothing is to be made.
    await ensureStreams(some, { ha: false });
    await expect(new NatsBus(some).follow({ signal: AbortSignal.timeout(10_000) }).next()).rejects.toMatchObject({
      code: 'PERMISSION',
      message: expect.stringContaining('$JS.API.CONSUMER.CREATE.GD_EVENTS_main') as string,
    });
    await Promise.all([all.close(), some.close()]);
  });

  it('refuses a stream of this name that takes other subjects', async () => {
    const server = await untilFinished(NatsServer.start());
    const client = await connectNats(optionsOf(server), { name: 'test' });
    await client.manager.streams.add({ name: 'GD_EVENTS_main', subjects: ['other.>'] });
    await expect(ensureStreams(client, { ha: false })).rejects.toMatchObject({
      code: 'STREAM',
      message: expect.stringContaining('other.>') as string,
    });
    await client.close();
  });
});

describe.skipIf(reason !== undefined || !hasOpenssl())('connectNats over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'geodesic-tls-'));
  const path = (name: string): string => join(folder, name);
  const config = (verify: boolean): string =>
    `tls { cert_file: "${path('server.pem')}", key_file: "${path('server.key')}", ca_file: "${path('ca.pem')}", verify: ${verify} }`;
  beforeAll(() => {
    authority(path('ca'));
    certificate(path('server'), path('ca'), 'subjectAltName=IP:127.0.0.1');
    certificate(path('client'), path('ca'), 'extendedKeyUsage=clientAuth');
    authority(path('other'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('trusts the authority that it is given, and no other', async () => {
    const server = await untilFinished(NatsServer.start({ config: config(false) }));
    const client = await connectNats(optionsOf(server, { GEODESIC_NATS_CA: path('ca.pem') }), { name: 'test' });
    await ensureStreams(client, { ha: false });
    await client.close();
    for (const env of [{ GEODESIC_NATS_CA: path('other.pem') }, {}])
      await expect(connectNats(optionsOf(server, env), { name: 'test' })).rejects.toMatchObject({ code: 'CREDENTIALS' });
  });

  it('shows its certificate to a server that asks for one, and is told when it has none', async () => {
    const server = await untilFinished(NatsServer.start({ config: config(true) }));
    const env = { GEODESIC_NATS_CA: path('ca.pem'), GEODESIC_NATS_CERT: path('client.pem'), GEODESIC_NATS_KEY: path('client.key') };
    const options = readNatsOptions({ url: server.url.replace('nats:', 'tls:'), env })!;
    const client = await connectNats(options, { name: 'test' });
    await new NatsBus(client).publish(own(paused(1)));
    await client.close();
    await expect(connectNats(optionsOf(server, { GEODESIC_NATS_CA: path('ca.pem') }), { name: 'test' })).rejects.toMatchObject({
      code: 'CREDENTIALS',
    });
  });

  it('does not speak to a server without TLS where TLS was asked for', async () => {
    const server = await untilFinished(NatsServer.start());
    const options = readNatsOptions({ url: server.url.replace('nats:', 'tls:'), env: {} })!;
    await expect(connectNats(options, { name: 'test' })).rejects.toMatchObject({ code: 'CREDENTIALS' });
  });
});

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return true;
  } catch {
    process.stderr.write('SKIPPED: connecting over TLS: no openssl on PATH\n');
    return false;
  }
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

function authority(base: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${base}.key`];
  openssl('req', '-x509', ...key, '-out', `${base}.pem`, '-days', '2', '-subj', `/CN=${base.at(-1)} authority`);
}

function certificate(base: string, issuer: string, extension: string): void {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${base}.key`];
  openssl('req', ...key, '-out', `${base}.csr`, '-subj', '/CN=test');
  writeFileSync(`${base}.ext`, extension);
  const signing = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial', '-extfile', `${base}.ext`];
  openssl('x509', '-req', '-in', `${base}.csr`, ...signing, '-days', '2', '-out', `${base}.pem`);
}
