/**
 * What a set of repeated readings is told as: its median and its range.
 */

/** The median of numbers; of an even count the mean of the middle two. Infinity stands for a censored reading. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** [smallest, largest]. */
export function range(values) {
  return [Math.min(...values), Math.max(...values)];
}

/** A number to `digits` significant digits, as JSON should show it; null for one that is not finite. */
export function significant(value, digits = 4) {
  return Number.isFinite(value) ? Number(value.toPrecision(digits)) : null;
}
