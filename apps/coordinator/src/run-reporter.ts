/**
 * What a run tells people: its events, its measurements file, its totals and its picture. Nothing here decides anything.
 */
import { announcementOf } from '@geodesic/cluster';
import type { CommittedStep, Evaluation, LogView } from '@geodesic/cluster';
import { formatDuration, renderRunPicture } from '@geodesic/telemetry';
import type { MeasurementRecord, RunSeries } from '@geodesic/telemetry';
import type { Traffic } from '@geodesic/wire';
import type { RunFolder } from '@geodesic/run-store';
import { LineFile } from './line-file.ts';
import type { RunEvents } from './run-events.ts';
import type { RunMeta } from './run-meta.ts';
import type { RunResult, RunState } from './run-result.ts';
import { parseLine } from './scan-lines.ts';
import { ThinnedSeries } from './thinned-series.ts';
import { ToldOnce } from './told-once.ts';

/** Measurements that are read back at a time. */
const BATCH = 4096;

/** Options of {@link RunReporter}. */
export interface RunReporterOptions {
  readonly folder: RunFolder;
  readonly meta: RunMeta;
  readonly events: RunEvents;
  /** Bytes between this process and all workers so far. */
  readonly traffic: () => Traffic;
}

/** What a run has used so far. */
type Totals = Pick<RunResult, 'seconds' | 'bytesUp' | 'bytesDown'>;

/** Reports one run. */
export class RunReporter {
  readonly #options: RunReporterOptions;
  #file!: LineFile;
  readonly #recorded = new ToldOnce();
  /** Validation losses by step, for a run that keeps its best checkpoints. */
  readonly #validation = new Map<number, number>();
  readonly #before: Traffic;
  /** Of the coordinators before this one. */
  readonly #earlier: Totals;
  #latest: Record<string, number> = {};
  #examples = 0;
  #droppedSlots = 0;
  #startedAt: number | undefined;

  private constructor(options: RunReporterOptions) {
    this.#options = options;
    this.#before = options.traffic();
    const { seconds = 0, bytesUp = 0, bytesDown = 0 } = (options.events.last('step.committed')?.data ?? {}) as Partial<Totals>;
    this.#earlier = { seconds, bytesUp, bytesDown };
    if (options.events.last('run.started')) this.#startedAt = performance.now();
  }

  /** Goes on after what the measurements file holds. @param options.onError told when that file cannot be written */
  static async open(options: RunReporterOptions & { readonly onError: (error: Error) => void }): Promise<RunReporter> {
    const reporter = new RunReporter(options);
    const accept = (line: string): boolean => {
      const record = parseLine(line) as MeasurementRecord | undefined;
      if (record) reporter.#found(record);
      return record !== undefined;
    };
    const { folder, onError } = options;
    reporter.#file = await LineFile.open({ path: folder.file('measurements.ndjson'), accept, onError });
    return reporter;
  }

  /** Whether a worker has ever joined. */
  get hasStarted(): boolean {
    return this.#startedAt !== undefined;
  }

  /** Validation losses by step, of the evaluations so far; empty where no checkpoint is kept for being the best. */
  get validation(): ReadonlyMap<number, number> {
    return this.#validation;
  }

  /** The run has been accepted. @param origin of a fork: what it goes on from */
  accepted(origin: Readonly<Record<string, unknown>> = {}): void {
    const { folder, events } = this.#options;
    events.emit('run.accepted', { runId: folder.runId, directory: folder.path, ...origin });
  }

  /** What the log has is told where it has not been told before, and counted. */
  recount({ commits }: Pick<LogView, 'commits'>): void {
    for (const entry of commits) {
      const { type: _type, ...told } = announcementOf(entry);
      if ('examples' in told) this.committed(told);
      else this.#options.events.emit('step.rejected', told);
      this.dropped(entry);
    }
  }

  /** Slots that a relaxed run left out of a commit. */
  dropped({ rounds = [] }: LogView['commits'][number]): void {
    for (const { dropped = [] } of rounds) this.#droppedSlots += dropped.length;
  }

  /** The first worker has joined. */
  started(workers: number): void {
    const { meta, events } = this.#options;
    this.#startedAt = performance.now();
    events.emit('run.started', { workers, slots: meta.slots, engine: meta.engine, parameters: meta.parametersLayout.size });
  }

  /** The parameters stand at the head of the log again. */
  recovered(done: { readonly step: number; readonly seconds: number; readonly replayed: number; readonly recomputed: number }): void {
    this.#recorded.recovered(done.step);
    this.#options.events.emit('run.recovered', done);
  }

  /** A step is durable. */
  committed({ step, phase, examples, measurements, workers }: CommittedStep): void {
    const { meta, events } = this.#options;
    // Step 0 initialises from the first batch, which step 1 then trains on.
    if (step > 0) this.#examples += examples;
    Object.assign(this.#latest, measurements);
    if (Object.keys(measurements).length > 0) this.#record({ step, ...measurements });
    this.#recorded.committed(step);
    events.emit('step.committed', { step, steps: meta.steps, phase, workers, measurements, examples: this.#examples, ...this.#totals() });
  }

  /** The parameters after a step have been evaluated. */
  evaluated({ step, split, loss, accuracy, columns = {}, examples }: Evaluation): void {
    const means = { loss, ...(accuracy !== undefined && { accuracy }), ...columns };
    this.#noteEvaluation({ step, split, means });
    this.#record({ step, split, ...means, examples });
    this.#options.events.emit('evaluation', { step, split, ...means, examples });
  }

  /** The run in numbers. @param options.measurements replace the last values of the same names */
  result(options: { state: RunState; steps: number; paramsDigest: string; measurements: Readonly<Record<string, number>> }): RunResult {
    const { folder, meta } = this.#options;
    const { state, steps, paramsDigest } = options;
    return {
      runId: folder.runId,
      state,
      steps,
      examples: this.#examples,
      ...this.#totals(),
      ...(meta.exactness === 'relaxed' && { exactness: meta.exactness, droppedSlots: this.#droppedSlots }),
      seed: meta.seed,
      engine: meta.engine,
      parameters: meta.parametersLayout.size,
      paramsDigest,
      measurements: { ...this.#latest, ...options.measurements },
      directory: folder.path,
    };
  }

  /** The run as an SVG, drawn from the measurements in the file and those on their way there. */
  async picture({ measurements, steps, seconds }: RunResult): Promise<string> {
    const { meta } = this.#options;
    const facts = [
      ...(measurements['testAccuracy'] === undefined
        ? []
        : [{ label: 'test accuracy', value: `${(measurements['testAccuracy'] * 100).toFixed(1)} %` }]),
      ...(measurements['trainLoss'] === undefined ? [] : [{ label: 'train loss', value: measurements['trainLoss'].toPrecision(3) }]),
      { label: 'steps', value: String(steps) },
      { label: 'time', value: formatDuration(seconds) },
    ];
    return renderRunPicture(await this.#series(), {
      name: meta.name,
      facts,
      ...(meta.subtitle && { subtitle: meta.subtitle }),
    });
  }

  /** Resolves when the measurements are in the file. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  async #series(): Promise<RunSeries> {
    const curves = new ThinnedSeries();
    for (let next = 0; next < this.#file.length; next += BATCH) {
      const lines = await this.#file.read(next, BATCH).catch(() => []); // a picture lacks what cannot be read
      curves.add(lines.flatMap((line) => (parseLine(line) as MeasurementRecord | undefined) ?? []));
    }
    return curves.series;
  }

  /** An earlier coordinator measured this. */
  #found(record: MeasurementRecord): void {
    this.#recorded.found(identityOf(record), record.step);
    const { split, step, loss, accuracy, examples: _count, ...columns } = record;
    if (typeof split === 'string') this.#noteEvaluation({ split, step, means: numbersOf({ loss, accuracy, ...columns }) });
  }

  #noteEvaluation({ step, split, means }: { step: number; split: string; means: Readonly<Record<string, number>> }): void {
    for (const [name, mean] of Object.entries(means)) this.#latest[`${split}${name[0].toUpperCase()}${name.slice(1)}`] = mean;
    if (split === 'validation' && this.#options.meta.keep.best !== undefined) this.#validation.set(step, means['loss']);
  }

  #record(record: MeasurementRecord): void {
    if (this.#recorded.tell(identityOf(record), record.step)) this.#file.add(record);
  }

  #totals(): Totals {
    const { bytesUp, bytesDown } = this.#options.traffic();
    const seconds = this.#startedAt === undefined ? 0 : (performance.now() - this.#startedAt) / 1000;
    return {
      seconds: this.#earlier.seconds + seconds,
      bytesUp: this.#earlier.bytesUp + bytesUp - this.#before.bytesUp,
      bytesDown: this.#earlier.bytesDown + bytesDown - this.#before.bytesDown,
    };
  }
}

/** Equal for two records of the same measurement. */
function identityOf({ step, split }: MeasurementRecord): string {
  return JSON.stringify([step, split ?? null]);
}

function numbersOf(values: Readonly<Record<string, MeasurementRecord[string] | undefined>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, number] => typeof entry[1] === 'number'));
}
