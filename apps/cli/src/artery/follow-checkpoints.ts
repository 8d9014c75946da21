/**
 * Which checkpoints are to be mirrored when: a run says that one was written, then, with NATS, that it is available; it may say that one was
 * removed. What cannot be had at the moment is tried again when another coordinator has taken the run up, and after the end.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { GeodesicEvent } from '@geodesic/events';
import { readNumber, readText } from '../view/event-fields.ts';
import { mayComeLater, type Announcement, type CheckpointMirror, type Mirrored } from './checkpoint-mirror.ts';
import { typeOf, type EventFeed } from './event-feed.ts';

/** Options of {@link followCheckpoints}. */
export interface FollowCheckpointsOptions {
  readonly feed: Pick<EventFeed, 'events'>;
  readonly mirror: Pick<CheckpointMirror, 'receive' | 'remove'>;
  /** Whether checkpoints are broadcast: one that was written is then waited for until it is available. */
  readonly isBroadcast: boolean;
  readonly only?: 'parameters';
  /** Whether what the run removes is removed from the mirror, too. */
  readonly prune: boolean;
  /** Whether to wait for checkpoints to come. */
  readonly follow: boolean;
  readonly onMirrored: (mirrored: Mirrored) => void;
  readonly onRemoved: (step: number) => void;
  readonly onNotice: (text: string) => void;
  readonly signal: AbortSignal;
}

/** Checkpoints that were written and may still be on their way through NATS: older ones were left out of the broadcast. */
const ON_THEIR_WAY = 2;
/** Before the newest one is tried a last time, ms: its broadcast may be ending. */
const AGAIN_MS = 1_000;

/**
 * Mirrors until the run is over, or until now.
 * @returns steps that were announced, not removed, and cannot be had, ascending
 * @throws {CliError} of the feed; {CheckpointError} `unwritable`
 */
export async function followCheckpoints(options: FollowCheckpointsOptions): Promise<readonly number[]> {
  const { feed, follow, signal } = options;
  const pending = new Pending(options);
  // What is gone by now is not chased after.
  for await (const event of feed.events({ follow: false, signal })) pending.expectRemoval(event);
  for await (const event of feed.events({ follow, signal })) await pending.take(event);
  return pending.finish();
}

/** What was announced and is not here. */
class Pending {
  readonly #options: FollowCheckpointsOptions;
  /** By step, as they were announced. */
  readonly #written = new Map<number, Announcement>();
  /** Steps that nobody had. An attempt takes seconds, so it is not repeated with every event. */
  readonly #failed = new Set<number>();
  /** Ids of removals that are in the past: of a step that may have been written again since. */
  readonly #removals = new Map<number, number>();

  constructor(options: FollowCheckpointsOptions) {
    this.#options = options;
  }

  expectRemoval(event: GeodesicEvent): void {
    if (typeOf(event) === 'checkpoint.removed') this.#removals.set(readNumber(event.data, 'step'), event.runsequence ?? 0);
  }

  async take(event: GeodesicEvent): Promise<void> {
    const { isBroadcast, prune, onRemoved, mirror } = this.#options;
    const step = readNumber(event.data, 'step');
    const isGone = (this.#removals.get(step) ?? 0) > (event.runsequence ?? 0);
    switch (typeOf(event)) {
      case 'checkpoint.written':
        if (isGone || readText(event.data, 'manifest') === '') return;
        this.#written.set(step, announcementOf(event));
        this.#failed.delete(step);
        return this.#receive(isBroadcast ? this.#untried().slice(0, -ON_THEIR_WAY) : this.#untried());
      case 'checkpoint.available':
        if (isGone) return;
        this.#written.set(step, announcementOf(event));
        this.#failed.delete(step);
        return this.#receive(this.#untried().filter((each) => each <= step));
      case 'run.resumed':
        return this.#receive([...this.#failed]); // somebody may have them again
      case 'checkpoint.removed':
        this.#written.delete(step);
        this.#failed.delete(step);
        if (prune && (await mirror.remove(step))) onRemoved(step);
        return undefined;
      default:
        return undefined;
    }
  }

  /** Tries the rest; the steps that cannot be had. */
  async finish(): Promise<readonly number[]> {
    const { signal, only, onNotice } = this.#options;
    await this.#receive(this.#untried());
    const newest = Math.max(...this.#written.keys());
    if (this.#written.size > 0) await delay(AGAIN_MS, undefined, { signal }).catch(() => undefined);
    await this.#receive([newest]);
    if (!this.#written.has(newest)) await this.#receive([...this.#written.keys()]); // somebody is still there
    // The rest of a checkpoint is served by the coordinator, which leaves at the end; its parameters were broadcast.
    if (only === undefined && !signal.aborted) await this.#receive([...this.#written.keys()], 'parameters');
    for (const step of this.#written.keys()) onNotice(`checkpoint of step ${step}: nobody has it any more`);
    return [...this.#written.keys()].toSorted((a, b) => a - b);
  }

  #untried(): readonly number[] {
    return [...this.#written.keys()].filter((step) => !this.#failed.has(step));
  }

  async #receive(steps: readonly number[], only: 'parameters' | undefined = this.#options.only): Promise<void> {
    const { mirror, onMirrored, onNotice, signal } = this.#options;
    for (const step of steps.toSorted((a, b) => a - b)) {
      const announcement = this.#written.get(step);
      if (announcement === undefined || signal.aborted) continue;
      try {
        const mirrored = await mirror.receive(announcement, { signal, ...(only !== undefined && { only }) });
        this.#written.delete(step);
        this.#failed.delete(step);
        if (mirrored !== undefined) onMirrored(mirrored);
      } catch (error) {
        if (signal.aborted) return;
        if (!mayComeLater(error)) throw error;
        this.#failed.add(step);
        if (process.env['GEO_DEBUG'] === '1') onNotice((error as Error).message);
      }
    }
  }
}

function announcementOf({ data }: GeodesicEvent): Announcement {
  const { first, last } = data;
  const range = typeof first === 'number' && typeof last === 'number' ? { range: { first, last } } : {};
  return { step: readNumber(data, 'step'), manifest: readText(data, 'manifest'), ...range };
}
