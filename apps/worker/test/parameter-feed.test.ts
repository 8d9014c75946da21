import type { Position } from '@geodesic/cluster';
import { createLogger } from '@geodesic/telemetry';
import { WireError } from '@geodesic/wire';
import type { FollowOptions, ParameterFrame } from '@geodesic/wire';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HeldParameters } from '../src/held-parameters.ts';
import { ParameterFeed } from '../src/parameter-feed.ts';

const snapshot = (version: number): ParameterFrame => {
  const empty = new Float32Array(0);
  return { type: 'snapshot', version, chain: `c${version}`, parameters: empty, state: empty, previous: empty };
};

type Stream = (options: FollowOptions) => AsyncGenerator<ParameterFrame, void, undefined>;

/** Ends with its signal, or never. */
const silence = (signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => signal?.addEventListener('abort', () => resolve()));

const feeds: ParameterFeed[] = [];

afterEach(() => {
  vi.useRealTimers();
  for (const feed of feeds.splice(0)) feed.stop();
});

/** A feed of these streams, in turn. */
function feedOf(streams: Stream[], load: () => Promise<string> = async () => 'sum') {
  const froms: (number | undefined)[] = [];
  const positions: number[] = [];
  const traffic = { bytesUp: 0, bytesDown: 0 };
  const held = new HeldParameters({ load, apply: async () => 'sum' });
  const feed = new ParameterFeed({
    exchange: {
      traffic,
      follow: (options) => {
        froms.push(options.from?.version);
        return streams.shift()!(options);
      },
    },
    held,
    vectors: { provide: async () => undefined },
    run: 'r',
    incarnation: 'i',
    logger: createLogger({ component: 'worker', write: () => undefined }),
    stallMs: 1000,
    onPosition: ({ version }: Position) => positions.push(version),
  });
  feeds.push(feed);
  return { feed, froms, positions, traffic };
}

/** One snapshot, then nothing. */
const steady = (version: number): Stream =>
  async function* ({ signal }) {
    yield snapshot(version);
    await silence(signal);
  };

const quiet: Stream = async function* ({ signal }) {
  yield* [];
  await silence(signal);
};

const broken: Stream = async function* () {
  yield snapshot(4);
  throw new WireError('UNREACHABLE', 'cut');
};

const contradictory: Stream = async function* () {
  yield snapshot(4);
  throw new WireError('CORRUPT', 'not what was held');
};

describe('ParameterFeed', () => {
  it('follows a broken stream again, from what is held', async () => {
    const { froms, positions, feed } = feedOf([broken, quiet]);
    feed.start();
    await expect.poll(() => froms).toEqual([undefined, 4]);
    expect(positions).toEqual([4, 4]);
  });

  it('asks for a snapshot after a stream that contradicts what is held, and wherever one is wanted', async () => {
    const { froms, feed } = feedOf([contradictory, steady(5), quiet]);
    feed.start();
    await expect.poll(() => froms).toEqual([undefined, undefined]);
    feed.refresh();
    await expect.poll(() => froms).toEqual([undefined, undefined, undefined]);
  });

  it('asks again for a snapshot that it has not got, also after a new start', async () => {
    const { froms, feed } = feedOf([steady(1), quiet, quiet]);
    feed.start();
    await expect.poll(() => froms).toEqual([undefined]);
    feed.refresh();
    await expect.poll(() => froms.length).toBe(2);
    feed.stop();
    feed.start();
    await expect.poll(() => froms).toEqual([undefined, undefined, undefined]);
  });

  it('knows what a thread holds that was still taking a frame of the stream before', async () => {
    const parts: { loaded?: (checksum: string) => void } = {};
    const { froms, positions, feed } = feedOf([steady(7), quiet], () => new Promise((resolve) => (parts.loaded = resolve)));
    feed.start();
    await expect.poll(() => parts.loaded).toBeDefined();
    feed.stop();
    feed.start();
    expect(froms).toEqual([undefined]);
    parts.loaded?.('sum');
    await expect.poll(() => froms).toEqual([undefined, 7]);
    expect(positions).toEqual([7]);
  });

  it('gives up a stream on which nothing comes while work waits for parameters, and leaves one alone that moves', async () => {
    vi.useFakeTimers();
    const { froms, feed, traffic } = feedOf([steady(1), quiet]);
    feed.start();
    await vi.advanceTimersByTimeAsync(5000);
    feed.expect(2);
    traffic.bytesDown += 100;
    await vi.advanceTimersByTimeAsync(1000);
    expect(froms).toEqual([undefined]);
    await vi.advanceTimersByTimeAsync(1000);
    expect(froms).toEqual([undefined, 1]);
  });
});
