import { encodeRecord, LOG_START } from '@geodesic/cluster';
import type { LogEntry, LogPosition } from '@geodesic/cluster';
import type { LogMirrorReader, StoredRecord } from '@geodesic/events';
import { RunStoreError } from '@geodesic/run-store';
import { silentLogger } from '@geodesic/telemetry';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Standby } from '../../src/leadership/standby.ts';

const base = { specDigest: 's', bundleDigest: 'b', chain: 'c', checksum: 'x', seed: 1, engine: 'e' };
const run = (name: string): LogEntry => ({ type: 'run', run: name, ...base });
const step = (at: number): LogEntry => ({ type: 'step', step: at, attempt: 0, phase: 'grad', version: at, chain: 'c', checksum: 'x', inputDigest: 'd', examples: 1 }); // prettier-ignore
const term = (leader: string): LogEntry => ({ type: 'term', leader, step: 0 });
const finished: LogEntry = { type: 'finished', state: 'completed', step: 1, version: 1, chain: 'c', paramsDigest: 'p' };

/** The copies of all logs in one process. */
class MemoryMirror implements LogMirrorReader {
  readonly #records: StoredRecord[] = [];
  readonly #next = new Map<string, LogPosition>();
  readonly #waiting = new Set<() => void>();

  add(name: string, ...entries: LogEntry[]): void {
    for (const entry of entries) {
      const at = this.#next.get(name) ?? LOG_START;
      const { bytes, hash, next } = encodeRecord(entry, { ...at, term: 1 });
      this.#next.set(name, next);
      this.#records.push({ run: name, position: this.#records.length + 1, ...at, hash, term: 1, bytes });
    }
    for (const wake of this.#waiting) wake();
  }

  async *follow({ after = 0, untilNow = false, signal }: Parameters<LogMirrorReader['follow']>[0]): AsyncGenerator<StoredRecord> {
    for (let next = after; ; next++) {
      if (!untilNow) await this.#until(() => next < this.#records.length || signal.aborted, signal);
      if (signal.aborted || next >= this.#records.length) return;
      yield this.#records[next];
    }
  }

  async #until(condition: () => boolean, signal: AbortSignal): Promise<void> {
    while (!condition())
      await new Promise<void>((wake) => {
        this.#waiting.add(wake);
        signal.addEventListener('abort', () => wake(), { once: true });
      });
  }
}

describe('Standby', () => {
  let mirror: MemoryMirror;
  let standby: Standby;
  let following: AbortController;
  /** What was mirrored: `run:sequence`, `open`, `complete` and `close`. */
  const kept: string[] = [];
  let refused: number | undefined;
  const onFinished = vi.fn<() => void>();

  beforeEach(() => {
    mirror = new MemoryMirror();
    kept.length = 0;
    refused = undefined;
    onFinished.mockClear();
    following = new AbortController();
    standby = new Standby({
      mirror,
      openRun: async ({ run: name }) => {
        kept.push(`${name}:open`);
        return {
          take: async ({ sequence }) => {
            if (sequence === refused) throw new RunStoreError('RUN_DAMAGED', { what: name, expected: '', got: '', hint: '' });
            kept.push(`${name}:${sequence}`);
          },
          ends: (last) => void kept.push(`${name}:ends ${last}`),
          complete: async () => void kept.push(`${name}:complete`),
          close: async () => void kept.push(`${name}:close`),
        };
      },
      onFinished,
      logger: silentLogger(),
    });
  });

  it('mirrors the newest run that is not over from its beginning, and what comes', async () => {
    mirror.add('a', run('a'), step(1), finished);
    mirror.add('b', run('b'), step(1));
    const over = standby.follow(following.signal);
    await vi.waitFor(() => expect(kept).toEqual(['b:open', 'b:0', 'b:1']));
    mirror.add('b', step(2));
    await vi.waitFor(() => expect(kept.at(-1)).toBe('b:2'));
    following.abort();
    await over;
    mirror.add('b', step(3));
    expect(await standby.complete(new AbortController().signal)).toBe('b');
    expect(kept.slice(4)).toEqual(['b:3', 'b:complete']);
    expect(onFinished).not.toHaveBeenCalled();
  });

  it('goes over to a new run, and to an old one that is taken up again', async () => {
    const over = standby.follow(following.signal);
    mirror.add('a', run('a'), step(1));
    await vi.waitFor(() => expect(kept).toEqual(['a:open', 'a:0', 'a:1']));
    mirror.add('b', run('b'));
    await vi.waitFor(() => expect(kept.slice(3)).toEqual(['a:close', 'b:open', 'b:0']));
    mirror.add('a', step(2), term('other'));
    await vi.waitFor(() => expect(kept.slice(6)).toEqual(['b:close', 'a:open', 'a:0', 'a:1', 'a:2', 'a:3']));
    following.abort();
    await over;
  });

  it('leaves a run alone whose folder here is another one’s, and mirrors the next', async () => {
    const over = standby.follow(following.signal);
    refused = 1;
    mirror.add('a', run('a'), step(1), step(2));
    await vi.waitFor(() => expect(kept).toEqual(['a:open', 'a:0', 'a:close']));
    await expect(standby.complete(new AbortController().signal)).rejects.toMatchObject({ code: 'RUN_DAMAGED' });
    mirror.add('b', run('b'));
    await vi.waitFor(() => expect(kept.slice(3)).toEqual(['b:open', 'b:0']));
    following.abort();
    await over;
  });

  it('begins anew where it was ended in the middle of a run’s records', async () => {
    mirror.add('a', run('a'), step(1));
    following.abort();
    await standby.follow(following.signal);
    expect(await standby.complete(new AbortController().signal)).toBe('a');
    expect(kept).toEqual(['a:open', 'a:0', 'a:1', 'a:complete']);
  });

  it('says when the run that it mirrors is over, and has nothing to take up then', async () => {
    const over = standby.follow(following.signal);
    mirror.add('a', run('a'), finished);
    await vi.waitFor(() => expect(onFinished).toHaveBeenCalledTimes(1));
    expect(kept).toContain(`a:ends ${finished.step}`);
    following.abort();
    await over;
    expect(await standby.complete(new AbortController().signal)).toBeUndefined();
  });

  it('notices the end of the run also when it comes with the lease', async () => {
    const over = standby.follow(following.signal);
    mirror.add('a', run('a'));
    await vi.waitFor(() => expect(kept).toEqual(['a:open', 'a:0']));
    following.abort();
    await over;
    mirror.add('a', finished);
    expect(await standby.complete(new AbortController().signal)).toBeUndefined();
    expect(onFinished).toHaveBeenCalledTimes(1);
  });
});
