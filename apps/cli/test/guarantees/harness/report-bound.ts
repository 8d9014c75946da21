/** What a guarantee test has measured, for people on stdout and for the table of `npm run guarantees`. */
import { appendFileSync } from 'node:fs';

/** One row of the table. */
export interface MeasuredBound {
  /** `G1`. */
  readonly id: string;
  /** What was done to the run. */
  readonly fault: string;
  /** What came of it, with figures and units. */
  readonly measured: string;
  /** What the guarantee promises. */
  readonly bound: string;
  /** How often, with what. */
  readonly note?: string;
}

/** Prints a row, and appends it as JSON to the file that GUARANTEES_OUT names. */
export function reportBound(row: MeasuredBound): void {
  const { id, fault, measured, bound, note } = row;
  console.log([id, fault, measured, `bound ${bound}`, ...(note === undefined ? [] : [note])].join(' | '));
  const out = process.env['GUARANTEES_OUT'];
  if (out !== undefined && out !== '') appendFileSync(out, `${JSON.stringify(row)}\n`);
}

/** `p50 41 ms, p95 120 ms, longest 130 ms`. */
export function spread(samplesMs: readonly number[]): string {
  if (samplesMs.length === 0) return 'no sample';
  const parts = [`p50 ${ms(quantile(samplesMs, 0.5))}`, `p95 ${ms(quantile(samplesMs, 0.95))}`, `longest ${ms(Math.max(...samplesMs))}`];
  return samplesMs.length < 3 ? samplesMs.map(ms).join(', ') : parts.join(', ');
}

/** The q-quantile, q in [0, 1], of at least one number: the smallest that is not below a share q of them. */
export function quantile(samples: readonly number[], q: number): number {
  const ascending = samples.toSorted((a, b) => a - b);
  return ascending[Math.min(ascending.length - 1, Math.max(0, Math.ceil(q * ascending.length) - 1))];
}

/** `12 ms`, `3.4 s`. */
export function ms(value: number): string {
  return Math.abs(value) < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(2)} s`;
}
