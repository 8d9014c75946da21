/**
 * Looks now and then whether another coordinator has taken the run over. Whoever appends is told so by the log; a leader that is paused, or has no
 * workers, would wait for ever.
 */
import { RunStoreError } from '@geodesic/run-store';
import type { CommitLog } from '@geodesic/run-store';

/** Time between two looks, ms. */
const EVERY_MS = 1000;

/** Whether an error says that another coordinator leads the run. */
export function isDeposition(error: unknown): error is RunStoreError {
  return error instanceof RunStoreError && error.code === 'LOG_DEPOSED';
}

/**
 * Begins to look.
 * @param onDeposed called once, with LOG_DEPOSED
 * @returns ends it
 */
export function watchStanding(log: Pick<CommitLog, 'confirm'>, onDeposed: (error: RunStoreError) => void): () => void {
  const timer = setInterval(() => {
    log.confirm().catch((error: unknown) => {
      if (!isDeposition(error)) return; // a disk that cannot be read now: the next look tells
      clearInterval(timer);
      onDeposed(error);
    });
  }, EVERY_MS);
  return () => clearInterval(timer);
}
