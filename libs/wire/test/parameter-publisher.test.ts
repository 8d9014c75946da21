import { describe, expect, it } from 'vitest';
import { ChunkAssembler, decodeChunk } from '../src/chunk.ts';
import type { ParameterFrame } from '../src/messages.ts';
import { decodeFrame } from '../src/parameter-frames.ts';
import { MAXIMUM_LAG, ParameterPublisher } from '../src/parameter-publisher.ts';

/** A model of two numbers whose version v holds [v, -v]. */
function publisher(isHeldBack = false): { advance: () => void; published: ParameterPublisher } {
  let version = 0;
  const value = (): Float32Array => Float32Array.of(version, -version);
  const published = new ParameterPublisher({
    isHeldBack,
    snapshot: () => ({ version, chain: `c${version}`, parameters: value(), state: new Float32Array(0), previous: value() }),
  });
  const advance = (): void => {
    const previousChain = `c${version}`;
    version++;
    published.publish({ version, previousChain, chain: `c${version}`, delta: Float32Array.of(1, -1), state: new Float32Array(0) });
  };
  return { advance, published };
}

/** A stream that takes chunks only while it is open. */
class GatedSink {
  readonly frames: ParameterFrame[] = [];
  readonly #assembler = new ChunkAssembler({ maximumBytes: 1000 });
  #drained = (): void => {};
  open = true;
  ended = false;

  write(bytes: Buffer): boolean {
    const payload = this.#assembler.push(decodeChunk(bytes));
    if (payload) this.frames.push(decodeFrame(payload));
    return this.open;
  }

  on(_event: 'drain', listener: () => void): void {
    this.#drained = listener;
  }

  end(): void {
    this.ended = true;
  }

  reopen(): void {
    this.open = true;
    this.#drained();
  }

  get history(): string[] {
    return this.frames.map((frame) => `${frame.type} ${frame.version}`);
  }
}

describe('ParameterPublisher', () => {
  it('sends nothing while it is held back, and then a snapshot to those alone who do not hold the present parameters', () => {
    const { advance, published } = publisher(true);
    const [stranger, returning, behind] = [new GatedSink(), new GatedSink(), new GatedSink()];
    published.attach(stranger);
    published.attach(returning, { from: { version: 3, chain: 'c3' } });
    published.attach(behind, { from: { version: 2, chain: 'c2' } });
    for (let i = 0; i < 3; i++) advance();
    expect([stranger.history, returning.history, behind.history]).toEqual([[], [], []]);
    published.release();
    advance();
    expect([stranger.history, returning.history, behind.history]).toEqual([
      ['snapshot 3', 'update 4'],
      ['update 4'],
      ['snapshot 3', 'update 4'],
    ]);
  });

  it('starts a follower with a snapshot and goes on with every update', () => {
    const { advance, published } = publisher();
    advance();
    const sink = new GatedSink();
    published.attach(sink);
    advance();
    advance();
    expect(sink.history).toEqual(['snapshot 1', 'update 2', 'update 3']);
  });

  it('goes on without a snapshot for one that holds the present version of the same chain, and for no other', () => {
    const { advance, published } = publisher();
    advance();
    const held = [{ version: 1, chain: 'c1' }, { version: 0, chain: 'c0' }, { version: 1, chain: 'other' }, undefined];
    const sinks = held.map((from) => {
      const sink = new GatedSink();
      published.attach(sink, from && { from });
      return sink;
    });
    advance();
    const afresh = ['snapshot 1', 'update 2'];
    expect(sinks.map((sink) => sink.history)).toEqual([['update 2'], afresh, afresh, afresh]);
  });

  it('gives one that went on and then lags a snapshot, too', () => {
    const { advance, published } = publisher();
    const sink = new GatedSink();
    published.attach(sink, { from: { version: 0, chain: 'c0' } });
    sink.open = false;
    for (let i = 0; i < MAXIMUM_LAG + 3; i++) advance();
    sink.reopen();
    expect(sink.history).toEqual(['update 1', `snapshot ${MAXIMUM_LAG + 3}`]);
  });

  it('keeps up to 8 updates for a slow reader', () => {
    const { advance, published } = publisher();
    const sink = new GatedSink();
    sink.open = false;
    published.attach(sink);
    for (let i = 0; i < MAXIMUM_LAG; i++) advance();
    sink.reopen();
    expect(sink.history).toEqual(['snapshot 0', ...Array.from({ length: MAXIMUM_LAG }, (_, i) => `update ${i + 1}`)]);
  });

  it('gives a reader that lags more one snapshot of the moment it reads on', () => {
    const { advance, published } = publisher();
    const sink = new GatedSink();
    sink.open = false;
    published.attach(sink);
    for (let i = 0; i < 100; i++) advance();
    sink.reopen();
    advance();
    expect(sink.history).toEqual(['snapshot 0', 'snapshot 100', 'update 101']);
    const [, second] = sink.frames;
    expect(second?.type === 'snapshot' && [...second.parameters, ...second.previous]).toEqual([100, -100, 100, -100]);
  });

  it('does not let a slow reader delay a fast one, and forgets one that has left', () => {
    const { advance, published } = publisher();
    const [slow, fast, gone] = [new GatedSink(), new GatedSink(), new GatedSink()];
    slow.open = false;
    for (const sink of [slow, fast]) published.attach(sink);
    published.attach(gone)();
    advance();
    published.close();
    expect([slow.history, fast.history, gone.history]).toEqual([['snapshot 0'], ['snapshot 0', 'update 1'], ['snapshot 0']]);
    expect([slow.ended, fast.ended, gone.ended]).toEqual([true, true, false]);
  });
});
