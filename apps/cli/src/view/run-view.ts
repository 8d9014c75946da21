/**
 * What the terminal shows of a run: a value folded from the run's events, one `applyEvent` at a time. No clock and no terminal in here;
 * times are milliseconds handed in.
 */
import { median } from '@geodesic/telemetry';
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
  readonly state: 'joined' | 'computing' | 'waiting' | 'draining' | 'turned away' | 'lost' | 'done';
  /** Slots computed since it started. */
  readonly slots: number;
  readonly examplesPerSecond: number;
  /** Why it was lost or turned away. */
  readonly reason?: string;
}

/** The newest evaluation. */
export interface EvaluationRow {
  readonly step: number;
  readonly split: string;
  readonly loss: number;
  /** Classification only. */
  readonly accuracy?: number;
}

/** Everything that is shown. */
export interface RunView {
  readonly header: RunHeader;
  readonly runId?: string;
  readonly directory?: string;
  readonly engine?: string;
  readonly isOver: boolean;
  /** Why no steps are made at present. */
  readonly standstill?: 'recovering' | 'paused' | 'the disk fails';
  readonly step: number;
  readonly measurements: Readonly<Record<string, number>>;
  /** The course of the train loss, oldest first: every `lossStride`-th step. */
  readonly losses: readonly number[];
  readonly lossStride: number;
  readonly evaluation?: EvaluationRow;
  readonly workers: ReadonlyMap<string, WorkerRow>;
  /** Attempts at steps that were taken back. */
  readonly rejections: number;
  /** When the newest step was committed. */
  readonly committedAtMs?: number;
  /** Times between recent commits, oldest first. */
  readonly intervalsMs: readonly number[];
}

const RATE_WINDOW = 24;
const MOST_LOSSES = 512;

/** The view of a run of which nothing has been heard. */
export function createRunView(header: RunHeader): RunView {
  return {
    header,
    isOver: false,
    step: 0,
    measurements: {},
    losses: [],
    lossStride: 1,
    workers: new Map(),
    rejections: 0,
    intervalsMs: [],
  };
}

/** The view after one more event, which arrived at `nowMs`; events of unknown types change nothing. */
export function applyEvent(view: RunView, { type, data }: RunEvent, nowMs: number): RunView {
  switch (type) {
    case 'run.accepted':
      return { ...view, runId: readText(data, 'runId'), directory: readText(data, 'directory') };
    case 'run.started':
      return { ...view, engine: readText(data, 'engine') };
    case 'run.resumed':
      return standing({ ...view, step: Math.max(view.step, readNumber(data, 'step')) }, 'recovering');
    case 'run.paused':
      return standing(view, 'paused');
    case 'storage.failed':
      return standing(view, 'the disk fails');
    case 'run.recovered':
    case 'run.continued':
    case 'storage.mended':
      return standing(view, undefined);
    case 'step.committed':
      return afterCommit(standing(view, undefined), data, nowMs);
    case 'step.rejected':
      return { ...view, rejections: view.rejections + 1 };
    case 'evaluation':
      return { ...view, evaluation: evaluationOf(data) };
    case 'worker.joined':
      return withWorker(view, data, { state: 'joined', slots: 0, examplesPerSecond: 0 });
    case 'worker.lost':
      return withWorker(view, data, { state: 'lost', slots: 0, examplesPerSecond: 0, reason: readText(data, 'reason') });
    case 'worker.draining':
      return withWorker(view, data, { ...rowOf(view, data), state: 'draining' });
    case 'worker.deferred':
      return withWorker(view, data, { ...rowOf(view, data), state: 'turned away', reason: readText(data, 'reason') });
    case 'worker.progress': {
      const state = readText(data, 'state') === 'computing' ? 'computing' : 'waiting';
      return withWorker(view, data, { state, slots: readNumber(data, 'slots'), examplesPerSecond: readNumber(data, 'examplesPerSecond') });
    }
    case 'run.finished':
      return {
        ...view,
        isOver: true,
        workers: new Map([...view.workers].map(([name, row]) => [name, row.state === 'lost' ? row : { ...row, state: 'done' }])),
      };
    default:
      return view;
  }
}

/** Seconds that a recent step took: the median, so that one slow step does not make the time left jump. Undefined before the second commit. */
export function secondsPerStep({ intervalsMs }: RunView): number | undefined {
  const intervalMs = median(intervalsMs);
  return intervalMs === undefined || intervalMs === 0 ? undefined : intervalMs / 1000;
}

/** Seconds until the last step at the present rate, or undefined while there is none or when nothing is left. */
export function secondsLeft(view: RunView): number | undefined {
  const seconds = secondsPerStep(view);
  const steps = view.header.steps - view.step;
  return seconds === undefined || view.isOver || steps <= 0 ? undefined : steps * seconds;
}

function afterCommit(view: RunView, data: RunEvent['data'], atMs: number): RunView {
  const step = readNumber(data, 'step');
  const steps = readNumber(data, 'steps') || view.header.steps;
  const measurements = readNumbers(data, 'measurements');
  const intervals = view.committedAtMs === undefined ? [] : [atMs - view.committedAtMs];
  return {
    ...view,
    header: { ...view.header, steps },
    step,
    measurements: { ...view.measurements, ...measurements },
    ...lossesAfter(view, step, measurements['trainLoss']),
    committedAtMs: atMs,
    intervalsMs: [...view.intervalsMs, ...intervals].slice(-RATE_WINDOW),
  };
}

/** Keeps the course within a bounded number of points: when it is full, every second one goes and the stride doubles. */
function lossesAfter({ losses, lossStride }: RunView, step: number, loss: number | undefined): Pick<RunView, 'losses' | 'lossStride'> {
  if (loss === undefined || step % lossStride !== 0) return { losses, lossStride };
  if (losses.length < MOST_LOSSES) return { losses: [...losses, loss], lossStride };
  return { losses: [...losses.filter((_, i) => i % 2 === 1), loss], lossStride: lossStride * 2 };
}

function evaluationOf(data: RunEvent['data']): EvaluationRow {
  return {
    step: readNumber(data, 'step'),
    split: readText(data, 'split'),
    loss: readNumber(data, 'loss'),
    ...(typeof data['accuracy'] === 'number' && { accuracy: data['accuracy'] }),
  };
}

/** A view that makes steps, or does not; the time that a standstill takes is no step's. */
function standing({ standstill: _before, ...view }: RunView, standstill: RunView['standstill']): RunView {
  if (standstill === undefined) return view;
  const { committedAtMs: _at, ...moving } = view;
  return { ...moving, standstill };
}

function rowOf({ workers }: RunView, data: RunEvent['data']): WorkerRow {
  return workers.get(readText(data, 'worker')) ?? { state: 'joined', slots: 0, examplesPerSecond: 0 };
}

function withWorker(view: RunView, data: RunEvent['data'], row: WorkerRow): RunView {
  return { ...view, workers: new Map(view.workers).set(readText(data, 'worker'), row) };
}
