/**
 * The disk of one run: a full or failing one makes the run wait, and people are told. Once somebody has asked for a stop nobody waits for long.
 */
import { StorageGuard } from '@geodesic/run-store';
import type { Logger } from '@geodesic/telemetry';
import type { RunEvents } from './run-events.ts';
import { STOP_GRACE_MS } from './run-loop.ts';

/** What waits for the disk, and tells of it. */
export class RunStorage {
  readonly guard: StorageGuard;
  /** Who is told, once there is somebody. */
  events: RunEvents | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(run: string, logger: Logger) {
    this.guard = new StorageGuard({
      onFailure: ({ what, error }) => {
        logger.error('the run waits for the disk', { run, what, error });
        this.events?.emit('storage.failed', {
          what,
          message: error.message,
          hint: 'free space on the disk or mend it: the run goes on by itself',
        });
        if (this.#isStopping) this.#giveUpSoon();
      },
      onMended: ({ what, attempts }) => {
        logger.info('the disk works again', { run, what, attempts });
        this.events?.emit('storage.mended', { what, attempts });
      },
    });
  }

  /** Whether something waits for the disk. */
  get isFailing(): boolean {
    return this.guard.isFailing;
  }

  /** From now on what waits for the disk is given up after a second: what was announced is there, the rest is made again by a resume. */
  stopWaiting(): void {
    this.#isStopping = true;
    this.#giveUpSoon();
  }

  /** Nothing more is written. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #giveUpSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.guard.isFailing) this.guard.abandon();
    }, STOP_GRACE_MS);
  }
}
