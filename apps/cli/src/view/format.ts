/**
 * Numbers as people read them: counts with separators, measurements in four significant digits, shares.
 * Durations, bytes, bars and sparklines come from @geodesic/telemetry.
 */

/** `12,345`. */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** A loss or another measurement in about four significant digits: `2.303`, `0.04125`, `1.2e-5`. */
export function formatMeasurement(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e5)) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

/** A share in [0, 1] as `97.3 %`. */
export function formatShare(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}

/** The course of a series in at most `columns` values, logarithms when all are positive, since losses fall by factors. */
export function courseOf(values: readonly number[], columns: number): readonly number[] {
  const finite = values.filter(Number.isFinite);
  const heights = finite.every((value) => value > 0) ? finite.map(Math.log) : finite;
  if (heights.length <= columns) return heights;
  return Array.from({ length: columns }, (_, i) => heights[Math.round((i * (heights.length - 1)) / (columns - 1))]);
}
