/**
 * What a coordinator does while another one leads: reads the copies of all logs as they are written, and mirrors the newest run that is not over.
 * Runs that are over when it looks for the first time are not brought here: nothing is to be done for them.
 */
import { decodeRecords } from '@geodesic/cluster';
import type { RunEntry } from '@geodesic/cluster';
import type { LogMirrorReader, StoredRecord } from '@geodesic/events';
import { RunStoreError } from '@geodesic/run-store';
import type { Logger } from '@geodesic/telemetry';
import type { MirroredRun } from './mirrored-run.ts';

/** Options of {@link Standby}. */
export interface StandbyOptions {
  readonly mirror: LogMirrorReader;
  /** Begins to mirror a run. */
  readonly openRun: (entry: RunEntry) => Promise<Pick<MirroredRun, 'take' | 'ends' | 'complete' | 'close'>>;
  /** Told when the newest run has ended that was mirrored. */
  readonly onFinished: () => void;
  readonly logger: Logger;
}

/** What is known of a run. */
interface KnownRun {
  readonly entry: RunEntry;
  /** The place of its record 0. */
  readonly first: number;
  isOver: boolean;
}

/** A coordinator's view of what the others do. One call at a time. */
export class Standby {
  readonly #options: StandbyOptions;
  readonly #known = new Map<string, KnownRun>();
  /** The run that was begun or taken up last. */
  #newest: string | undefined;
  /** Runs whose folder here does not go with the copy of their log. */
  readonly #refused = new Map<string, RunStoreError>();
  /** The last place that was read. */
  #position = 0;
  #mirrored: { readonly run: string; readonly keeper: Awaited<ReturnType<StandbyOptions['openRun']>> } | undefined;

  constructor(options: StandbyOptions) {
    this.#options = options;
  }

  /** The newest run that is not over; undefined when all are. */
  get unfinished(): string | undefined {
    return this.#newest === undefined || this.#known.get(this.#newest)?.isOver === true ? undefined : this.#newest;
  }

  /** Follows what is written until the signal aborts. @throws {EventsError} PERMISSION, STREAM; the system's error when the disk fails */
  async follow(signal: AbortSignal): Promise<void> {
    await this.#catchUp(signal);
    for await (const stored of this.#options.mirror.follow({ after: this.#position, signal })) {
      this.#note(stored);
      if (stored.run === this.#newest) await this.#take(stored, signal);
    }
  }

  /**
   * Reads to the end of what was written, and completes the newest run that is not over, so that it can be taken up.
   * @returns its name; undefined when there is none
   * @throws {RunStoreError} where its folder here refused it; what {@link follow} and {@link MirroredRun.complete} throw
   */
  async complete(signal: AbortSignal): Promise<string | undefined> {
    await this.#catchUp(signal);
    signal.throwIfAborted();
    const run = this.unfinished;
    const refusal = run === undefined ? undefined : this.#refused.get(run);
    if (refusal) throw refusal;
    if (run === undefined) await this.close();
    else await this.#mirrored?.keeper.complete(signal);
    return run;
  }

  /** Mirrors nothing any more. @throws {RunStoreError}, the system's error when what came last is not in the folder */
  async close(): Promise<void> {
    const mirrored = this.#mirrored;
    this.#mirrored = undefined;
    await mirrored?.keeper.close();
  }

  /** Begins anew, with the first record. Never rejects. */
  async reset(): Promise<void> {
    await this.close().catch(() => undefined);
    this.#known.clear();
    this.#refused.clear();
    this.#newest = undefined;
    this.#position = 0;
  }

  /** Reads what there is; begins with the newest run where nothing is mirrored yet. */
  async #catchUp(signal: AbortSignal): Promise<void> {
    for await (const stored of this.#options.mirror.follow({ after: this.#position, untilNow: true, signal })) {
      this.#note(stored);
      if (stored.run === this.#mirrored?.run) await this.#take(stored, signal);
    }
    const run = this.unfinished;
    if (run !== undefined && run !== this.#mirrored?.run && !signal.aborted) await this.#refusing(run, () => this.#begin(run, signal));
  }

  async #take(stored: StoredRecord, signal: AbortSignal): Promise<void> {
    const { run } = stored;
    if (this.#mirrored?.run === run) await this.#refusing(run, () => this.#mirrored?.keeper.take(stored));
    else await this.#refusing(run, () => this.#begin(run, signal));
  }

  /** Does what a run's folder may refuse: such a run is not mirrored any more, and the others are. */
  async #refusing(run: string, act: () => Promise<void> | undefined): Promise<void> {
    if (this.#refused.has(run)) return;
    try {
      await act();
    } catch (error) {
      if (!(error instanceof RunStoreError)) throw error;
      this.#options.logger.error('a run cannot be mirrored', { run, error });
      this.#refused.set(run, error);
      await this.close().catch(() => undefined);
    }
  }

  /** Mirrors a run from its first record to the last one that was read. */
  async #begin(run: string, signal: AbortSignal): Promise<void> {
    const { mirror, openRun, logger } = this.#options;
    const { entry, first } = this.#known.get(run)!;
    await this.close();
    logger.info('mirroring a run', { run });
    this.#mirrored = { run, keeper: await openRun(entry) };
    for await (const stored of mirror.follow({ after: first - 1, untilNow: true, signal })) {
      if (stored.position > this.#position) break;
      if (stored.run === run) await this.#mirrored.keeper.take(stored);
    }
    if (signal.aborted) await this.close(); // records may be missing: it begins anew
  }

  #note(stored: StoredRecord): void {
    const { run, bytes, sequence, previous, position } = stored;
    const { records, torn } = decodeRecords(bytes, { sequence, previous });
    const record = records.at(0);
    if (record === undefined) throw new Error(`copy of the log of ${run}: expected a record at ${position}, got ${torn}`);
    this.#position = position;
    const known = this.#known.get(run);
    if (record.type === 'run') this.#known.set(run, { entry: record, first: position, isOver: false });
    else if (known && record.type === 'finished') known.isOver = true;
    else if (known && record.type === 'term') known.isOver = false;
    if (this.#known.has(run) && (record.type === 'run' || record.type === 'term')) this.#newest = run;
    if (run !== this.#newest || run !== this.#mirrored?.run) return;
    if (record.type === 'term') this.#mirrored.keeper.ends(undefined);
    if (record.type !== 'finished') return;
    this.#mirrored.keeper.ends(record.step);
    this.#options.onFinished();
  }
}
