/** Every fault of the proxy over real sockets of the loopback. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ChaosProxy } from '../src/index.ts';
import type { ChaosProxyOptions } from '../src/index.ts';
import { ManualClock, stand } from './proxy-fixtures.ts';
import type { End, Stand } from './proxy-fixtures.ts';

let open: Stand | undefined;
const start = async (options: Omit<ChaosProxyOptions, 'target' | 'seed'> & { seed?: number } = {}): Promise<Stand> =>
  (open = await stand(options));
/** Node sends a FIN just before the RST: a peer that reads in between hears the end first. */
const RESET: readonly (string | undefined)[] = ['ECONNRESET', 'end'];
/** Fast polling: what is waited for takes a millisecond or two. */
const soon = (condition: () => void): Promise<void> => vi.waitFor(condition, { timeout: 5_000, interval: 1 });

const expectReset = (...ends: readonly End[]): void => {
  for (const end of ends) expect(RESET).toContain(end.ending());
};

afterEach(async () => {
  await open?.close();
  open = undefined;
});

describe('ChaosProxy without faults', () => {
  it('carries both directions unchanged and forwards the end of each alone', async () => {
    const { connect } = await start();
    const { client, server } = await connect();
    const long = 'geodesic'.repeat(400_000);
    client.socket.end(long);
    server.socket.write('answer');
    await soon(() => expect(server.ending()).toBe('end'));
    expect(server.heard() === long).toBe(true);
    expect(client.ending()).toBeUndefined();
    server.socket.end(' and more');
    await soon(() => expect(client.ending()).toBe('end'));
    expect(client.heard()).toBe('answer and more');
    await soon(() => expect(open?.proxy.connections).toEqual([]));
  });

  it('hands a reset of one side on to the other', async () => {
    const { connect } = await start();
    const { client, server } = await connect();
    client.socket.resetAndDestroy();
    await soon(() => expectReset(server));
  });
});

describe('ChaosProxy.set', () => {
  it('delivers no sooner than the latency, and jitter never changes the order', async () => {
    const clock = new ManualClock();
    const { connect } = await start({ clock, faults: { up: { latencyMs: 80, jitterMs: 40 } } });
    const { client, server } = await connect();
    client.socket.write('a');
    await soon(() => expect(clock.next).toBeDefined());
    expect(clock.next).toBeGreaterThanOrEqual(80);
    expect(clock.next).toBeLessThan(120);
    server.socket.write('not delayed');
    await soon(() => expect(client.heard()).toBe('not delayed'));
    expect(server.heard()).toBe('');
    client.socket.write('b');
    await soon(() => expect(open?.proxy.connections[0].up.bytes).toBe(2));
    while (clock.next !== undefined) clock.advance();
    await soon(() => expect(server.heard()).toBe('ab'));
  });

  it('lets bytes through at the rate of the line', async () => {
    const clock = new ManualClock();
    const { connect } = await start({ clock, faults: { up: { bytesPerSecond: 1000 } } });
    const { client, server } = await connect();
    client.socket.write('x'.repeat(500));
    await soon(() => expect(open?.proxy.connections[0].up.bytes).toBe(500));
    while (clock.next !== undefined && clock.next <= 250) clock.advance();
    await soon(() => expect(server.heard().length).toBe(240));
    while (clock.next !== undefined) clock.advance();
    expect(clock.now()).toBeCloseTo(500, 6);
    await soon(() => expect(server.heard().length).toBe(500));
  });

  it('stops reading one direction while the other goes on, until told otherwise', async () => {
    const { connect, proxy } = await start();
    const { client, server } = await connect();
    proxy.set({ up: { stopped: true } });
    client.socket.write('held');
    server.socket.write('passes');
    await soon(() => expect(client.heard()).toBe('passes'));
    expect(server.heard()).toBe('');
    proxy.set({});
    await soon(() => expect(server.heard()).toBe('held'));
  });

  it('ends a stream after so many bytes', async () => {
    const { connect } = await start({ faults: { up: { truncateAfter: 5 } } });
    const { client, server } = await connect();
    client.socket.write('123');
    client.socket.write('456789');
    await soon(() => expect(server.ending()).toBe('end'));
    expect(server.heard()).toBe('12345');
  });

  it('resets both sides after so many bytes', async () => {
    const { connect } = await start({ faults: { down: { resetAfter: 3 } } });
    const { client, server } = await connect();
    server.socket.write('123456');
    await soon(() => expectReset(client, server));
    expect(client.heard().length).toBeLessThanOrEqual(3);
  });

  it('changes one bit of the byte at an offset', async () => {
    const { connect } = await start({ faults: { up: { flip: { at: 6 } } } });
    const { client, server } = await connect();
    client.socket.write('aaaa');
    await soon(() => expect(server.heard()).toBe('aaaa'));
    client.socket.write('aaaa');
    await soon(() => expect(server.heard().length).toBe(8));
    const differing = Array.from(server.heard()).flatMap((letter, at) => (letter === 'a' ? [] : [{ at, bits: letter.charCodeAt(0) ^ 97 }]));
    expect(differing.map(({ at }) => at)).toEqual([6]);
    expect(Math.log2(differing[0].bits) % 1).toBe(0);
  });

  it('damages the same bytes for the same seed, in whatever pieces they come', async () => {
    const damaged = async (seed: number, size: number): Promise<string> => {
      const { connect, close } = await stand({ seed, faults: { up: { flip: { rate: 0.01 } } } });
      const { client, server } = await connect();
      for (let at = 0; at < 4000; at += size) client.socket.write('z'.repeat(Math.min(size, 4000 - at)));
      await soon(() => expect(server.heard().length).toBe(4000));
      const heard = server.heard();
      await close();
      return heard;
    };
    const [whole, pieces, other] = [await damaged(7, 4000), await damaged(7, 90), await damaged(8, 4000)];
    expect(whole).toBe(pieces);
    expect(whole).not.toBe(other);
    const flips = Array.from(whole).filter((letter) => letter !== 'z').length;
    expect(flips).toBeGreaterThan(15);
    expect(flips).toBeLessThan(80);
  });

  it('breaks one connection and leaves another alone', async () => {
    const { connect } = await start({ faults: (connection) => (connection === 0 ? { up: { truncateAfter: 0 } } : {}) });
    const [broken, whole] = [await connect(), await connect()];
    broken.client.socket.write('a');
    whole.client.socket.write('b');
    await soon(() => expect([broken.server.ending(), whole.server.heard()]).toEqual(['end', 'b']));
    expect(broken.server.heard()).toBe('');
  });

  it('refuses new connections and keeps the open ones', async () => {
    const { connect, connectAlone, proxy } = await start();
    const { client, server } = await connect();
    proxy.set({ refuse: true });
    const refused = connectAlone();
    await soon(() => expectReset(refused));
    client.socket.write('still here');
    await soon(() => expect(server.heard()).toBe('still here'));
  });

  it('names a fault that cannot be', async () => {
    const { proxy } = await start();
    expect(() => proxy.set({ down: { latencyMs: -1 } })).toThrow('down.latencyMs: expected a number of at least 0, got -1');
    const target = { host: '127.0.0.1', port: 1 };
    await expect(ChaosProxy.listen({ target, seed: 1, faults: { up: { flip: { rate: Number.NaN } } } })).rejects.toThrow('up.flip');
  });
});

describe('ChaosProxy.partition', () => {
  it('silences both ways and new connections, and lets everything go on after it heals', async () => {
    const { connect, connectAlone, proxy } = await start();
    const { client, server } = await connect();
    client.socket.write('before');
    await soon(() => expect(server.heard()).toBe('before'));
    proxy.partition();
    client.socket.write(' during');
    server.socket.write('during');
    const late = connectAlone();
    late.socket.write('late');
    await soon(() => expect(proxy.connections.length).toBe(2));
    expect([client.heard(), server.heard()]).toEqual(['', 'before']);
    proxy.heal();
    await soon(() => expect([client.heard(), server.heard()]).toEqual(['during', 'before during']));
    await soon(() => expect(proxy.connections[1].up.bytes).toBe(4));
    expect([client.ending(), late.ending()]).toEqual([undefined, undefined]);
  });
});

describe('ChaosProxy.cut', () => {
  it('resets every open connection, and new ones work', async () => {
    const { connect, proxy } = await start();
    const first = await connect();
    proxy.cut();
    await soon(() => expectReset(first.client, first.server));
    const second = await connect();
    second.client.socket.write('again');
    await soon(() => expect(second.server.heard()).toBe('again'));
  });
});
