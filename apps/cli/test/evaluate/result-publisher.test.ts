/** Results on their way: published until they are stored, and stored once. */
import { describe, expect, it } from 'vitest';
import { EventsError, MemoryBus, type EventBus, type GeodesicEvent } from '@geodesic/events';
import type { EvaluationResult } from '../../src/evaluate/evaluation-result.ts';
import { ResultPublisher } from '../../src/evaluate/result-publisher.ts';

const result: EvaluationResult = {
  step: 4,
  split: 'test',
  loss: null,
  columns: { anchor: 0.5 },
  examples: 10,
  paramsDigest: `sha256:${'ab'.repeat(32)}`,
  fingerprint: 'sha256:00',
  note: 'loss is NaN',
};

function away(): EventsError {
  return new EventsError('UNREACHABLE', { what: 'publish', expected: 'an answer', got: 'none', hint: '' });
}

/** Answers as a server does that goes away: `stores` says whether what it does not answer was stored. */
function busThat(
  failures: number,
  { stores }: { readonly stores: boolean },
): { bus: EventBus; published: GeodesicEvent[]; kept: MemoryBus } {
  const kept = new MemoryBus();
  const published: GeodesicEvent[] = [];
  const bus: EventBus = {
    publish: async (event) => {
      published.push(event);
      const fails = published.length <= failures;
      if (!fails || stores) await kept.publish({ ...event, id: `${event.id}${fails ? '' : '/again'}` }); // as after the window of duplicates
      if (fails) throw away();
    },
    lastOf: (run) => kept.lastOf(run),
    runs: () => kept.runs(),
    follow: (options) => kept.follow(options),
  };
  return { bus, published, kept };
}

function publisher(bus: EventBus, { signal = new AbortController().signal }: { readonly signal?: AbortSignal } = {}) {
  const notices: string[] = [];
  return {
    publisher: new ResultPublisher({ run: 'r1', cluster: 'main', bus, signal, onNotice: (text) => void notices.push(text) }),
    notices,
  };
}

describe('ResultPublisher', () => {
  it('tells numbers, note and fingerprint under an id that names what was evaluated', async () => {
    const { bus, published } = busThat(0, { stores: true });
    await publisher(bus).publisher.publish(result);
    expect(published).toMatchObject([
      {
        id: `r1/evaluator/4/test/${'ab'.repeat(8)}`,
        source: '/clusters/main/runs/r1/evaluator',
        type: 'geodesic.evaluator.result',
        data: { step: 4, split: 'test', loss: null, anchor: 0.5, examples: 10, note: 'loss is NaN', fingerprint: 'sha256:00' },
      },
    ]);
  });

  it('tries again until it is stored, and says once that it waits', async () => {
    const { bus, published } = busThat(2, { stores: false });
    const { publisher: patient, notices } = publisher(bus);
    await patient.publish(result);
    expect(published).toHaveLength(3);
    expect(notices).toEqual([expect.stringContaining('step 4 waits for NATS')]);
  });

  it('looks whether it was stored before it publishes again', async () => {
    const { bus, published } = busThat(1, { stores: true });
    await publisher(bus).publisher.publish(result);
    expect(published).toHaveLength(1);
  });

  it('ends when it is told to, or when nothing will heal', async () => {
    const ending = new AbortController();
    const { bus } = busThat(Infinity, { stores: false });
    const waiting = publisher(bus, { signal: ending.signal }).publisher.publish(result);
    ending.abort(new Error('enough'));
    await expect(waiting).rejects.toBeInstanceOf(Error);
    const refusing = {
      ...bus,
      publish: () => Promise.reject(new EventsError('PERMISSION', { what: '', expected: '', got: '', hint: '' })),
    };
    await expect(publisher(refusing).publisher.publish(result)).rejects.toMatchObject({ code: 'PERMISSION' });
  });
});
