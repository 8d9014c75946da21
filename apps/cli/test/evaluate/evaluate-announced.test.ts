/** In which order checkpoints are evaluated, which are left out, and when it ends. */
import { describe, expect, it } from 'vitest';
import { CheckpointError, type Checkpoint } from '@geodesic/checkpoint';
import { EventsError } from '@geodesic/events';
import { CliError } from '../../src/errors.ts';
import type { Announcement } from '../../src/evaluate/checkpoint-access.ts';
import { evaluateAnnounced, type EvaluateOptions, type Skipped } from '../../src/evaluate/evaluate-announced.ts';
import { identityOf, type EvaluationResult } from '../../src/evaluate/evaluation-result.ts';

const digestOf = (step: number): string => `sha256:${step}`;

function resultOf(step: number): EvaluationResult {
  return { step, split: 'test', loss: step, columns: {}, examples: 1, paramsDigest: digestOf(step), fingerprint: '' };
}

function checkpoint(step: number): Checkpoint {
  return { manifest: { schemaVersion: 2, files: {}, facts: { step } }, files: new Map() };
}

function invalid(step: number): CheckpointError {
  return new CheckpointError('invalid', { source: `step ${step}`, expected: 'a checkpoint', got: 'a damaged one', hint: 'use another' });
}

/** A source that is fed by the test. */
class Feed {
  readonly #waiting: (Announcement | Error)[] = [];
  #isOver = false;
  #wake: () => void = () => undefined;

  tell(...told: (number | Announcement | Error)[]): void {
    this.#waiting.push(...told.map((item) => (typeof item === 'number' ? { step: item } : item)));
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Announcement, void> {
    for (;;) {
      for (let item = this.#waiting.shift(); item !== undefined; item = this.#waiting.shift()) {
        if (item instanceof Error) throw item;
        yield item;
      }
      if (this.#isOver) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}

interface Seen {
  readonly evaluated: number[];
  readonly skipped: Skipped[];
}

function evaluate(feed: AsyncIterable<Announcement>, more: Partial<EvaluateOptions> = {}): { seen: Seen; ended: Promise<void> } {
  const seen: Seen = { evaluated: [], skipped: [] };
  const ended = evaluateAnnounced({
    announcements: feed,
    access: { read: async ({ step }) => checkpoint(step) },
    evaluator: { split: 'test', evaluate: async ({ manifest }) => resultOf(manifest.facts['step'] as number) },
    onResult: ({ step }) => void seen.evaluated.push(step),
    onSkipped: (skipped) => void seen.skipped.push(skipped),
    signal: new AbortController().signal,
    ...more,
  });
  return { seen, ended };
}

describe('evaluateAnnounced', () => {
  it('evaluates in the order in which checkpoints were told, each once, however slow it is', async () => {
    const feed = new Feed();
    const { seen, ended } = evaluate(feed, { onResult: async ({ step }) => void (await Promise.resolve(), seen.evaluated.push(step)) });
    feed.tell(2, 4, 2, 6);
    await expect.poll(() => seen.evaluated).toEqual([2, 4, 6]);
    feed.tell(6, { step: 6, manifest: 'sha256:other' });
    feed.end();
    await ended;
    expect(seen).toEqual({ evaluated: [2, 4, 6, 6], skipped: [] });
  });

  it('with --latest evaluates the newest of those that wait, and says which it left out', async () => {
    const feed = new Feed();
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const { seen, ended } = evaluate(feed, {
      latest: true,
      onResult: async ({ step }) => {
        seen.evaluated.push(step);
        if (step === 2) await held;
      },
    });
    feed.tell(2);
    await expect.poll(() => seen.evaluated).toEqual([2]);
    feed.tell(4, 6, 8);
    feed.end();
    await new Promise((later) => setImmediate(later)); // the source has been read to its end
    release();
    await ended;
    expect(seen.evaluated).toEqual([2, 8]);
    expect(seen.skipped).toEqual([
      { step: 4, why: 'newer', reason: 'step 8 is there' },
      { step: 6, why: 'newer', reason: 'step 8 is there' },
    ]);
  });

  it('leaves out what is gone, damaged, refused or told already, and goes on', async () => {
    const failures: Readonly<Record<number, Error>> = {
      2: new CheckpointError('missing', { source: 'step 2', expected: 'one', got: 'none', hint: '' }),
      4: invalid(4),
      6: new EventsError('MISSING', { what: 'object', expected: 'one', got: 'none', hint: '' }),
      8: new EventsError('CORRUPT', { what: 'object', expected: 'one', got: 'another', hint: '' }),
      10: new CliError({ code: 'CHECKPOINT_UNFIT', message: 'of another run', hint: '', exitCode: 1 }),
    };
    const feed = new Feed();
    const read = async ({ step }: Announcement): Promise<Checkpoint> => {
      if (failures[step]) throw failures[step];
      return checkpoint(step);
    };
    const paramsDigest = async ({ step }: Announcement): Promise<string | undefined> => (step === 14 ? undefined : digestOf(step));
    const told = new Set([12, 14].map((step) => identityOf(resultOf(step))));
    const { seen, ended } = evaluate(feed, { access: { read, paramsDigest }, told });
    feed.tell(2, 4, 6, 8, 10, 12, 14, 16);
    feed.end();
    await ended;
    expect(seen.evaluated).toEqual([16]);
    expect(seen.skipped.map(({ step, why }) => `${step} ${why}`)).toEqual([
      '2 gone',
      '4 damaged',
      '6 gone',
      '8 damaged',
      '10 refused',
      '12 told',
      '14 told',
    ]);
  });

  it('ends with an error of the source after what came before it, and with any other error at once', async () => {
    const feed = new Feed();
    const { seen, ended } = evaluate(feed);
    feed.tell(2, new Error('the stream is gone'));
    await expect(ended).rejects.toThrow('the stream is gone');
    expect(seen.evaluated).toEqual([2]);
    const other = new Feed();
    other.tell(2);
    const read = (): Promise<never> => Promise.reject(new Error('no memory'));
    await expect(evaluate(other, { access: { read } }).ended).rejects.toThrow('no memory');
  });

  it('ends after the checkpoint at hand when it is told to', async () => {
    const feed = new Feed();
    const ending = new AbortController();
    const onResult = ({ step }: EvaluationResult): void => {
      seen.evaluated.push(step);
      ending.abort();
    };
    const { seen, ended } = evaluate(feed, { signal: ending.signal, onResult });
    feed.tell(2, 4);
    await ended;
    expect(seen.evaluated).toEqual([2]);
  });
});
