/** Entries of logs that look as a run writes them. */
import { decodeRecords, dyadicBlocks, encodeRecord, LOG_START } from '../src/index.ts';
import type { CoverageEntry, LogEntry, LogPosition, LogRecord, RejectedEntry, RoundRecord, RunEntry, StepEntry } from '../src/index.ts';

/** Record 0. */
export function runEntry(changes: Partial<RunEntry> = {}): RunEntry {
  const digests = { specDigest: 'sha256:1', bundleDigest: 'sha256:2', chain: 'chain 0', checksum: 'sum 0' };
  return { type: 'run', format: 2, run: 'r', ...digests, seed: 1, engine: 'toy', ...changes };
}

/** Slots [from, to) of a worker. */
export function covered(worker: string, from: number, to: number): CoverageEntry[] {
  return dyadicBlocks(from, to).map((block) => ({ worker, incarnation: `${worker}#1`, block }));
}

/** A round of 8 slots that two workers computed. */
export function roundRecord(step: number, changes: Partial<RoundRecord> = {}): RoundRecord {
  const { attempt = 0, phase = 'grad' } = changes;
  const inputDigest = `digest ${step}.${attempt} ${phase}`;
  return { attempt, phase, inputDigest, examples: 60, coverage: [...covered('w1', 0, 5), ...covered('w2', 5, 8)], ...changes };
}

/** A committed step; its version is its number unless a change says otherwise. */
export function stepEntry(step: number, changes: Partial<StepEntry> = {}): StepEntry {
  const { attempt = 0, phase = 'grad', version = step } = changes;
  const rounds = changes.rounds ?? [roundRecord(step, { attempt, phase })];
  const { inputDigest, examples } = rounds.at(-1)!;
  const made = { attempt, phase, version, chain: `chain ${version}`, checksum: `sum ${version}` };
  return { type: 'step', step, ...made, inputDigest, examples, rounds, ...changes };
}

/** An attempt that was given up; with a version: by taking the last change back, to that version. */
export function rejectedEntry(step: number, attempt: number, version?: number): RejectedEntry {
  const position = version !== undefined && { position: { version, chain: `chain ${version}`, checksum: `sum ${version}` } };
  const rounds = [roundRecord(step, { attempt })];
  return { type: 'rejected', step, attempt, phase: 'grad', reason: 'toy', damping: 2 ** attempt, rounds, ...position };
}

/** Entries as bytes. */
export function encodeAll(entries: readonly LogEntry[], from: LogPosition = LOG_START, term = 1): { bytes: Uint8Array; next: LogPosition } {
  let next = from;
  const parts = entries.map((entry) => {
    const record = encodeRecord(entry, { ...next, term });
    next = record.next;
    return record.bytes;
  });
  return { bytes: Buffer.concat(parts), next };
}

/** Entries as a reader gets them; each `term` entry begins the next term. */
export function recordsOf(entries: readonly LogEntry[]): LogRecord[] {
  const records: LogRecord[] = [];
  let [next, term] = [LOG_START, 1];
  for (const entry of entries) {
    if (entry.type === 'term') term += 1;
    const record = encodeRecord(entry, { ...next, term });
    records.push(...decodeRecords(record.bytes, next).records);
    next = record.next;
  }
  return records;
}
