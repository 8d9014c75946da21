/**
 * The measurements of a step. Over all parameters: `gradientNorm`, `updateNorm` (Euclidean, before rounding) and `fallbacks` (inverse
 * refreshes that left the first rung of the ladder, since the run began). For every group `<measurement>/<group>`: `learningRate`
 * and, with K-FAC, `klScale` (nu), `damping`, `meanPi`, `fallbacks`, `clamped` and `kept` (see layer-curvature.ts). The same names
 * without a group are those of the leading group: the first with K-FAC, else the first that moves.
 */
import { dot } from './vector.ts';

/** What one group reported. */
export interface GroupReport {
  readonly name: string;
  readonly report: Readonly<Record<string, number>>;
}

/** Collects the measurements of a step in one flat record. */
export function stepReport(step: {
  readonly groups: readonly GroupReport[];
  readonly gradient: Float64Array;
  readonly update: Float64Array;
}): Record<string, number> {
  const leading = step.groups.find(({ report }) => 'damping' in report) ?? step.groups.find(({ report }) => 'learningRate' in report);
  const each = step.groups.flatMap(({ name, report }) => Object.entries(report).map(([key, value]) => [`${key}/${name}`, value] as const));
  return {
    ...leading?.report,
    gradientNorm: norm(step.gradient),
    updateNorm: norm(step.update),
    fallbacks: step.groups.reduce((sum, { report }) => sum + (report['fallbacks'] ?? 0), 0),
    ...Object.fromEntries(each),
  };
}

function norm(values: Float64Array): number {
  return Math.sqrt(dot(values, values));
}
