/**
 * Axes: from data to pixels, with ticks a person would choose. Linear ticks are multiples of 1, 2 or 5 times a power of ten;
 * a logarithmic axis, apt for positive values over more than a decade, ticks its decades, or 1-2-5 within few of them.
 */

/** One axis. */
export interface Scale {
  readonly kind: 'linear' | 'log';
  /** Whether the axis reaches down to a value; a linear one holds all that it was made for. */
  holds(value: number): boolean;
  /** Pixels of a value that the axis holds. */
  at(value: number): number;
  /** Values to mark, ascending. */
  readonly ticks: readonly number[];
}

/** How a scale is laid out. */
export interface ScaleOptions {
  /** Pixel positions of the least and the greatest value. */
  readonly range: readonly [number, number];
  /** About how many ticks; default 5. */
  readonly count?: number;
}

/** A linear axis over [low, high], widened to its outermost ticks when `nice` is set. */
export function linearScale(
  [low, high]: readonly [number, number],
  { range, count = 5, nice }: ScaleOptions & { readonly nice: boolean },
): Scale {
  const span = high > low ? high - low : Math.abs(low) || 1;
  const [from, to] = high > low ? [low, high] : [low - span / 2, low + span / 2];
  const step = niceStep(span / count);
  const first = nice ? Math.floor(from / step + 1e-9) : Math.ceil(from / step - 1e-9);
  const last = nice ? Math.ceil(to / step - 1e-9) : Math.floor(to / step + 1e-9);
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => clean((first + index) * step));
  const domain: readonly [number, number] = nice ? [first * step, last * step] : [from, to];
  return { kind: 'linear', ticks, holds: () => true, at: (value) => project(value, domain, range) };
}

/** A logarithmic axis that holds [low, high], both positive; at least half a decade. */
export function logScale([low, high]: readonly [number, number], { range, count = 5 }: ScaleOptions): Scale {
  const pad = Math.max(0.04 * Math.log10(high / low), (0.5 - Math.log10(high / low)) / 2);
  const domain: readonly [number, number] = [Math.log10(low) - pad, Math.log10(high) + pad];
  const decades = Array.from({ length: Math.ceil(domain[1]) - Math.floor(domain[0]) + 1 }, (_, index) => Math.floor(domain[0]) + index);
  const inside = (tick: number): boolean => Math.log10(tick) >= domain[0] && Math.log10(tick) <= domain[1];
  const whole = decades.map((decade) => power(decade)).filter(inside);
  const fine = decades.flatMap((decade) => [1, 2, 5].map((digit) => clean(digit * power(decade)))).filter(inside);
  const stride = Math.ceil(whole.length / count);
  const ticks = whole.length >= 3 ? whole.filter((_, index) => index % stride === 0) : fine;
  return { kind: 'log', ticks, holds: (value) => Math.log10(value) >= domain[0], at: (value) => project(Math.log10(value), domain, range) };
}

function project(value: number, [from, to]: readonly [number, number], [start, end]: readonly [number, number]): number {
  return start + ((value - from) / (to - from)) * (end - start);
}

function niceStep(rough: number): number {
  const base = power(Math.floor(Math.log10(rough)));
  const factor = [1, 2, 5, 10].find((candidate) => candidate * base >= rough * 0.999) ?? 10;
  return factor * base;
}

/** Powers by parsing are exact to the last bit everywhere; Math.pow need not be. */
function power(exponent: number): number {
  return Number(`1e${exponent}`);
}

/** Removes the noise of binary fractions: 0.30000000000000004 becomes 0.3. */
function clean(value: number): number {
  return Number(value.toPrecision(12));
}
