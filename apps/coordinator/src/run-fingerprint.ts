/** The numeric fingerprint in the log: that of the first worker that has ever joined, and another one only where a person has allowed it. */
import type { Fingerprint, FingerprintEntry } from '@geodesic/cluster';
import { differingField } from './solve-fingerprint.ts';
import type { RunParts } from './run-parts.ts';

/** Logs the fingerprint when there is something to say. */
export class RunFingerprint {
  readonly #parts: Pick<RunParts, 'log' | 'trainer' | 'past'>;
  #isLogged: boolean;

  constructor(parts: Pick<RunParts, 'log' | 'trainer' | 'past'>) {
    const { fingerprint, mayRebase } = parts.past;
    this.#parts = parts;
    this.#isLogged = fingerprint !== undefined && !mayRebase;
  }

  /** A worker of this fingerprint takes part. */
  joined(fingerprint: Fingerprint): void {
    if (this.#isLogged) return;
    this.#isLogged = true;
    const { log, trainer, past } = this.#parts;
    const { fingerprint: solve } = trainer;
    const entry: FingerprintEntry = { type: 'fingerprint', fingerprint, ...(solve && { solve }) };
    if (past.fingerprint && !differ(past.fingerprint, entry)) return;
    // The next step's append fails with the same error.
    log.append(past.fingerprint ? { ...entry, rebased: true } : entry).catch(() => undefined);
  }
}

function differ(before: FingerprintEntry, now: FingerprintEntry): boolean {
  return (differingField(before.fingerprint, now.fingerprint) ?? differingField(before.solve ?? {}, now.solve ?? {})) !== undefined;
}
