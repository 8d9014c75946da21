/**
 * The newest checkpoint of a run that another coordinator leads, kept here so that this one can begin with it. Of those that it received, a
 * process keeps the first and the newest two: the newest may be of a step that the log's copy does not have yet.
 */
import type { CheckpointStore } from '@geodesic/checkpoint';
import { receiveCheckpoint } from '@geodesic/checkpoint';
import type { ObjectChannel } from '@geodesic/events';
import type { Logger } from '@geodesic/telemetry';

/** Checkpoints that stay, beside the first. */
const KEPT = 2;

/** Options of {@link MirroredCheckpoints}. */
export interface MirroredCheckpointsOptions {
  readonly run: string;
  readonly objects: Pick<ObjectChannel, 'pointer' | 'get'>;
  readonly store: CheckpointStore;
  readonly logger: Logger;
}

/** The checkpoints of one run on their way here. One call at a time. */
export class MirroredCheckpoints {
  readonly #options: MirroredCheckpointsOptions;
  /** Steps that this process has received. */
  readonly #received = new Set<number>();
  #newest: string | undefined;

  constructor(options: MirroredCheckpointsOptions) {
    this.#options = options;
  }

  /** Whether there is one to begin with. */
  async isReady(): Promise<boolean> {
    return (await this.#options.store.list()).length > 0;
  }

  /** Whether the one after a step is here. */
  async has(step: number): Promise<boolean> {
    return (await this.#options.store.list()).includes(step);
  }

  /**
   * Receives the newest checkpoint that is broadcast, unless it is here; waits for a connection that is broken.
   * @throws {EventsError}, {CheckpointError}, and the signal's reason
   */
  async update(signal: AbortSignal): Promise<void> {
    const { run, objects, store, logger } = this.#options;
    const pointer = await objects.pointer();
    if (pointer === undefined || pointer.manifest === this.#newest) return;
    const manifest = await objects.get(pointer.manifest, signal);
    const get = (digest: string, until: AbortSignal): Promise<Uint8Array> => objects.get(digest, until);
    const { receivedBytes } = await receiveCheckpoint(store, { step: pointer.step, manifest, get, signal });
    this.#newest = pointer.manifest;
    this.#received.add(pointer.step);
    logger.debug('checkpoint mirrored', { run, step: pointer.step, receivedBytes });
    await store.retain({ last: KEPT, pinned: (await store.list()).filter((step) => !this.#received.has(step)) });
  }
}
