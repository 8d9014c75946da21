/**
 * What the terminal shows of a run: a value folded from the run's events, one `applyEvent` at a time. No clock and no terminal in here;
 * times are milliseconds handed in.
 */
import type { RunEvent } from '@geodesic/wire';
import { readNumber, readNumbers, readText } from './event-fields.ts';

/** What is known before the first event. */
export interface RunHeader {
  readonly name: string;
  readonly seed: number;
  /** Steps of the whole run. */
  readonly steps: number;
  /** Examples of one step. */
  readonly batch: number;
}

/** One worker's row. */
export interface WorkerRow {
  readonly state: 'joining' | 'computing' | 'waiting' | 'lost';
  /** Slots of its present assignment. */
  readonly slots: number;
  readonly examplesPerSecond: number;
  /** Why it was lost. */
  readonly reason?: string;
}

/** The newest evaluation. */
export interface EvaluationRow {
  readonly step: number;
  readonly split: string;
  readonly loss: number;
  readonly accuracy: number;
}

/** Everything that is shown. */
export interface RunView {
  readonly header: RunHeader;
  readonly runId?: string;
  readonly directory?: string;
  readonly engine?: string;
  readonly step: number;
  readonly measurements: Readonly<Record<string, number>>;
  /** Train losses by step, oldest first. */
  readonly losses: readonly number[];
  readonly evaluation?: EvaluationRow;
  readonly workers: ReadonlyMap<string, WorkerRow>;
  /** Steps per second over the recent commits; 0 until two are known. */
  readonly stepsPerSecond: number;
  /** Recent commits, oldest first, for the rate. */
  readonly commits: readonly { readonly step: number; readonly atMs: number }[];
}

const RATE_WINDOW = 24;

/** The view of a run of which nothing has been heard. */
export function createRunView(header: RunHeader): RunView {
  return { header, step: 0, measurements: {}, losses: [], workers: new Map(), stepsPerSecond: 0, commits: [] };
}

/** The view after one more event, which arrived at `nowMs`; events of unknown types change nothing. */
export function applyEvent(view: RunView, { type, data }: RunEvent, nowMs: number): RunView {
  switch (type) {
    case 'run.accepted':
      return { ...view, runId: readText(data, 'runId'), directory: readText(data, 'directory') };
    case 'run.started':
      return { ...view, engine: readText(data, 'engine') };
    case 'step.committed':
      return afterCommit(view, data, nowMs);
    case 'evaluation':
      return { ...view, evaluation: evaluationOf(data) };
    case 'worker.joined':
      return withWorker(view, data, { state: 'joining', slots: 0, examplesPerSecond: 0 });
    case 'worker.lost':
      return withWorker(view, data, { state: 'lost', slots: 0, examplesPerSecond: 0, reason: readText(data, 'reason') });
    case 'worker.progress': {
      const state = readText(data, 'state') === 'computing' ? 'computing' : 'waiting';
      return withWorker(view, data, { state, slots: readNumber(data, 'slots'), examplesPerSecond: readNumber(data, 'examplesPerSecond') });
    }
    default:
      return view;
  }
}

/** Seconds until the last step at the present rate, or undefined while there is none. */
export function secondsLeft({ header, step, stepsPerSecond }: RunView): number | undefined {
  return stepsPerSecond > 0 ? (header.steps - step) / stepsPerSecond : undefined;
}

function afterCommit(view: RunView, data: RunEvent['data'], atMs: number): RunView {
  const step = readNumber(data, 'step');
  const steps = readNumber(data, 'steps') || view.header.steps;
  const measurements = readNumbers(data, 'measurements');
  const commits = [...view.commits, { step, atMs }].slice(-RATE_WINDOW);
  const elapsedMs = atMs - commits[0].atMs;
  return {
    ...view,
    header: { ...view.header, steps },
    step,
    measurements: { ...view.measurements, ...measurements },
    losses: measurements['trainLoss'] === undefined ? view.losses : [...view.losses, measurements['trainLoss']],
    commits,
    stepsPerSecond: elapsedMs > 0 ? ((step - commits[0].step) * 1000) / elapsedMs : view.stepsPerSecond,
  };
}

function evaluationOf(data: RunEvent['data']): EvaluationRow {
  return {
    step: readNumber(data, 'step'),
    split: readText(data, 'split'),
    loss: readNumber(data, 'loss'),
    accuracy: readNumber(data, 'accuracy'),
  };
}

function withWorker(view: RunView, data: RunEvent['data'], row: WorkerRow): RunView {
  return { ...view, workers: new Map(view.workers).set(readText(data, 'worker'), row) };
}
