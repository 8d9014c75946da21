import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectExchange } from '../src/exchange-client.ts';
import type { ExchangeClient } from '../src/exchange-client.ts';
import type { ControlRequest, CoordinatorMessage, WireContribution } from '../src/messages.ts';
import { connectRuns } from '../src/runs-client.ts';
import type { WireServer } from '../src/server.ts';
import { openSession } from '../src/session-client.ts';
import { WireError } from '../src/errors.ts';
import { FakeCoordinator } from './fake-coordinator.ts';

let coordinator: FakeCoordinator;
let server: WireServer;
let exchange: ExchangeClient;

beforeEach(async () => {
  coordinator = new FakeCoordinator();
  server = await coordinator.listen();
  exchange = connectExchange(server.address);
});

afterEach(async () => {
  exchange.close();
  coordinator.publisher.close();
  await server.close();
});

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
}

/** Promise.withResolvers, which Node 20 lacks. */
function deferred<T>(): Deferred<T> {
  const parts: { resolve?: (value: T) => void } = {};
  const promise = new Promise<T>((resolve) => (parts.resolve = resolve));
  return { promise, resolve: (value) => parts.resolve?.(value) };
}

function contribution(length: number): WireContribution {
  const sums = Float32Array.from({ length }, (_, i) => Math.fround(i / 7));
  const round = { run: 'r', step: 3, attempt: 0, phase: 'grad', inputDigest: 'ab' };
  const scalars = Float64Array.of(0.1, 2 ** 53 + 2, -0);
  return { round, worker: 'w', incarnation: 'i', block: { level: 1, index: 2 }, count: 128, scalars, sumsLength: length, sums };
}

describe('Exchange.Contribute', () => {
  it('delivers a contribution of 20 MB bit for bit and counts its bytes on both ends', async () => {
    const sent = contribution(5_000_000);
    expect(await exchange.contribute(sent)).toEqual({ result: 'accepted', detail: '' });
    const [got] = coordinator.contributions;
    expect({ ...got, sums: 0 }).toEqual({ ...sent, sums: 0, crcs: expect.any(Uint32Array) as Uint32Array });
    expect(got.crcs?.[0]).toBe(crc32(new Uint8Array(sent.sums.buffer, 0, 256 * 1024)));
    expect(Buffer.compare(Buffer.from(got.sums.buffer), Buffer.from(sent.sums.buffer))).toBe(0);
    expect(exchange.traffic.bytesUp).toBeGreaterThan(20_000_000);
    expect(server.traffic.bytesUp).toBe(exchange.traffic.bytesUp);
  });

  it('delivers a contribution without sums', async () => {
    expect((await exchange.contribute(contribution(0))).result).toBe('accepted');
    expect(coordinator.contributions[0].sums).toHaveLength(0);
  });

  it('refuses by the header while a large upload is still under way, and serves the next call', async () => {
    coordinator.refusal = { result: 'stale', detail: 'step 3 is over' };
    expect(await exchange.contribute(contribution(5_000_000))).toEqual(coordinator.refusal);
    expect(exchange.traffic.bytesUp).toBeLessThanOrEqual(20_100_000);
    coordinator.refusal = undefined;
    expect((await exchange.contribute(contribution(10))).result).toBe('accepted');
    expect(coordinator.contributions).toHaveLength(1);
  });

  it('takes uploads from several workers at once', async () => {
    const clients = [1, 2, 3].map(() => connectExchange(server.address));
    const acks = await Promise.all(clients.map((client) => client.contribute(contribution(1_000_000))));
    for (const client of clients) client.close();
    expect(acks.map((ack) => ack.result)).toEqual(['accepted', 'accepted', 'accepted']);
  });

  it('fails as UNREACHABLE when nobody listens', async () => {
    await server.close();
    await expect(exchange.contribute(contribution(10))).rejects.toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('Exchange.Fetch', () => {
  it('gives the object with the digest', async () => {
    const object = new Uint8Array(700_000).fill(7);
    const digest = `sha256:${createHash('sha256').update(object).digest('hex')}`;
    coordinator.objects.set(digest, object);
    expect(Buffer.compare(await exchange.fetch(digest), object)).toBe(0);
  });

  it('refuses an object that is not what its address says', async () => {
    coordinator.objects.set('sha256:00', new Uint8Array(5));
    await expect(exchange.fetch('sha256:00')).rejects.toMatchObject({ code: 'CORRUPT' });
  });

  it('waits for an object that comes from a disk, and serves others meanwhile', async () => {
    let give: (object: Uint8Array) => void = () => undefined;
    coordinator.late = () => new Promise((resolve) => (give = resolve));
    const late = exchange.fetch('late:1');
    await expect(exchange.fetch('sha256:11')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    give(new Uint8Array(3));
    await expect(late).rejects.toMatchObject({ code: 'CORRUPT' }); // its bytes came
    coordinator.late = () => Promise.reject(new WireError('REFUSED', 'fetch: no'));
    await expect(exchange.fetch('late:1')).rejects.toMatchObject({ code: 'REFUSED', message: 'fetch: no' });
  });

  it('has nothing to say to a reader who left before the object came', async () => {
    let give: (object: Uint8Array) => void = () => undefined;
    let ask: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (ask = resolve));
    coordinator.late = () => {
      ask();
      return new Promise((resolve) => (give = resolve));
    };
    const leaving = exchange.fetch('late:1');
    await asked;
    exchange.renew(); // abandons what is under way
    await expect(leaving).rejects.toMatchObject({ code: 'UNREACHABLE' });
    give(new Uint8Array(1_000_000));
    await expect(exchange.fetch('sha256:11')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('passes on the code, message and hint of the coordinator', async () => {
    await expect(exchange.fetch('sha256:11')).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: 'fetch: expected a known object, got sha256:11',
      hint: 'ask for the welcome again',
    });
  });
});

describe('Exchange.Follow', () => {
  it('streams a snapshot and then updates, and ends quietly on abort', async () => {
    coordinator.parameters = Float32Array.of(1, 2, 3);
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const frame of exchange.follow({ run: 'r', incarnation: 'i', signal: abort.signal })) {
      seen.push(`${frame.type} ${frame.version} ${frame.chain}`);
      if (frame.version === 2) abort.abort();
      else advance(coordinator, Float32Array.of(1, 1, 1));
    }
    expect(seen).toEqual(['snapshot 0 c0', 'update 1 c1', 'update 2 c2']);
  });

  it('goes on from a position that is the present one, and starts with a snapshot from any other', async () => {
    coordinator.parameters = Float32Array.of(1);
    advance(coordinator, Float32Array.of(1));
    const first = async (chain: string): Promise<string> => {
      const abort = new AbortController();
      const frames = exchange.follow({ run: 'r', incarnation: 'i', from: { version: 1, chain }, signal: abort.signal });
      const next = frames.next();
      const attached = coordinator.follows.length;
      await expect.poll(() => coordinator.follows.length).toBeGreaterThan(attached);
      advance(coordinator, Float32Array.of(1));
      const { value } = await next;
      abort.abort();
      coordinator.version--;
      return `${value!.type} ${value!.version}`;
    };
    expect(await first('c1')).toBe('update 2');
    expect(await first('c0')).toBe('snapshot 1');
    expect(coordinator.follows).toEqual(['c1', 'c0'].map((chain) => ({ run: 'r', incarnation: 'i', from: { version: 1, chain } })));
  });

  it('bounds what it keeps for a reader that stops reading, and brings it up to date with a snapshot', async () => {
    coordinator.parameters = new Float32Array(500_000);
    const abort = new AbortController();
    const frames = exchange.follow({ run: 'r', incarnation: 'i', signal: abort.signal });
    await frames.next();
    // 200 updates of 2 MB: far more than windows and buffers hold.
    for (let i = 0; i < 200; i++) advance(coordinator, coordinator.parameters);
    const seen: number[] = [];
    let snapshots = 0;
    while (seen.at(-1) !== 200) {
      const { value } = await frames.next();
      seen.push(value!.version);
      if (value!.type === 'snapshot') snapshots++;
    }
    expect(snapshots).toBeGreaterThanOrEqual(1);
    expect(seen.length).toBeLessThan(60);
    expect(server.traffic.bytesDown).toBeLessThan(200e6);
    abort.abort();
  });

  it('fails when the coordinator goes away', async () => {
    const frames = exchange.follow({ run: 'r', incarnation: 'i' });
    await frames.next();
    const lost = frames.next().then(undefined, (error: unknown) => error);
    await server.close();
    expect(await lost).toMatchObject({ code: 'UNREACHABLE' });
  });
});

function advance(coordinator: FakeCoordinator, delta: Float32Array): void {
  const previousChain = `c${coordinator.version}`;
  coordinator.version++;
  const { version } = coordinator;
  coordinator.publisher.publish({ version, previousChain, chain: `c${version}`, delta, state: Float32Array.of(0.5) });
}

describe('Session.Join', () => {
  it('carries messages both ways and reports an orderly end on both sides', async () => {
    const received: CoordinatorMessage[] = [];
    const opened = coordinator.next('message');
    const closed = deferred<WireError | undefined>();
    const welcomed = deferred<void>();
    const link = openSession({
      address: server.address,
      onMessage: (message) => {
        received.push(message);
        welcomed.resolve();
      },
      onClosed: closed.resolve,
    });
    link.send({ type: 'hello', worker: 'w', incarnation: 'i', protocol: 3, state: 1, pid: 7 });
    expect(await opened).toMatchObject({ type: 'hello', worker: 'w', pid: 7 });
    coordinator.peer!.send({ type: 'run-over', state: 'test' });
    await welcomed.promise;
    expect(received).toEqual([{ type: 'run-over', state: 'test' }]);
    const left = coordinator.next('closed');
    link.close();
    expect(await left).toBe('closed by the worker');
    expect(await closed.promise).toBeUndefined();
  });

  it('answers every heartbeat, and is lost where nothing is heard for the time that was expected', async () => {
    const received: CoordinatorMessage[] = [];
    const closed = deferred<WireError | undefined>();
    const link = openSession({ address: server.address, onMessage: (message) => received.push(message), onClosed: closed.resolve });
    const beat = { type: 'heartbeat', slots: 0, examples: 0, computing: false, generation: 0, open: 0 } as const;
    link.expect(200);
    // Answered heartbeats keep it for longer than that, then they stop.
    for (const start = performance.now(); performance.now() - start < 300;) {
      const heard = coordinator.next('message');
      link.send(beat);
      await heard;
    }
    expect(received).toEqual([]);
    const lost = coordinator.next('closed');
    expect(await closed.promise).toMatchObject({
      code: 'DEADLINE',
      message: expect.stringContaining('within 200 ms, got silence') as string,
    });
    await lost;
  });

  it('tells the worker that the coordinator ended the stream', async () => {
    const peer = coordinator.next('peer');
    const closed = deferred<WireError | undefined>();
    const link = openSession({ address: server.address, onMessage: () => {}, onClosed: closed.resolve });
    await peer;
    coordinator.peer!.end();
    expect(await closed.promise).toBeUndefined();
    link.send({ type: 'leave', reason: 'too late' });
  });

  it('fails as UNREACHABLE when nobody listens', async () => {
    await server.close();
    const closed = deferred<WireError | undefined>();
    openSession({ address: server.address, onMessage: () => {}, onClosed: closed.resolve });
    expect(await closed.promise).toMatchObject({ code: 'UNREACHABLE' });
  });
});

describe('Runs', () => {
  it('submits, watches from a sequence number to the end, and stops', async () => {
    const runs = connectRuns(server.address);
    expect(await runs.submit({ bundle: new Uint8Array(300_000) })).toEqual({ runId: 'run-300000', directory: '/runs/x' });
    const steps: unknown[] = [];
    for await (const event of runs.watch('run-300000', { fromSequence: 501 })) steps.push(event.data['step']);
    expect([steps.length, steps[0], steps.at(-1)]).toEqual([500, 501, 1000]);
    await runs.stop('known', 'enough');
    expect(coordinator.wishes).toEqual([{ run: 'known', action: 'stop', reason: 'enough' }]);
    await expect(runs.stop('other', 'enough')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    runs.close();
  });

  it('hands in a run that goes on from a step of another', async () => {
    const runs = connectRuns(server.address);
    await runs.submit({ bundle: new Uint8Array(3), fork: { run: 'older', step: 0 } });
    expect(coordinator.submissions[0]).toEqual({ bundle: new Uint8Array(3), fork: { run: 'older', step: 0 } });
    await runs.submit({ bundle: new Uint8Array(0) });
    expect(coordinator.submissions[1]).toEqual({ bundle: new Uint8Array(0) });
    runs.close();
  });

  it('takes every wish with what it needs, and says from which step on it holds', async () => {
    const runs = connectRuns(server.address);
    const wishes: ControlRequest[] = [
      { run: 'known', action: 'pause', reason: 'lunch' },
      { run: '', action: 'resume', reason: '' },
      { run: 'known', action: 'scale', reason: '', workers: 0 },
      { run: 'known', action: 'drain', reason: 'maintenance', worker: 'w1' },
    ];
    for (const wish of wishes) expect(await runs.control(wish)).toEqual({ step: 8 });
    expect(coordinator.wishes).toEqual(wishes);
    const incomplete = { run: 'known', reason: '' } as const;
    await expect(runs.control({ ...incomplete, action: 'scale' })).rejects.toMatchObject({ code: 'INVALID' });
    await expect(runs.control({ ...incomplete, action: 'drain' })).rejects.toMatchObject({ code: 'INVALID' });
    const unknown = { ...incomplete, action: 'explode' as ControlRequest['action'] };
    await expect(runs.control(unknown)).rejects.toThrow('expected pause, resume, stop, scale, drain, got explode');
    runs.close();
  });

  it('says how a run stands, the present one by default', async () => {
    const runs = connectRuns(server.address);
    expect(await runs.get()).toEqual(coordinator.status);
    const counts = { behind: 2, behindBytes: 300, published: 4, retries: 5, oversized: 6, checkpoints: 7, checkpointsSkipped: 8 };
    coordinator.status = { ...coordinator.status, artery: { connected: true, reconnects: 1, ...counts } };
    expect(await runs.get()).toEqual(coordinator.status);
    expect(await runs.get('other')).toEqual({ ...coordinator.status, run: 'other' });
    runs.close();
  });
});

describe('serveWire', () => {
  it('names a port in use', async () => {
    const port = Number(server.address.split(':')[1]);
    await expect(new FakeCoordinator().listen({ port })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(`${port}`),
    });
  });
});
