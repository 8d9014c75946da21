/**
 * The live view of a run as lines: progress, what is being learned, one row for each worker. Narrow terminals lose the right-hand parts first.
 */
import { formatDuration, progressBar, sparkline } from '@geodesic/telemetry';
import { courseOf, formatCount, formatMeasurement, formatShare } from './format.ts';
import { secondsLeft, secondsPerStep, type EvaluationRow, type RunView, type WorkerRow } from './run-view.ts';
import { clip, span, widthOf, type Line, type Span, type Style } from './styled-text.ts';

const WIDEST_BAR = 60;
const SPARKLINE_WIDTH = 24;
const STATE_WIDTH = 'computing'.length;
const SEPARATOR = span('  ·  ', 'dim');
const SEARCH_LABELS: readonly (readonly [string, string])[] = [
  ['damping', 'damping'],
  ['learningRate', 'step size'],
  ['momentum', 'momentum'],
  ['reductionRatio', 'reduction ratio'],
];
const WORKER_STYLES: Readonly<Record<WorkerRow['state'], Style>> = {
  joined: 'dim',
  computing: 'good',
  waiting: 'dim',
  draining: 'dim',
  'turned away': 'bad',
  lost: 'bad',
  done: 'dim',
};

/** The lines of a run's view, each at most `width` columns wide. */
export function liveLines(view: RunView, { width }: { readonly width: number }): readonly Line[] {
  const lines = [
    [],
    titleLine(view),
    progressLine(view, width),
    learningLine(view),
    ...searchLines(view),
    rateLine(view),
    [],
    ...workerLines(view),
  ];
  return lines.map((line) => clip(line, width));
}

function titleLine({ header, runId, engine, workers, standstill }: RunView): Line {
  const present = [...workers.values()].filter(({ state }) => state !== 'lost' && state !== 'turned away').length;
  const facts = [runId ?? '', engine ?? '', present === 0 ? 'waiting for workers' : `${present} ${present === 1 ? 'worker' : 'workers'}`];
  const known = facts.filter((fact) => fact !== '').flatMap((fact) => [SEPARATOR, span(fact, 'dim')]);
  const stands = standstill === undefined ? [] : [SEPARATOR, span(standstill, standstill === 'the disk fails' ? 'bad' : 'accent')];
  return [span('  '), span(header.name, 'strong'), ...known, ...stands];
}

function progressLine({ step, header }: RunView, width: number): Line {
  const share = header.steps > 0 ? step / header.steps : 0;
  const label = `  ${formatCount(step)}/${formatCount(header.steps)} steps  ${String(Math.floor(100 * share)).padStart(3)} %`;
  const bar = progressBar(share, Math.max(4, Math.min(WIDEST_BAR, width - label.length - 3)));
  return [span('  '), span(bar, 'accent'), span(label)];
}

function learningLine({ measurements, losses, evaluation }: RunView): Line {
  const parts: Span[][] = [];
  if (measurements['trainLoss'] !== undefined) parts.push(labelled('loss', formatMeasurement(measurements['trainLoss'])));
  if (evaluation !== undefined) parts.push([...evaluated(evaluation), span(` at step ${evaluation.step}`, 'dim')]);
  else if (measurements['trainAccuracy'] !== undefined) parts.push(labelled('train accuracy', formatShare(measurements['trainAccuracy'])));
  const curve = sparkline(courseOf(losses, SPARKLINE_WIDTH), SPARKLINE_WIDTH);
  if (losses.length > 1) parts.push([span(curve, 'accent')]);
  return [span('  '), ...(parts.length === 0 ? [span('the first step is under way', 'dim')] : join(parts))];
}

/** What the search for step sizes has found, where there is one; a fixed damping alone is no news. */
function searchLines({ measurements, rejections }: RunView): Line[] {
  if (measurements['attempts'] === undefined && rejections === 0) return [];
  const known = SEARCH_LABELS.flatMap(([key, label]) => {
    const value = measurements[key];
    return value === undefined ? [] : [labelled(label, formatMeasurement(value))];
  });
  return [[span('  '), ...join([...known, ...(rejections > 0 ? [labelled('rejected steps', formatCount(rejections))] : [])])]];
}

function evaluated({ split, loss, accuracy }: EvaluationRow): Span[] {
  if (accuracy === undefined) return labelled(`${split} loss`, formatMeasurement(loss));
  return labelled(`${split} accuracy`, formatShare(accuracy));
}

function rateLine(view: RunView): Line {
  const seconds = secondsPerStep(view);
  if (seconds === undefined) return [];
  const rates = span(`${formatMeasurement(1 / seconds)} steps/s, ${formatCount(view.header.batch / seconds)} examples/s`, 'dim');
  const left = secondsLeft(view);
  return [span('  '), ...join(left === undefined ? [[rates]] : [[rates], labelled('time left', formatDuration(left))])];
}

function workerLines({ workers }: RunView): Line[] {
  const nameWidth = Math.max(0, ...[...workers.keys()].map((name) => name.length));
  return [...workers]
    .toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([name, row]) => workerLine(name.padEnd(nameWidth), row));
}

function workerLine(name: string, { state, slots, examplesPerSecond, reason }: WorkerRow): Line {
  const line = [span(`  ${name}  `), span(state.padEnd(STATE_WIDTH), WORKER_STYLES[state])];
  if (state === 'lost' || state === 'turned away') return [...line, span(`  ${reason ?? ''}`, 'dim')];
  const rate = examplesPerSecond > 0 ? `${formatCount(examplesPerSecond).padStart(8)} examples/s` : '';
  return [...line, span(`  ${formatCount(slots).padStart(7)} slots`), span(rate, 'dim')];
}

function labelled(label: string, value: string): Span[] {
  return [span(`${label} `, 'dim'), span(value, 'strong')];
}

function join(parts: readonly (readonly Span[])[]): Span[] {
  return parts.filter((part) => widthOf(part) > 0).flatMap((part, i) => (i === 0 ? [...part] : [SEPARATOR, ...part]));
}
