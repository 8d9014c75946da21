/**
 * `geo simulate`: runs the cluster's state machines through seeded schedules of faults in virtual time. Exit code 1 when a schedule breaks
 * a promise, with the command that shows it again; with a planted bug, when no schedule does.
 */
import { plantedBugs, runSchedules, type PlantedBug } from '@geodesic/chaos';
import { didYouMean } from '@geodesic/run-spec';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import { wantsColour } from '../view/screen.ts';
import { simulationLines, type SimulationReport } from '../view/simulation-lines.ts';
import { paint } from '../view/styled-text.ts';

/** Options of {@link simulateCommand}. */
export interface SimulateCommandOptions {
  /** Of the first schedule; the next ones count on. */
  readonly seed: number;
  readonly schedules: number;
  /** A bug that is there on purpose. */
  readonly plant?: string;
}

/** Simulates until a schedule fails, or all have passed. @throws {CliError} USAGE for an unknown bug */
export async function simulateCommand({ seed, schedules, plant }: SimulateCommandOptions, io: CommandIo): Promise<CommandResult> {
  const bug = plant === undefined ? undefined : plantedBug(plant);
  const report = run({ seed, schedules, ...(bug !== undefined && { plant: bug }) });
  const isFound = report.failure !== undefined;
  const colour = wantsColour(io.stdout, io.env);
  const lines = simulationLines(report, bug && plantedBugs[bug].description);
  return {
    data: { ...report },
    text: `${lines.map((line) => paint(line, { colour })).join('\n')}\n`,
    exitCode: isFound === (bug !== undefined) ? EXIT.ok : EXIT.failed,
  };
}

function run({ seed, schedules, plant }: { seed: number; schedules: number; plant?: PlantedBug }): SimulationReport {
  const began = performance.now();
  const { failed, ...report } = runSchedules({ from: seed, count: schedules, ...(plant !== undefined && { plant }) });
  const replay = failed && `npx geo simulate --seed ${failed.seed} --schedules 1${plant === undefined ? '' : ` --plant ${plant}`}`;
  const seconds = (performance.now() - began) / 1000;
  return {
    ...report,
    seconds,
    ...(plant !== undefined && { plant }),
    ...(failed && { failure: failed.failure!, failedSeed: failed.seed, lastEvents: failed.lastEvents, replay: replay! }),
  };
}

function plantedBug(name: string): PlantedBug {
  const names = Object.keys(plantedBugs) as PlantedBug[];
  const found = names.find((bug) => bug === name);
  if (found !== undefined) return found;
  const hint = didYouMean(name, names) || `bugs are ${names.join(', ')}`;
  throw new CliError({ code: 'USAGE', message: `--plant: expected a bug that can be planted, got ${name}`, hint, exitCode: EXIT.usage });
}
