/** Curves: smoothing of noisy steps, thinning of long runs, and the path through the points. */
import { coordinate } from './svg.ts';

/** A point in pixels. */
export interface Pixel {
  readonly x: number;
  readonly y: number;
}

/** Curves shorter than this are drawn as they are. */
const SMOOTH_FROM = 40;
const MOST_POINTS = 480;

/**
 * Moving mean over about a twentieth of the curve. At its start, where curves are steep, the window stays centred and narrow;
 * at its end, where they are flat, it keeps its reach backwards, so that the last value is not a single noisy step. O(n).
 */
export function smooth(points: readonly Pixel[]): readonly Pixel[] {
  if (points.length < SMOOTH_FROM) return points;
  const reach = Math.round(points.length / 40);
  const before = new Float64Array(points.length + 1);
  for (const [index, { y }] of points.entries()) before[index + 1] = before[index] + y;
  return points.map(({ x }, index) => {
    const from = index - Math.min(reach, index);
    const to = index + 1 + Math.min(reach, index, points.length - 1 - index);
    return { x, y: (before[to] - before[from]) / (to - from) };
  });
}

/** At most about 480 points: of each stretch the lowest and the highest stay, so that no spike disappears. */
export function thin(points: readonly Pixel[]): readonly Pixel[] {
  if (points.length <= MOST_POINTS) return points;
  const stretch = Math.ceil((2 * points.length) / MOST_POINTS);
  const kept: Pixel[] = [];
  for (let from = 0; from < points.length; from += stretch) {
    const part = points.slice(from, from + stretch);
    const low = part.reduce((a, b) => (b.y < a.y ? b : a));
    const high = part.reduce((a, b) => (b.y > a.y ? b : a));
    kept.push(...(low === high ? [low] : [low, high].toSorted((a, b) => a.x - b.x)));
  }
  return kept;
}

/** SVG path data: a polyline. */
export function linePath(points: readonly Pixel[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${coordinate(x)} ${coordinate(y)}`).join('');
}

/** SVG path data: the area between a polyline and a floor. */
export function areaPath(points: readonly Pixel[], floor: number): string {
  if (points.length < 2) return '';
  return `${linePath(points)}L${coordinate(points[points.length - 1].x)} ${coordinate(floor)}L${coordinate(points[0].x)} ${coordinate(floor)}Z`;
}
