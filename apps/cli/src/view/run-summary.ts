/**
 * What is said when a run has completed: the result in a few lines, and what to do next.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { formatBytes, formatDuration } from '@geodesic/telemetry';
import { readNumber, readNumbers, readText } from './event-fields.ts';
import { formatCount, formatMeasurement, formatShare } from './format.ts';
import { span, type Line } from './styled-text.ts';

type RunData = Readonly<Record<string, unknown>>;

/** The result of a completed run, given the data of its envelope. */
export function runSummary(name: string, data: RunData): readonly Line[] {
  const { trainLoss, testLoss, testAccuracy } = readNumbers(data, 'measurements');
  const measured = [
    ...(testAccuracy === undefined ? [] : [`test accuracy ${formatShare(testAccuracy)}`]),
    ...(testLoss === undefined ? [] : [`test loss ${formatMeasurement(testLoss)}`]),
    ...(trainLoss === undefined ? [] : [`train loss ${formatMeasurement(trainLoss)}`]),
  ];
  const work = `${formatCount(readNumber(data, 'steps'))} steps, ${formatCount(readNumber(data, 'examples'))} examples, ${formatDuration(readNumber(data, 'seconds'))}`;
  const traffic = `${formatBytes(readNumber(data, 'bytesUp'))} up, ${formatBytes(readNumber(data, 'bytesDown'))} down`;
  return [
    [],
    [span('  ✓ ', 'good'), span(`${name} completed`, 'strong'), span(`  ${work}`)],
    [span(`    ${measured.join(', ')}`, 'strong')],
    [
      span(
        `    ${readText(data, 'engine')}, seed ${readNumber(data, 'seed')}, ${formatCount(readNumber(data, 'parameters'))} parameters, ${traffic}`,
        'dim',
      ),
    ],
    [span(`    ${readText(data, 'paramsDigest')}`, 'dim')],
  ];
}

/** Options of {@link nextSteps}. */
export interface NextStepsOptions {
  /** The run folder. */
  readonly directory: string;
  readonly data: RunData;
  /** The command that trains the same again. */
  readonly rerun: string;
}

/** The footer: what is in the run folder and which commands lead on. Only what exists is named. */
export function nextSteps({ directory, data, rerun }: NextStepsOptions): readonly Line[] {
  const checkpoints = join(directory, 'checkpoints');
  const newest = existsSync(checkpoints) ? readdirSync(checkpoints).toSorted().at(-1) : undefined;
  const files: [string, string][] = [
    ['the picture of the run', join(directory, 'run.svg')],
    ['the last checkpoint', join(checkpoints, newest ?? 'none')],
    ['every commit', join(directory, 'commit.log')],
    ['every measurement', join(directory, 'measurements.ndjson')],
  ];
  const rows = files.filter(([, path]) => existsSync(path)).map(([what, path]): [string, string] => [what, shorter(path)]);
  rows.push(
    ['is the folder sound', `npx geo verify ${shorter(directory)}`],
    ['the same bits again', rerun],
    ['another seed', `${rerun} --set seed=${readNumber(data, 'seed') + 1}`],
  );
  const width = Math.max(...rows.map(([what]) => what.length));
  return [
    [],
    [span('  Next steps', 'strong')],
    ...rows.map(([what, value]): Line => [span(`    ${what.padEnd(width)}  `, 'dim'), span(value)]),
  ];
}

/** A path as seen from the working folder where that is shorter. */
function shorter(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere !== '' && fromHere.length < path.length ? fromHere : path;
}
