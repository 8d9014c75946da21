import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { connectExchange } from '../src/exchange-client.ts';
import type { ExchangeClient } from '../src/exchange-client.ts';
import { encodeChunks } from '../src/chunk.ts';
import type { ContributeAck, WireContribution } from '../src/messages.ts';
import { exchangeMethods } from '../src/methods.ts';
import { RawClient } from '../src/raw-client.ts';
import { openSession } from '../src/session-client.ts';
import { UploadCredits } from '../src/upload-credits.ts';
import { FakeCoordinator } from './fake-coordinator.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function listen(options: { uploadBytes?: number; idleMs?: number }): Promise<{ coordinator: FakeCoordinator; address: string }> {
  const coordinator = new FakeCoordinator();
  const server = await coordinator.listen(options);
  closing.push(() => server.close());
  return { coordinator, address: server.address };
}

function connect(address: string, idleMs?: number): ExchangeClient {
  const client = connectExchange(address, idleMs === undefined ? {} : { idleMs });
  closing.push(() => client.close());
  return client;
}

function contribution(index: number, length: number): WireContribution {
  const round = { run: 'r', step: 3, attempt: 0, phase: 'grad', inputDigest: 'ab' };
  const member = { worker: 'w', incarnation: 'i', block: { level: 0, index }, count: 1, scalars: new Float64Array(0) };
  return { round, ...member, sumsLength: length, sums: new Float32Array(length).fill(index) };
}

/** An upload of which only the first chunk has been sent. */
function openUpload(
  address: string,
  sent: WireContribution,
): { finish: () => Promise<unknown>; cancel: () => void; over: Promise<unknown> } {
  const client = new RawClient(address);
  closing.push(() => client.close());
  const { sums, ...header } = sent;
  const [first, ...rest] = encodeChunks({ ...header, type: 'contribution' }, new Uint8Array(sums.buffer));
  const part: { call?: { write(bytes: Buffer): boolean; end(): void; cancel(): void } } = {};
  const over = client
    .upload(exchangeMethods.contribute, {
      idleMs: 60_000,
      start: (call) => {
        part.call = call;
        call.write(first);
      },
    })
    .then(
      () => 'answered',
      (error: unknown) => error,
    );
  const finish = (): Promise<unknown> => {
    for (const chunk of rest) part.call?.write(chunk);
    part.call?.end();
    return over;
  };
  return { finish, cancel: () => part.call?.cancel(), over };
}

/** Sends until it is no longer busy. */
async function persist(client: ExchangeClient, sent: WireContribution): Promise<{ ack: ContributeAck; busy: number }> {
  for (let busy = 0; ; busy++) {
    const ack = await client.contribute(sent);
    if (ack.result !== 'busy') return { ack, busy };
    await delay(ack.retryAfterMs);
  }
}

describe('UploadCredits', () => {
  it('gives what is free, gives one alone whatever it asks for, and takes back once', () => {
    const credits = new UploadCredits(100);
    const whole = credits.take(1000);
    expect([credits.taken, credits.take(1)]).toEqual([1000, undefined]);
    whole?.();
    whole?.();
    expect(credits.taken).toBe(0);
    const half = credits.take(60);
    expect(credits.take(41)).toBeUndefined();
    const rest = credits.take(40);
    half?.();
    rest?.();
    expect(credits.taken).toBe(0);
  });

  it('has a refused upload come again when about half of the others will have arrived, after 50 ms to 1 s', () => {
    let at = 0;
    const credits = new UploadCredits(1e9, () => at);
    expect(credits.retryAfterMs).toBe(50);
    const first = credits.take(1e6);
    at = 100;
    first?.(); // 10,000 bytes a millisecond
    expect(credits.retryAfterMs).toBe(50);
    const second = credits.take(4e6);
    expect(credits.retryAfterMs).toBe(200);
    credits.take(9e8);
    expect(credits.retryAfterMs).toBe(1000);
    second?.();
  });
});

describe('Exchange.Contribute: byte credits', () => {
  it('tells the second of two uploads at once that it is busy, and takes both in the end', async () => {
    const { coordinator, address } = await listen({ uploadBytes: 5_000_000 });
    const arrived = once(coordinator, 'admitted');
    const slow = openUpload(address, contribution(1, 1_000_000));
    await arrived;
    const client = connect(address);
    expect(await client.contribute(contribution(2, 1_000_000))).toMatchObject({ result: 'busy', retryAfterMs: 50 });
    const second = persist(client, contribution(2, 1_000_000));
    expect(await slow.finish()).toBe('answered');
    expect((await second).ack.result).toBe('accepted');
    expect(coordinator.contributions.map(({ block, sums }) => [block.index, sums[0], sums.length])).toEqual([
      [1, 1, 1_000_000],
      [2, 2, 1_000_000],
    ]);
  });

  it('takes a single upload that is larger than the budget', async () => {
    const { coordinator, address } = await listen({ uploadBytes: 1000 });
    expect((await connect(address).contribute(contribution(1, 1_000_000))).result).toBe('accepted');
    expect(coordinator.contributions).toHaveLength(1);
  });

  it('takes ten at once with room for two, and has all credits back', async () => {
    const { coordinator, address } = await listen({ uploadBytes: 1_700_000 });
    const clients = Array.from({ length: 5 }, () => connect(address));
    const sent = Array.from({ length: 10 }, (_, i) => persist(clients[i % 5], contribution(i, 200_000)));
    expect((await Promise.all(sent)).map(({ ack }) => ack.result)).toEqual(Array.from({ length: 10 }, () => 'accepted'));
    expect(coordinator.contributions.map(({ block }) => block.index).toSorted((a, b) => a - b)).toEqual([...Array(10).keys()]);
  });

  it('has the credits of an upload back that broke off', async () => {
    const { coordinator, address } = await listen({ uploadBytes: 5_000_000 });
    const arrived = once(coordinator, 'admitted');
    const broken = openUpload(address, contribution(1, 1_000_000));
    await arrived;
    broken.cancel();
    await broken.over;
    expect((await persist(connect(address), contribution(2, 1_000_000))).ack.result).toBe('accepted');
  });
});

describe('bulk transfers that stand still', () => {
  it('end an upload of which nothing more comes, with its credits', async () => {
    const { address } = await listen({ uploadBytes: 5_000_000, idleMs: 50 });
    const halted = openUpload(address, contribution(1, 1_000_000));
    expect(await halted.over).toMatchObject({ code: 'DEADLINE', message: expect.stringContaining('within 50 ms') as string });
    expect((await connect(address).contribute(contribution(2, 1_000_000))).result).toBe('accepted');
  });

  it('end a download whose reader stands still, and leave one alone that has nothing to read', async () => {
    const { coordinator, address } = await listen({ idleMs: 400 });
    coordinator.parameters = Float32Array.of(1);
    const [quiet, halted] = [1, 2].map(() => connect(address).follow({ run: 'r', incarnation: 'i' }));
    for (const frames of [quiet, halted]) expect((await frames.next()).value).toMatchObject({ type: 'snapshot' });
    const next = quiet.next();
    const delta = new Float32Array(10_000_000);
    const update = { version: 1, previousChain: 'c0', chain: 'c1', delta, state: new Float32Array(0) };
    // The first follower waits for as long as it takes to see the second one halt.
    coordinator.publisher.publish(update);
    expect((await next).value).toMatchObject({ type: 'update', version: 1 });
    await expect.poll(() => coordinator.publisher.followers, { timeout: 5000 }).toBe(1);
    const after = quiet.next();
    coordinator.publisher.publish({ ...update, version: 2, previousChain: 'c1', chain: 'c2', delta: new Float32Array(1) });
    expect((await after).value).toMatchObject({ type: 'update', version: 2 });
    const rest = async (): Promise<void> => {
      for await (const frame of halted) expect(frame.version).toBe(1);
    };
    await expect(rest()).rejects.toMatchObject({ code: 'DEADLINE' });
  });

  it('fail on the other end of a connection that is half open', async () => {
    const sockets: Socket[] = [];
    const silent: Server = createServer((socket) => sockets.push(socket.resume()));
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    closing.push(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
    });
    const { port } = silent.address() as { port: number };
    const client = connect(`127.0.0.1:${port}`, 60);
    const uploaded = client.contribute(contribution(1, 10));
    await expect(uploaded).rejects.toMatchObject({ code: 'DEADLINE', message: expect.stringContaining('progress within 60 ms') as string });
    await expect(client.fetch('sha256:00')).rejects.toMatchObject({ code: 'DEADLINE' });
    const lost = new Promise((resolve) => {
      openSession({ address: `127.0.0.1:${port}`, openMs: 60, onMessage: () => undefined, onClosed: resolve });
    });
    expect(await lost).toMatchObject({ code: 'DEADLINE', message: expect.stringContaining('within 60 ms, got silence') as string });
  });
});
