/** From measurements to curves: what a picture of a run, or any plot, draws. */
import type { MeasurementRecord } from './measurements.ts';

/** One point of a curve. */
export interface Point {
  readonly step: number;
  readonly value: number;
}

/** Curves by the measurement's name, steps ascending. */
export type RunSeries = Readonly<Record<string, readonly Point[]>>;

/**
 * Collects every finite number by name. An evaluation `{step, split: 'validation', loss, accuracy}` becomes validationLoss and
 * validationAccuracy. Where a step occurs twice, as after a recovery, the later record wins.
 */
export function collectSeries(records: readonly MeasurementRecord[]): RunSeries {
  const curves = new Map<string, Map<number, number>>();
  for (const record of records) {
    for (const [key, value] of Object.entries(record)) {
      if (key === 'step' || typeof value !== 'number' || !Number.isFinite(value)) continue;
      const name = typeof record['split'] === 'string' ? `${record['split']}${key[0].toUpperCase()}${key.slice(1)}` : key;
      const curve = curves.get(name) ?? new Map<number, number>();
      curves.set(name, curve.set(record.step, value));
    }
  }
  return Object.fromEntries([...curves].map(([name, curve]) => [name, toPoints(curve)]));
}

function toPoints(curve: ReadonlyMap<number, number>): Point[] {
  return [...curve].map(([step, value]) => ({ step, value })).toSorted((a, b) => a.step - b.step);
}
