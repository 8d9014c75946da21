/** The error of this library: a run's folder cannot be found, trusted, written or led. */

/**
 * `RUN_MISSING`: there is no run; `RUN_DAMAGED`: what is there does not say what the run is; `RUN_ACTIVE`: another coordinator leads it;
 * `FOLDER`: runs cannot be written there; `STORAGE`: the disk failed and nobody waits for it any more; `LOG_WRITE`: an entry is not in the
 * log, and nothing more will be; `LOG_DEPOSED`: another coordinator has taken the run over.
 */
export type RunStoreErrorCode = 'RUN_MISSING' | 'RUN_DAMAGED' | 'RUN_ACTIVE' | 'FOLDER' | 'STORAGE' | 'LOG_WRITE' | 'LOG_DEPOSED';

/** What was wrong, and what a person can do. */
export class RunStoreError extends Error {
  override readonly name = 'RunStoreError';
  readonly code: RunStoreErrorCode;
  readonly hint: string;

  constructor(
    code: RunStoreErrorCode,
    { what, expected, got, hint, cause }: { what: string; expected: string; got: string; hint: string; cause?: unknown },
  ) {
    super(`${what}: expected ${expected}, got ${got}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.hint = hint;
  }
}

/** The error of a leader of `term` that has found the segment of a later one. */
export function deposition({ path, term }: { readonly path: string; readonly term: number }): RunStoreError {
  const got = `a coordinator of term ${term + 1}, which has taken the run over`;
  const hint = 'leave the run to the other coordinator; nothing that was announced is lost';
  return new RunStoreError('LOG_DEPOSED', { what: path, expected: `to lead the run in term ${term}`, got, hint });
}

/** The error of a leader of `term` whose log's copy holds a record of another leader. */
export function depositionByCopy(what: string, term: number, found: { readonly term: number; readonly sequence: number }): RunStoreError {
  const got = `record ${found.sequence} of term ${found.term}, which is not of this leader's chain`;
  const hint = 'leave the run to the other coordinator; nothing that was announced is lost';
  return new RunStoreError('LOG_DEPOSED', { what, expected: `a copy of the log as the leader of term ${term} wrote it`, got, hint });
}
