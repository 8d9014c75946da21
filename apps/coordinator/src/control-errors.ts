/** What a person's wish may be refused with. */
import { RunStoreError } from '@geodesic/run-store';
import { WireError } from '@geodesic/wire';
import { RunEnding } from './round-errors.ts';
import { isDeposition } from './standing-watch.ts';

/** @throws {WireError} NOT_FOUND naming the workers that are there */
export function requireWorker(workers: readonly { readonly worker: string }[], wanted: string): void {
  const present = workers.map(({ worker }) => worker);
  if (present.includes(wanted)) return;
  const message = `drain: expected a worker of the run (${present.join(', ') || 'none is there'}), got ${wanted}`;
  throw new WireError('NOT_FOUND', message, 'name one of them');
}

/** The end of a run, or of its leader, as people are told; anything else stays as it is. */
export function controlError(cause: unknown): unknown {
  if (isDeposition(cause)) return new WireError('REFUSED', cause.message, 'ask the coordinator that leads the run now', { cause });
  if (cause instanceof RunStoreError) return new WireError('REFUSED', cause.message, cause.hint, { cause }); // the log takes nothing more
  if (!(cause instanceof RunEnding)) return cause;
  return new WireError('REFUSED', cause.message, 'resume the run when it has ended', { cause });
}
