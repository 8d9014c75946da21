/**
 * What a run tells people: its events, its measurements file, its totals and its picture. Nothing here decides anything.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { collectSeries, formatDuration, MeasurementsWriter, renderRunPicture } from '@geodesic/telemetry';
import type { MeasurementRecord } from '@geodesic/telemetry';
import type { Traffic } from '@geodesic/wire';
import type { RunEvents } from './run-events.ts';
import type { RunFolder } from './run-folder.ts';
import type { CommittedStep, Evaluation } from './run-loop.ts';
import type { RunMeta } from './run-meta.ts';
import type { RunResult, RunState } from './run-result.ts';

/** Options of {@link RunReporter}. */
export interface RunReporterOptions {
  readonly folder: RunFolder;
  readonly meta: RunMeta;
  readonly events: RunEvents;
  /** Bytes between this process and all workers so far. */
  readonly traffic: () => Traffic;
}

/** Reports one run. */
export class RunReporter {
  readonly #options: RunReporterOptions;
  readonly #file: FileHandle;
  readonly #writer: MeasurementsWriter;
  readonly #records: MeasurementRecord[] = [];
  readonly #before: Traffic;
  #latest: Record<string, number> = {};
  #examples = 0;
  #startedAt: number | undefined;

  private constructor(options: RunReporterOptions, file: FileHandle) {
    this.#options = options;
    this.#file = file;
    this.#writer = new MeasurementsWriter((text) => file.appendFile(text));
    this.#before = options.traffic();
  }

  /** Opens the measurements file and announces the run. */
  static async open(options: RunReporterOptions): Promise<RunReporter> {
    const { folder, events } = options;
    const reporter = new RunReporter(options, await open(folder.file('measurements.ndjson'), 'a'));
    events.emit('run.accepted', { runId: folder.runId, directory: folder.path });
    return reporter;
  }

  /** The first worker has joined. */
  started(workers: number): void {
    const { meta, events } = this.#options;
    this.#startedAt = performance.now();
    events.emit('run.started', { workers, slots: meta.slots, engine: meta.engine, parameters: meta.parametersLayout.size });
  }

  /** A step is durable. */
  committed({ step, phase, examples, measurements, workers }: CommittedStep): void {
    const { meta, events } = this.#options;
    // Step 0 initialises from the first batch, which step 1 then trains on.
    if (step > 0) this.#examples += examples;
    Object.assign(this.#latest, measurements);
    if (Object.keys(measurements).length > 0) this.#record({ step, ...measurements });
    events.emit('step.committed', { step, steps: meta.steps, phase, workers, measurements, examples: this.#examples, ...this.#totals() });
  }

  /** The parameters after a step have been evaluated. */
  evaluated({ step, split, loss, accuracy, columns = {}, examples }: Evaluation): void {
    const means = { loss, ...(accuracy !== undefined && { accuracy }), ...columns };
    for (const [name, mean] of Object.entries(means)) this.#latest[`${split}${name[0].toUpperCase()}${name.slice(1)}`] = mean;
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
      seed: meta.seed,
      engine: meta.engine,
      parameters: meta.parametersLayout.size,
      paramsDigest,
      measurements: { ...this.#latest, ...options.measurements },
      directory: folder.path,
    };
  }

  /** The run as an SVG. */
  picture({ measurements, steps, seconds }: RunResult): string {
    const { meta } = this.#options;
    const facts = [
      ...(measurements['testAccuracy'] === undefined
        ? []
        : [{ label: 'test accuracy', value: `${(measurements['testAccuracy'] * 100).toFixed(1)} %` }]),
      ...(measurements['trainLoss'] === undefined ? [] : [{ label: 'train loss', value: measurements['trainLoss'].toPrecision(3) }]),
      { label: 'steps', value: String(steps) },
      { label: 'time', value: formatDuration(seconds) },
    ];
    return renderRunPicture(collectSeries(this.#records), { name: meta.name, facts, ...(meta.subtitle && { subtitle: meta.subtitle }) });
  }

  /** Resolves when the measurements are in the file. */
  async close(): Promise<void> {
    await this.#writer.flush();
    await this.#file.close();
  }

  #record(record: MeasurementRecord): void {
    this.#records.push(record);
    this.#writer.write(record).catch(() => undefined); // numbers for people: the commit log alone must not fail
  }

  #totals(): Pick<RunResult, 'seconds' | 'bytesUp' | 'bytesDown'> {
    const { bytesUp, bytesDown } = this.#options.traffic();
    const seconds = this.#startedAt === undefined ? 0 : (performance.now() - this.#startedAt) / 1000;
    return { seconds, bytesUp: bytesUp - this.#before.bytesUp, bytesDown: bytesDown - this.#before.bytesDown };
  }
}
