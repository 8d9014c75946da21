import { WireError } from '@geodesic/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { VectorStock } from '../src/vector-stock.ts';

/** Vectors of a coordinator that sometimes breaks, and the thread that gets them. */
class Stage {
  readonly objects = new Map<string, Float32Array>();
  readonly history: string[] = [];
  readonly closing = new AbortController();
  broken = 0;
  readonly stock: VectorStock = new VectorStock({
    exchange: { fetch: (digest) => this.#fetch(digest) },
    thread: {
      hold: (digest, vector) => this.history.push(`hold ${digest} [${[...vector].join()}]`),
      release: (digest) => this.history.push(`release ${digest}`),
    },
    signal: this.closing.signal,
    spareElements: 2,
    retryDelay: () => 0,
  });

  async #fetch(digest: string): Promise<Uint8Array<ArrayBuffer>> {
    this.history.push(`fetch ${digest}`);
    await Promise.resolve();
    if (this.broken-- > 0) throw new WireError('UNREACHABLE', 'fetch: cut');
    const found = this.objects.get(digest);
    if (!found) throw new WireError('NOT_FOUND', `fetch: got ${digest}`);
    return new Uint8Array(found.slice().buffer);
  }
}

let stage: Stage;
const wanted = (...digests: string[]): ReadonlyMap<string, number> => new Map(digests.map((digest) => [digest, 1]));

beforeEach(() => {
  stage = new Stage();
  for (const [i, digest] of ['a', 'b', 'c', 'd', 'e'].entries()) stage.objects.set(digest, Float32Array.of(i + 1));
});

describe('VectorStock', () => {
  it('fetches what is lacking, once, and hands it to the thread', async () => {
    await Promise.all([stage.stock.provide('round', wanted('a', 'b')), stage.stock.provide('update', wanted('a'))]);
    expect(stage.history).toEqual(['fetch a', 'fetch b', 'hold a [1]', 'hold b [2]']);
    await stage.stock.provide('round', wanted('b'));
    expect(stage.history).toHaveLength(4);
  });

  it('has the thread give up what has not been used for long, and fetches it again when it is wanted', async () => {
    await stage.stock.provide('update', wanted('a'));
    for (const digest of ['b', 'c', 'd', 'e']) await stage.stock.provide('round', wanted(digest));
    expect(stage.history.filter((line) => line.startsWith('release'))).toEqual(['release b']);
    await stage.stock.provide('round', wanted('b'));
    expect(stage.history.filter((line) => line === 'fetch b')).toHaveLength(2);
  });

  it('repeats a broken transfer a few times', async () => {
    stage.broken = 2;
    await stage.stock.provide('round', wanted('a'));
    expect(stage.history).toEqual(['fetch a', 'fetch a', 'fetch a', 'hold a [1]']);
    stage.broken = 100;
    await expect(stage.stock.provide('round', wanted('b'))).rejects.toMatchObject({ code: 'UNREACHABLE' });
    stage.broken = 0;
    await stage.stock.provide('round', wanted('b'));
  });

  it('does not look again for what is gone, nor takes another length', async () => {
    await expect(stage.stock.provide('round', wanted('gone'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(stage.history).toEqual(['fetch gone']);
    stage.objects.set('long', Float32Array.of(1, 2));
    await expect(stage.stock.provide('round', wanted('long'))).rejects.toThrow('fetch: expected 4 bytes, got 8');
    expect(stage.history.some((line) => line.startsWith('hold'))).toBe(false);
  });

  it('stops waiting when the run is left', async () => {
    stage.broken = 100;
    stage.closing.abort();
    await expect(stage.stock.provide('round', wanted('a'))).rejects.toThrow('fetch: cut');
    expect(stage.history).toEqual(['fetch a']);
  });
});
