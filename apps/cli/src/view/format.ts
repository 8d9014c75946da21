/**
 * Numbers as people read them: counts with separators, four significant digits, durations, bytes, bars and sparklines.
 */

const BLOCKS = '▁▂▃▄▅▆▇█';

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

/** Seconds as `0.8 s`, `12 s`, `3:05` or `1:02:03`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const padded = (value: number): string => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${padded(minutes)}:${padded(rest)}` : `${minutes}:${padded(rest)}`;
}

/** Bytes as `812 B`, `43.1 kB`, `12.0 MB` (powers of 1,000). */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** The filled and the empty part of a bar of `width` columns for a share in [0, 1]. */
export function progressBar(share: number, width: number): readonly [string, string] {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return ['━'.repeat(filled), '╌'.repeat(width - filled)];
}

/** The course of a series in `width` columns or fewer, on a logarithmic scale when all values are positive; empty for fewer than two. */
export function sparkline(values: readonly number[], width: number): string {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2 || width < 2) return '';
  const columns = Math.min(width, finite.length);
  const heights = finite.every((value) => value > 0) ? finite.map(Math.log) : finite;
  const picked = Array.from({ length: columns }, (_, i) => heights[Math.round((i * (heights.length - 1)) / (columns - 1))]);
  const low = Math.min(...picked);
  const range = Math.max(...picked) - low || 1;
  return picked.map((value) => BLOCKS[Math.round(((value - low) / range) * (BLOCKS.length - 1))]).join('');
}
