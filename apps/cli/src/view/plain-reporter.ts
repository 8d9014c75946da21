/**
 * Plain lines for pipes, files and CI logs: about twenty lines of progress over a run, one for every evaluation and every change of workers.
 */
import { formatDuration } from '@geodesic/telemetry';
import type { RunEvent } from '@geodesic/wire';
import type { BundleSummary } from '../build-bundle.ts';
import type { TextSink } from '../output.ts';
import { conditionLine } from './condition-lines.ts';
import { readNumber, readObject, readObjects, readText } from './event-fields.ts';
import { formatCount, formatMeasurement, formatShare } from './format.ts';
import { groupTable } from './group-table.ts';
import type { RunReporter } from './run-reporter.ts';
import { applyEvent, createRunView, secondsLeft, type RunHeader, type RunView } from './run-view.ts';
import { paint } from './styled-text.ts';

const PROGRESS_LINES = 20;
const SEARCH_LABELS: readonly (readonly [string, string])[] = [
  ['damping', 'damping'],
  ['learningRate', 'step size'],
  ['momentum', 'momentum'],
];

/** Writes one line for what is worth one. */
export class PlainReporter implements RunReporter {
  readonly #out: TextSink;
  readonly #notices: TextSink;
  #view: RunView | undefined;

  constructor(out: TextSink, notices: TextSink) {
    this.#out = out;
    this.#notices = notices;
  }

  begin(header: RunHeader, summary?: BundleSummary): void {
    this.#view = createRunView(header);
    this.#write(`${header.name}: ${formatCount(header.steps)} steps of ${formatCount(header.batch)} examples, seed ${header.seed}`);
    for (const line of summary ? groupTable(summary) : []) this.#write(paint(line, { colour: false }));
  }

  event(event: RunEvent): void {
    if (this.#view === undefined) return;
    this.#view = applyEvent(this.#view, event, performance.now());
    const text = lineFor(event, this.#view);
    if (text !== undefined) this.#write(text);
  }

  notice(text: string): void {
    this.#notices.write(`geo: ${text}\n`);
  }

  close(): void {
    this.#view = undefined;
  }

  #write(text: string): void {
    this.#out.write(`${text.trimEnd()}\n`);
  }
}

/** The line that an event is worth, given the view after it, or undefined. */
export function lineFor(event: RunEvent, view: RunView): string | undefined {
  const { type, data } = event;
  switch (type) {
    case 'run.accepted':
      return `run ${view.runId} in ${view.directory}`;
    case 'worker.joined':
      return `${readText(data, 'worker')} joined`;
    case 'worker.lost':
      return `${readText(data, 'worker')} lost: ${readText(data, 'reason')}`;
    case 'step.committed':
      return isWorthALine(view) ? progressText(view) : undefined;
    case 'evaluation': {
      const { step, split, loss, accuracy } = view.evaluation!;
      const hits = accuracy === undefined ? '' : `  ${split} accuracy ${formatShare(accuracy)}`;
      return `${stepText(step, view)}  ${split} loss ${formatMeasurement(loss)}${hits}`;
    }
    case 'evaluation.failed':
      return `${stepText(readNumber(data, 'step'), view)}  no evaluation (${readText(data, 'worker')}: ${readText(data, 'reason')})`;
    case 'step.rejected': {
      const next = readNumber(data, 'damping');
      const damping = next > 0 ? `; damping ${formatMeasurement(next)}` : '';
      const { worker, reason } = readObject(data, 'failure');
      const met = typeof worker === 'string' && typeof reason === 'string' ? ` (${worker}: ${reason})` : '';
      return `${stepText(readNumber(data, 'step'), view)}  attempt ${readNumber(data, 'attempt') + 1} rejected: ${readText(data, 'reason')}${met}${damping}`;
    }
    case 'curvature.refreshed':
      return refreshText(data, view);
    default:
      return conditionLine(event);
  }
}

/** Refreshes are as frequent as steps can be: those at steps that are worth a line, and those at which an inverse was kept. */
function refreshText(data: RunEvent['data'], view: RunView): string | undefined {
  const step = readNumber(data, 'step');
  const layers = readObjects(data, 'layers');
  const kept = layers.filter((layer) => readNumber(layer, 'kept') > 0).map((layer) => readText(layer, 'layer'));
  if (layers.length === 0 || (kept.length === 0 && !isWorthALine({ ...view, step }))) return undefined;
  const conditions = layers.map((layer): [number, string] => [
    Math.max(readNumber(layer, 'conditionA'), readNumber(layer, 'conditionS')),
    readText(layer, 'layer'),
  ]);
  const [worst, where] = conditions.reduce((so, next) => (next[0] > so[0] ? next : so));
  const condition = worst > 0 ? `, worst condition ${formatMeasurement(worst)} (${where})` : '';
  const failures = kept.length > 0 ? `, old inverses kept for ${kept.join(', ')}` : '';
  return `${stepText(step, view)}  curvature of ${layers.length} ${layers.length === 1 ? 'layer' : 'layers'} refreshed${condition}${failures}`;
}

function isWorthALine({ step, header }: RunView): boolean {
  return step === 1 || step === header.steps || step % Math.max(1, Math.ceil(header.steps / PROGRESS_LINES)) === 0;
}

function progressText(view: RunView): string {
  const left = secondsLeft(view);
  const parts = [stepText(view.step, view)];
  if (view.measurements['trainLoss'] !== undefined) parts.push(`loss ${formatMeasurement(view.measurements['trainLoss'])}`);
  // Only a search counts its attempts; what others report is written in the spec.
  for (const [key, label] of view.measurements['attempts'] === undefined ? [] : SEARCH_LABELS) {
    const value = view.measurements[key];
    if (value !== undefined) parts.push(`${label} ${formatMeasurement(value)}`);
  }
  if (left !== undefined) parts.push(`${formatDuration(left)} left`);
  return parts.join('  ');
}

function stepText(step: number, { header }: RunView): string {
  return `step ${String(step).padStart(String(header.steps).length)}/${header.steps}`;
}
