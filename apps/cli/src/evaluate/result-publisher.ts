/**
 * Results on their way into the stream of a run's events: each is published until it is stored, however often NATS goes away meanwhile. An
 * answer that was lost may have been about a result that is stored, so before it is published again it is looked for.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { evaluatorEvent, EventsError, type EventBus, type GeodesicEvent } from '@geodesic/events';
import { dataOf, type EvaluationResult } from './evaluation-result.ts';

/** Options of {@link ResultPublisher}. */
export interface ResultPublisherOptions {
  readonly run: string;
  readonly cluster: string;
  readonly bus: EventBus;
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** Told of the first failure of several. */
  readonly onNotice: (text: string) => void;
}

const SHORTEST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;

/** Publishes results of one run. */
export class ResultPublisher {
  readonly #options: ResultPublisherOptions;

  constructor(options: ResultPublisherOptions) {
    this.#options = options;
  }

  /** Resolves when the result is stored. @throws {EventsError} what time does not heal, and the signal's reason */
  async publish(result: EvaluationResult): Promise<void> {
    const { bus, signal, onNotice } = this.#options;
    const event = resultEvent(result, this.#options);
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      try {
        if (attempt > 0 && (await this.#isStored(event))) return;
        await bus.publish(event);
        return;
      } catch (error) {
        if (!(error instanceof EventsError) || error.code !== 'UNREACHABLE') throw error;
        if (attempt === 0) onNotice(`the result of step ${result.step} waits for NATS: ${error.message}`);
      }
      await delay(Math.min(LONGEST_WAIT_MS, SHORTEST_WAIT_MS * 2 ** attempt), undefined, { signal });
    }
  }

  async #isStored({ id }: GeodesicEvent): Promise<boolean> {
    const { bus, run, signal } = this.#options;
    for await (const { event } of bus.follow({ run, type: 'evaluator.result', untilNow: true, signal })) if (event.id === id) return true;
    return false;
  }
}

/** A result as the event that tells it: its id is a function of what was evaluated. */
export function resultEvent(result: EvaluationResult, { run, cluster }: { readonly run: string; readonly cluster: string }): GeodesicEvent {
  const { step, split, examples, paramsDigest } = result;
  const at = new Date().toISOString();
  const event = evaluatorEvent({ cluster, run, step, split, loss: result.loss ?? NaN, examples, paramsDigest, at });
  return { ...event, data: dataOf(result) };
}
