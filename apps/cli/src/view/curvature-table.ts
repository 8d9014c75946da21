/**
 * The curvature doctor's tables: the state of all layers, the worst first, or the history of one.
 */
import { formatBytes } from '@geodesic/telemetry';
import type { DatedHealth, LayerHealth, Refresh } from '../curvature/curvature-events.ts';
import { formatCount, formatMeasurement, formatShare } from './format.ts';
import { span, type Line } from './styled-text.ts';
import { textTable, type Column } from './text-table.ts';

/** Sums in float32 carry a relative error of about 1e-7: eigenvalues below the largest by more than this are noise. */
const worstCondition = 1e6;
/** Of v'Cv: beyond this the curvature is off by more than a step size can mend. */
const worstProbeError = 1;

type Severity = 0 | 1 | 2;
const MARKS = [' ', '!', 'x'] as const;
const STYLES = ['plain', 'accent', 'bad'] as const;

/** How a layer is: 2 a refresh has failed and an old inverse is in use, 1 something to look at, 0 well. */
export function severityOf({ kept, clamped, fallbacks, probeError = 0, ...health }: LayerHealth): Severity {
  if (kept > 0) return 2;
  return clamped > 0 || fallbacks > 0 || conditionOf(health) > worstCondition || probeError > worstProbeError ? 1 : 0;
}

/** The worst layers first; equals stay in their order. */
export function worstFirst(rows: readonly DatedHealth[]): readonly DatedHealth[] {
  return rows.toSorted((a, b) => severityOf(b) - severityOf(a) || order(conditionOf(b), conditionOf(a)));
}

/** The state of all layers as a table with a legend. */
export function curvatureTable(rows: readonly DatedHealth[]): readonly Line[] {
  return [...textTable([MARK, LAYER, GROUP, STEP, ...NUMBERS], worstFirst(rows)), [], ...LEGEND.map((line) => [span(`  ${line}`, 'dim')])];
}

/** One line for every report of a layer, oldest first. */
export function historyTable(layer: string, refreshes: readonly Refresh[]): readonly Line[] {
  const rows = refreshes.flatMap(({ step, layers }) =>
    layers.filter((row) => row.layer === layer).map((row): DatedHealth => ({ ...row, step })),
  );
  return [...textTable([MARK, STEP, ...NUMBERS], rows), [], ...LEGEND.map((line) => [span(`  ${line}`, 'dim')])];
}

const number = (
  heading: string,
  value: (row: DatedHealth) => number | undefined,
  text: (value: number) => string,
): Column<DatedHealth> => ({
  heading,
  cell: (row) => {
    const known = value(row);
    if (known === undefined) return '-';
    return Number.isFinite(known) ? text(known) : 'inf';
  },
  align: 'right',
});

const MARK: Column<DatedHealth> = { heading: ' ', cell: (row) => MARKS[severityOf(row)], style: (row) => STYLES[severityOf(row)] };
const LAYER: Column<DatedHealth> = { heading: 'layer', cell: ({ layer }) => layer, style: () => 'strong' };
const GROUP: Column<DatedHealth> = { heading: 'group', cell: ({ group }) => group };
const STEP = number('step', ({ step }) => step, formatCount);
const NUMBERS: readonly Column<DatedHealth>[] = [
  { heading: 'curvature', cell: ({ curvature }) => curvature },
  number('cond A', ({ conditionA }) => conditionA, formatMeasurement),
  number('cond S', ({ conditionS }) => conditionS, formatMeasurement),
  number('pi', ({ pi }) => pi, formatMeasurement),
  number('stale', ({ staleness }) => staleness, formatCount),
  number('moved', ({ moved }) => moved, formatMeasurement),
  number('KL share', ({ share }) => share, formatShare),
  number('error', ({ probeError }) => probeError, formatShare),
  number('sent', ({ bytes }) => bytes, formatBytes),
  { heading: 'fell/clamped/kept', cell: ({ fallbacks, clamped, kept }) => `${fallbacks}/${clamped}/${kept}`, align: 'right' },
];

const LEGEND: readonly string[] = [
  'x                  an old inverse is in use',
  '!                  something to look at: a fallback, a condition above 1e6, or an error above 100 %',
  'step               of the newest report',
  'cond A, cond S     condition numbers of the damped input and output factors; A is the whole matrix where there are no factors',
  'pi                 A is damped by pi sqrt(damping), S by sqrt(damping) / pi',
  'stale              steps since the last refresh',
  'moved              change of the statistics since the last refresh: 0 none, about 1 nothing in common',
  "KL share           of the group's predicted KL divergence",
  "error              of v'Cv against the exact block, on the last probe",
  'sent               bytes of statistics of one block of slots',
  'fell/clamped/kept  refreshes that left the first rung, took negative eigenvalues as zero, or kept the last inverse, since the run began',
];

function conditionOf({ conditionA = 0, conditionS = 0 }: Pick<LayerHealth, 'conditionA' | 'conditionS'>): number {
  return Math.max(conditionA, conditionS);
}

/** Ascending; two infinities are equal. */
function order(a: number, b: number): number {
  return a === b ? 0 : a - b;
}
