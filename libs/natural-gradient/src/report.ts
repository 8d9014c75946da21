/**
 * The measurements of a step. Over all parameters: `gradientNorm`, `updateNorm` (Euclidean, before rounding) and `fallbacks` (refreshes
 * that left the first rung of the ladder, since the run began). For every group `<measurement>/<group>`: `learningRate` and, with a
 * curvature, `klScale` (nu), `damping` (lambda + eta_2) and where it has layers `meanPi`, `fallbacks`, `clamped` and `kept` (see
 * layer-report.ts); some descents add numbers of their own, such as `iterations`. The same names without a group are those of the leading
 * group: the first with a damping, else the first that moves. The quadratic search has, for all groups: `learningRate` (alpha),
 * `momentum` (mu), `damping` (lambda), `objective`, `attempts` and, where the step was tried, `reductionRatio`.
 */
/** What one group reported. */
export interface GroupReport {
  readonly name: string;
  readonly report: Readonly<Record<string, number>>;
}

/** Collects the measurements of a step in one flat record. */
export function stepReport(step: {
  readonly groups: readonly GroupReport[];
  /** |gradient|^2 */
  readonly gradientSquare: number;
  /** |update|^2 */
  readonly updateSquare: number;
}): Record<string, number> {
  const leading = step.groups.find(({ report }) => 'damping' in report) ?? step.groups.find(({ report }) => 'learningRate' in report);
  const each = step.groups.flatMap(({ name, report }) => Object.entries(report).map(([key, value]) => [`${key}/${name}`, value] as const));
  return {
    ...leading?.report,
    gradientNorm: Math.sqrt(step.gradientSquare),
    updateNorm: Math.sqrt(step.updateSquare),
    fallbacks: step.groups.reduce((sum, { report }) => sum + (report['fallbacks'] ?? 0), 0),
    ...Object.fromEntries(each),
  };
}
