/**
 * Looks now and then whether another coordinator has taken the run over. Whoever appends is told so by the log; a leader that is paused, or has no
 * workers, would wait for ever.
 */
import { RunStoreError } from '@geodesic/run-store';
import type { CommitLog } from '@geodesic/run-store';

/** How a leader watches its standing. */
export interface StandingWatchOptions {
  /** Time between two looks, ms; default 1000. */
  readonly everyMs?: number;
}

/** Whether an error says that another coordinator leads the run. */
export function isDeposition(error: unknown): error is RunStoreError {
  return error instanceof RunStoreError && error.code === 'LOG_DEPOSED';
}

/**
 * Begins to look. Keeps no process alive.
 * @param onDeposed called once, with LOG_DEPOSED
 * @returns ends it
 */
export function watchStanding(
  log: Pick<CommitLog, 'confirm'>,
  onDeposed: (error: RunStoreError) => void,
  { everyMs = 1000 }: StandingWatchOptions = {},
): () => void {
  let isLooking = false;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    clearInterval(timer);
  };
  const look = async (): Promise<void> => {
    if (isLooking) return; // a disk that is slow to answer
    isLooking = true;
    try {
      await log.confirm();
    } catch (error) {
      if (isOver || !isDeposition(error)) return; // a disk that cannot be read now: the next look tells
      end();
      onDeposed(error);
    } finally {
      isLooking = false;
    }
  };
  const timer = setInterval(() => void look(), everyMs).unref();
  return end;
}
