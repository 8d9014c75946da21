/**
 * Regions of a two-dimensional chart with a boundary of smooth pieces, for integrals: patches that map the unit square onto parts of the
 * region, and closed loops with the region on their left. Pieces are smooth maps of t from 0 to 1.
 */
import { MetricError } from '../errors.ts';
import { closedPolygon } from '../geodesics/parallel-transport.ts';
import { cos, sin } from '../jets/jet-functions.ts';
import { Jet } from '../jets/jet.ts';
import { evaluateChecked, type SmoothMap } from '../jets/smooth-map.ts';

/** A region. Its loops are anticlockwise outside, clockwise round holes. */
export interface PlanarRegion {
  /** Maps (s, t) in [0, 1]^2 to points, orientation kept, overlapping only in lines. */
  readonly patches: readonly SmoothMap[];
  /** Closed loops, each of pieces that join end to start. */
  readonly loops: readonly (readonly SmoothMap[])[];
  /** chi: 1 for a disc, 0 for a ring. */
  readonly eulerCharacteristic: number;
}

/** The ellipse with these half axes, once round anticlockwise from angle 0. @throws {MetricError} unless the half axes are positive */
export function ellipse(centre: readonly [number, number], halfAxes: readonly [number, number]): SmoothMap {
  if (!halfAxes.every((axis) => axis > 0 && axis < Infinity))
    throw new MetricError('ellipse', 'halfAxes', 'positive finite numbers', halfAxes.join(', '));
  return {
    inputs: 1,
    outputs: 2,
    evaluate: (t) => {
      const angle = t.scale(2 * Math.PI);
      return Jet.concat([cos(angle).scale(halfAxes[0]), sin(angle).scale(halfAxes[1])]).plus(centre);
    },
  };
}

/** The region within a loop that is star-shaped round `centre`: a patch for each piece. */
export function starRegion(centre: readonly [number, number], loop: readonly SmoothMap[]): PlanarRegion {
  const start: SmoothMap = { inputs: 1, outputs: 2, evaluate: (t) => Jet.constant(t.space, centre) };
  return { patches: loop.map((piece) => between(start, piece)), loops: [loop], eulerCharacteristic: 1 };
}

/** The disc within an ellipse. @throws {MetricError} unless the half axes are positive */
export function discRegion(centre: readonly [number, number], halfAxes: readonly [number, number]): PlanarRegion {
  return starRegion(centre, [ellipse(centre, halfAxes)]);
}

/** The polygon with these corners, anticlockwise, star-shaped round their mean. @throws {MetricError} for fewer than 3 corners */
export function polygonRegion(corners: readonly (readonly [number, number])[]): PlanarRegion {
  const n = corners.length;
  if (n < 3) throw new MetricError('polygonRegion', 'corners', 'at least 3', String(n));
  const [x, y] = corners.reduce<readonly [number, number]>(([a, b], corner) => [a + corner[0] / n, b + corner[1] / n], [0, 0]);
  return starRegion([x, y], closedPolygon(corners));
}

/** The ring between two anticlockwise curves, the inner seen from the outer at equal t. */
export function ringRegion(inner: SmoothMap, outer: SmoothMap): PlanarRegion {
  return { patches: [between(inner, outer)], loops: [[outer], [reversed(inner)]], eulerCharacteristic: 0 };
}

/** (s, t) -> from(t) + s (to(t) - from(t)). */
function between(from: SmoothMap, to: SmoothMap): SmoothMap {
  return {
    inputs: 2,
    outputs: 2,
    evaluate: (st) => {
      const [s, t] = [st.slice(0), st.slice(1)];
      const start = evaluateChecked(from, t);
      return start.plus(evaluateChecked(to, t).minus(start).multiply(s));
    },
  };
}

/** The curve run backwards. */
function reversed(curve: SmoothMap): SmoothMap {
  return { ...curve, evaluate: (t) => curve.evaluate(t.scale(-1).plus(1)) };
}
