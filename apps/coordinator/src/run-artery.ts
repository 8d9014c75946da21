/**
 * One run's artery: its events from events.ndjson to NATS, its checkpoints after them, and in a cluster with a standby the copy of its log.
 * All of it works behind the run. The file, the folder and the log stay what is true; NATS has what it has of them, and the rest later.
 */
import { contentDigest } from '@geodesic/checkpoint';
import { setTimeout as delay } from 'node:timers/promises';
import { EventPublisher } from '@geodesic/events';
import type { EventBus, ObjectChannel } from '@geodesic/events';
import type { ReplicaQueue } from '@geodesic/run-store';
import type { Logger } from '@geodesic/telemetry';
import { WireError } from '@geodesic/wire';
import type { ArteryRun, ArteryStatus, RunArtery } from './artery.ts';
import { CheckpointBroadcast } from './checkpoint-broadcast.ts';
import type { AvailableCheckpoint, BroadcastFiles } from './checkpoint-broadcast.ts';
import { removeEventsMarker, writeEventsMarker } from './events-marker.ts';
import { isPassing, unlessAborted } from './nats-line.ts';
import type { NatsLine } from './nats-line.ts';
import type { RunEvents } from './run-events.ts';

/** Time in which NATS has to take what a standby begins with, ms. */
const SECURE_MS = 10_000;
/** Pause before a checkpoint is broadcast again, ms: when NATS is there by then, and when a person has to mend something. */
const RETRY_MS = { passing: 200, mendedByPeople: 30_000 };

/** What of the connection a run needs. */
export type ArteryLine = Pick<NatsLine, 'isConnected' | 'reconnects' | 'onChange' | 'mend'>;

/** Options of {@link NatsRunArtery}. */
export interface RunArteryOptions extends ArteryRun {
  readonly cluster: string;
  readonly line: ArteryLine;
  readonly bus: EventBus;
  /** The objects of the run, as soon as NATS is there. */
  readonly channel: (signal: AbortSignal) => Promise<ObjectChannel>;
  readonly broadcast: BroadcastFiles | 'none';
  /** The copy of the log; a run without one has no standby. */
  readonly replica?: ReplicaQueue;
  readonly logger: Logger;
}

/** The artery of one run. */
export class NatsRunArtery implements RunArtery {
  readonly #options: RunArteryOptions;
  readonly #broadcast: CheckpointBroadcast | undefined;
  readonly #closed = new AbortController();
  readonly #endListening: () => void;
  /** Aborts when a checkpoint cannot be broadcast before a person has mended something. */
  #hindered = new AbortController();
  #publisher: EventPublisher | undefined;
  #events: RunEvents | undefined;
  /** The writing of the marker; never rejects. */
  #marking: Promise<void> | undefined;
  /** A checkpoint that came before the events were open. */
  #first: number | undefined;

  constructor(options: RunArteryOptions) {
    this.#options = options;
    const { broadcast, store, channel, line, folder, logger } = options;
    if (broadcast !== 'none')
      this.#broadcast = new CheckpointBroadcast({
        store,
        files: broadcast,
        channel,
        onAvailable: (checkpoint) => {
          this.#hindered = new AbortController();
          this.#tell(checkpoint);
        },
        onTrouble: (step, error) => {
          if (isPassing(error)) return;
          logger.warn('a checkpoint could not be broadcast', { run: folder.runId, step, error });
          this.#hindered.abort();
        },
        retryMs: (error) => (isPassing(error) ? RETRY_MS.passing : RETRY_MS.mendedByPeople),
      });
    this.#endListening = line.onChange((isConnected) => this.#changed(isConnected));
  }

  get replica(): ReplicaQueue | undefined {
    return this.#options.replica;
  }

  get status(): ArteryStatus {
    const { isConnected, reconnects } = this.#options.line;
    const { published = 0, retries = 0, oversized = 0, behind = 0, lastSequence = 0 } = this.#publisher?.status ?? {};
    const { checkpoints = 0, checkpointsSkipped = 0 } = this.#broadcast?.status ?? {};
    const behindBytes = behind > 0 ? (this.#events?.bytesAfter(lastSequence) ?? 0) : 0;
    return { connected: isConnected, reconnects, behind, behindBytes, published, retries, oversized, checkpoints, checkpointsSkipped };
  }

  async secure(step: number): Promise<void> {
    if (this.replica === undefined) return;
    const signal = AbortSignal.timeout(SECURE_MS);
    try {
      await unlessAborted(this.#secure(step, signal), signal);
    } catch (cause) {
      const got = signal.aborted ? `nothing in ${SECURE_MS / 1000} s` : cause instanceof Error ? cause.message : String(cause);
      const message = `submit: expected NATS to take what a standby begins with, got ${got}`;
      throw new WireError('REFUSED', message, 'see that NATS can be reached, or start the coordinator without --ha', { cause });
    }
  }

  begin(events: RunEvents): void {
    const { folder, cluster, bus, logger } = this.#options;
    const run = folder.runId;
    this.#events = events;
    this.#marking = this.#mark(() => writeEventsMarker(folder, { cluster, stored: 0 }));
    this.#publisher = new EventPublisher({
      run,
      cluster,
      bus,
      watch: (from, signal) => events.follow(from, signal),
      end: () => events.length,
      onTrouble: (error) => {
        if (error === undefined || isPassing(error)) return;
        logger.warn('events do not get to NATS; they wait in events.ndjson', { run, error });
        void this.#mend();
      },
    });
    this.#publisher.start();
    void this.#beginBroadcast().catch((error: unknown) => logger.warn('the checkpoints are not broadcast yet', { run, error }));
  }

  written(step: number): void {
    if (this.#events) this.#broadcast?.offer(step);
    else this.#first = step;
  }

  async settled(graceMs: number): Promise<void> {
    const last = (await this.#options.store.list()).at(-1);
    if (last !== undefined) this.#broadcast?.complete(last);
    await this.#whileConnected(this.#broadcast?.idle(), graceMs);
  }

  async close(graceMs: number): Promise<void> {
    this.#hindered = new AbortController(); // events may get through all the same
    if (graceMs > 0) await this.#whileConnected(Promise.all([this.#publisher?.drained(graceMs), this.replica?.flush(graceMs)]), graceMs);
    this.#closed.abort();
    this.#endListening();
    this.#broadcast?.close();
    this.replica?.close();
    await this.#publisher?.close();
    await this.#judgeEvents();
  }

  /** Whether NATS has all events of the run, and its folder says so. */
  async #judgeEvents(): Promise<void> {
    const { folder, cluster, logger } = this.#options;
    if (this.#publisher === undefined || this.#events === undefined) return;
    const { behind, lastSequence: stored } = this.#publisher.status;
    if (behind > 0) logger.warn('events did not get to NATS; they are in events.ndjson', { run: folder.runId, events: behind });
    await this.#marking;
    // A run that others go on with has no end here: the marker is theirs by now, where they share the folder.
    if (this.#events.last('run.finished')?.sequence !== this.#events.length) return;
    await this.#mark(() => (behind > 0 ? writeEventsMarker(folder, { cluster, stored }) : removeEventsMarker(folder)));
  }

  async #mark(work: () => Promise<void>): Promise<void> {
    const { folder, logger } = this.#options;
    await work().catch((error: unknown) => logger.warn('events.behind is not what it should be', { run: folder.runId, error }));
  }

  async #mend(): Promise<void> {
    await this.#options.line.mend();
    this.#publisher?.resync();
  }

  async #secure(step: number, signal: AbortSignal): Promise<void> {
    const channel = await this.#options.channel(signal);
    await this.#putBundle(channel, signal);
    const sent = await this.#broadcast?.send(step, channel, signal);
    if (sent === undefined) throw new Error(`the checkpoint after step ${step} has gone`);
  }

  async #putBundle(channel: ObjectChannel, signal: AbortSignal): Promise<void> {
    const { bundle: bytes } = this.#options;
    const digest = contentDigest(bytes);
    if ((await channel.stored()).has(digest)) return;
    await channel.put(only({ digest, bytes }), signal);
  }

  /** What an earlier coordinator may have left undone comes first. */
  async #beginBroadcast(): Promise<void> {
    const { store, channel } = this.#options;
    const undone = this.#first === undefined ? notTold(await store.list(), this.#events) : [this.#first];
    if (!this.#closed.signal.aborted) for (const step of undone) this.#broadcast?.offer(step);
    // A standby begins with it, and whoever evaluates the checkpoints needs it when the run is over, too.
    if (this.#broadcast) await this.#putBundle(await channel(this.#closed.signal), this.#closed.signal);
  }

  /** Once for a checkpoint, also when its objects have been broadcast anew. */
  #tell(checkpoint: AvailableCheckpoint): void {
    const told = this.#events?.last('checkpoint.available')?.data;
    if (told?.['step'] === checkpoint.step && told['manifest'] === checkpoint.manifest) return;
    this.#events?.emit('checkpoint.available', { ...checkpoint });
  }

  #changed(isConnected: boolean): void {
    if (!isConnected) return;
    const { folder, logger } = this.#options;
    logger.info('what NATS has missed follows', { run: folder.runId, behind: this.status.behind });
    this.#publisher?.resync();
  }

  /** Waits for something that goes on while NATS is there. */
  async #whileConnected(work: Promise<unknown> | undefined, graceMs: number): Promise<void> {
    const { line } = this.#options;
    const { signal: hindered } = this.#hindered;
    if (work === undefined || !line.isConnected || hindered.aborted) return;
    const over = new AbortController();
    const grace = delay(graceMs, undefined, { signal: AbortSignal.any([over.signal, hindered]) }).catch(() => undefined);
    const endListening = line.onChange((isConnected) => {
      if (!isConnected) over.abort();
    });
    await Promise.race([work, grace]);
    over.abort();
    endListening();
  }
}

/** Checkpoints behind the last one that was told; the newest in any case: whoever comes late begins with it. */
function notTold(steps: readonly number[], events: RunEvents | undefined): readonly number[] {
  const told = events?.last('checkpoint.available')?.data['step'];
  const missed = typeof told === 'number' ? steps.filter((step) => step > told) : [];
  return missed.length > 0 ? missed : steps.slice(-1);
}

async function* only<T>(value: T): AsyncGenerator<T> {
  yield value;
}
