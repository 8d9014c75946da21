/**
 * `geo chaos`: trains a spec undisturbed, then again under seeded faults on real processes, and compares every bit. Exit code 1 when one
 * differs, or when a defect showed. It kills and stops only processes that it has started.
 */
import { resolve } from 'node:path';
import { faultSchedule, type FaultKind, type ScheduledFault } from '@geodesic/chaos';
import type { RunSpec } from '@geodesic/run-spec';
import { firstDifference } from '../chaos/compare-runs.ts';
import { faultCosts, spanSeconds, usualStepSeconds } from '../chaos/disturbance-report.ts';
import { observeRun, type ObservedRun } from '../chaos/disturbed-run.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import { loadSpec } from '../load-spec.ts';
import type { CommandIo, CommandResult, OutputFormat } from '../output.ts';
import { ensureWritableFolder } from '../places.ts';
import { readRun } from '../run-folders/read-run.ts';
import type { FoundRun } from '../run-folders/find-run.ts';
import { chaosLines, faultLine, type ChaosReport } from '../view/chaos-lines.ts';
import { readText } from '../view/event-fields.ts';
import { createRunReporter, type RunReporter } from '../view/run-reporter.ts';
import { wantsColour } from '../view/screen.ts';
import { paint } from '../view/styled-text.ts';
import { verifyRun } from '../verify/verify-run.ts';
import { underInterruption, type Guards } from './conduct.ts';

/** Options of {@link chaosCommand}; times in ms. */
export interface ChaosCommandOptions {
  readonly specPath: string;
  readonly overrides: readonly string[];
  /** Of the faults. */
  readonly seed: number;
  readonly mtbf: number;
  /** About how long the disturbed run is to take; sets the steps. */
  readonly duration?: number;
  readonly steps?: number;
  readonly workers?: number;
  readonly coordinatorKills: number;
  /** Whether lines are cut, too. */
  readonly proxy: boolean;
  /** The digest of the undisturbed run, if it is known. */
  readonly reference?: string;
  readonly runsFolder: string;
  readonly format: OutputFormat;
}

/** Steps of the run that measures how long one takes. */
const MEASURED_STEPS = 40;
/** Share of the time that is expected to be useful. */
const EXPECTED_GOODPUT = 0.7;
/** How long faults go on where nothing says how long the run takes, ms. */
const DEFAULT_HORIZON_MS = 60_000;
const WEIGHTS: Readonly<Partial<Record<FaultKind, number>>> = { 'kill-worker': 6, 'stop-worker': 2, cut: 2, 'half-open': 1, partition: 1 };

/** Breaks a run on purpose. @throws {CliError} when one of the runs does not complete */
export async function chaosCommand(options: ChaosCommandOptions, io: CommandIo): Promise<CommandResult> {
  const note = (text: string): void => void (options.format === 'text' ? io.stdout : io.stderr).write(`${text}\n`);
  const runsFolder = resolve(options.runsFolder);
  await ensureWritableFolder(runsFolder);
  // A live view has no room for two runs; as jsonl the events are those of the disturbed one.
  const shown = createRunReporter(options.format === 'jsonl' ? 'jsonl' : 'json', io);
  const report = await underInterruption(shown, (guards) => breakRun({ ...options, runsFolder }, { guards, note, shown }));
  const colour = wantsColour(io.stdout, io.env);
  return {
    data: { ...report },
    text: `${chaosLines(report)
      .map((line) => paint(line, { colour }))
      .join('\n')}\n`,
    exitCode: report.faults.length === 0 ? EXIT.ok : EXIT.failed,
  };
}

interface Stage {
  readonly guards: Guards;
  readonly note: (text: string) => void;
  readonly shown: RunReporter;
}

async function breakRun(options: ChaosCommandOptions, { guards, note, shown }: Stage): Promise<ChaosReport> {
  const { specPath, runsFolder, seed, proxy, reference } = options;
  const quiet: RunReporter = { begin() {}, event() {}, notice: note, close() {} };
  const observe = (spec: RunSpec): Promise<ObservedRun> => observeRun({ spec, specPath, runsFolder, reporter: quiet, ...guards });

  requireExact(await loadRun(options, undefined));
  const spec = await loadRun(options, await stepsFor(options, observe));
  note(`${spec.name}: ${spec.steps ?? spec.epochs} ${spec.steps === undefined ? 'epochs' : 'steps'}, ${spec.cluster.workers} workers`);
  const undisturbed = reference === undefined ? await observe(spec) : undefined;
  if (undisturbed) note(`undisturbed: ${spanSeconds(undisturbed).toFixed(1)} s, ${digestOf(undisturbed)}`);

  const horizonMs = undisturbed ? 1000 * spanSeconds(undisturbed) : (options.duration ?? DEFAULT_HORIZON_MS);
  const beganMs = performance.now();
  const disturbed = await observeRun({
    ...guards,
    spec,
    specPath,
    runsFolder,
    reporter: { ...shown, notice: note },
    schedule: scheduleOf(options, horizonMs),
    coordinatorKills: killsOf(options),
    ...(proxy && { proxySeed: seed }),
    onFault: (fault) => note(faultLine(fault, beganMs)),
  });
  return reportOf({ disturbed, reference, ...(undisturbed && { undisturbed }) });
}

/** A relaxed run may leave slots out when it is disturbed: other bits would say nothing. */
function requireExact({ exactness }: RunSpec): void {
  if (exactness === 'exact') return;
  const message = `exactness: expected exact, got ${exactness}`;
  throw new CliError({ code: 'SPEC_INVALID', message, hint: 'chaos compares bits: --set exactness=exact', exitCode: EXIT.usage });
}

/** The steps of both runs: as asked for, or as many as fill the time. */
async function stepsFor(options: ChaosCommandOptions, observe: (spec: RunSpec) => Promise<ObservedRun>): Promise<number | undefined> {
  const { steps, duration, reference } = options;
  if (steps !== undefined || duration === undefined || reference !== undefined) return steps;
  const seconds = usualStepSeconds(await observe(await loadRun(options, MEASURED_STEPS)));
  return Math.max(MEASURED_STEPS, Math.ceil((EXPECTED_GOODPUT * duration) / 1000 / (seconds ?? 1)));
}

function loadRun({ specPath, overrides, workers }: ChaosCommandOptions, steps: number | undefined): Promise<RunSpec> {
  const set = [...(steps === undefined ? [] : [`steps=${steps}`]), ...(workers === undefined ? [] : [`cluster.workers=${workers}`])];
  return loadSpec(specPath, { overrides: [...overrides, ...set] });
}

/** Faults of workers, until well after the expected end. */
function scheduleOf({ seed, mtbf, proxy }: ChaosCommandOptions, horizonMs: number): readonly ScheduledFault[] {
  const { 'kill-worker': kill = 0, 'stop-worker': stop = 0 } = WEIGHTS;
  const weights = proxy ? WEIGHTS : { 'kill-worker': kill, 'stop-worker': stop };
  return faultSchedule({ seed, mtbfMs: mtbf, durationMs: 3 * horizonMs, weights });
}

/** One at a random moment of each equal part of the run, as shares of its steps. */
function killsOf({ seed, coordinatorKills }: ChaosCommandOptions): readonly number[] {
  const parts = 1_000_000;
  const faults = faultSchedule({ seed: seed + 1, mtbfMs: parts, durationMs: 0.98 * parts, weights: {}, coordinatorKills });
  return faults.map(({ atMs }) => atMs / parts);
}

interface Compared {
  readonly disturbed: ObservedRun;
  readonly undisturbed?: ObservedRun;
  readonly reference: string | undefined;
}

async function reportOf({ disturbed, undisturbed, reference }: Compared): Promise<ChaosReport> {
  const expected = undisturbed ? digestOf(undisturbed) : (reference ?? '');
  const got = digestOf(disturbed);
  const found = foundRun(disturbed);
  const verified = await verifyRun(found);
  const difference = undisturbed && firstDifference((await readRun(foundRun(undisturbed))).view, verified.run.view);
  const faults = [
    ...(got === expected ? [] : [`paramsDigest: expected ${expected} as undisturbed, got ${got}`]),
    ...(difference === undefined ? [] : [`the log: ${difference}`]),
    ...verified.faults,
    ...disturbed.defects,
  ];
  const wall = spanSeconds(disturbed);
  const useful = undisturbed ? spanSeconds(undisturbed) : (usualStepSeconds(disturbed) ?? 0) * (disturbed.commitsMs.length - 1);
  return {
    same: got === expected && difference === undefined,
    faults,
    paramsDigest: got,
    reference: expected,
    runId: found.runId,
    directory: found.directory,
    commits: verified.log.steps,
    coordinators: verified.log.terms,
    seconds: wall,
    goodput: wall > 0 ? useful / wall : 1,
    injected: faultCosts(disturbed),
    ...(undisturbed && { undisturbed: { directory: undisturbed.finished.directory, seconds: useful } }),
    ...(disturbed.memory && { coordinatorMemory: disturbed.memory }),
  };
}

function digestOf({ finished }: ObservedRun): string {
  return readText(finished.data, 'paramsDigest');
}

function foundRun({ finished: { data, directory } }: ObservedRun): FoundRun {
  return { runId: readText(data, 'runId'), directory };
}
