/**
 * Curves of a run of any length in a bounded memory: of a long curve every second, fourth, eighth ... point stays, and the last. Which ones
 * depends on the curve alone, so the same run has the same picture.
 */
import { collectSeries } from '@geodesic/telemetry';
import type { MeasurementRecord, Point, RunSeries } from '@geodesic/telemetry';

/** Most points of a curve; when there are more, every second one goes. */
const MOST_POINTS = 4096;

interface ThinnedCurve {
  points: Point[];
  /** One in so many points stays; a power of two. */
  stride: number;
  /** Points so far. */
  count: number;
  last: Point;
}

/** Collects curves from measurements, in the order in which they are added. */
export class ThinnedSeries {
  readonly #curves = new Map<string, ThinnedCurve>();

  /** Adds some records. */
  add(records: readonly MeasurementRecord[]): void {
    for (const [name, points] of Object.entries(collectSeries(records))) for (const point of points) this.#addPoint(name, point);
  }

  /** The curves; where a step occurs twice, the later record wins. */
  get series(): RunSeries {
    return Object.fromEntries([...this.#curves].map(([name, { points, last }]) => [name, ascending([...points, last])]));
  }

  #addPoint(name: string, last: Point): void {
    const curve = this.#curves.get(name) ?? { points: [], stride: 1, count: 0, last };
    this.#curves.set(name, curve);
    curve.last = last;
    if (curve.count % curve.stride === 0) curve.points.push(last);
    curve.count += 1;
    if (curve.points.length <= MOST_POINTS) return;
    curve.points = curve.points.filter((_, index) => index % 2 === 0);
    curve.stride *= 2;
  }
}

function ascending(points: readonly Point[]): Point[] {
  const byStep = new Map(points.map((point) => [point.step, point]));
  return [...byStep.values()].toSorted((a, b) => a.step - b.step);
}
