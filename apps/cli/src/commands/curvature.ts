/**
 * `geo curvature`: how the curvature of each layer of a run is, read from its run folder; the run may be over or under way.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { didYouMean } from '@geodesic/run-spec';
import { readRefreshes, stateAt, type Refresh } from '../curvature/curvature-events.ts';
import { findRun, type FoundRun } from '../run-folders/find-run.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import { curvatureTable, historyTable } from '../view/curvature-table.ts';
import { wantsColour } from '../view/screen.ts';
import { paint, span, type Line } from '../view/styled-text.ts';

/** Options of {@link curvatureCommand}. */
export interface CurvatureCommandOptions {
  /** A run id, the name of a spec (its newest run), the unique beginning of an id, or a run folder. */
  readonly run: string;
  readonly runsFolder: string;
  /** State after this step; default the latest. */
  readonly step?: number;
  /** A layer whose every report is listed instead. */
  readonly history?: string;
}

/** Reads and shows the curvature of a run. @throws {CliError} RUN_UNKNOWN, RUN_AMBIGUOUS, EVENTS_CORRUPT, NO_CURVATURE or LAYER_UNKNOWN */
export async function curvatureCommand(options: CurvatureCommandOptions, io: CommandIo): Promise<CommandResult> {
  const found = await findRun(options.run, options);
  const path = join(found.directory, 'events.ndjson');
  const refreshes = readRefreshes(await readFile(path, 'utf8'), path);
  if (refreshes.length === 0) throw await withoutCurvature(found);
  const { data, title, table } =
    options.history === undefined ? stateOf(refreshes, options) : historyOf(refreshes, options.history, options.step);
  const colour = wantsColour(io.stdout, io.env);
  const lines: Line[] = [[span(`${found.runId}: `, 'strong'), span(title)], [], ...table];
  return {
    data: { ...found, ...data },
    text: `${lines.map((line) => paint(line, { colour }).trimEnd()).join('\n')}\n`,
    exitCode: EXIT.ok,
  };
}

interface Answer {
  readonly data: Readonly<Record<string, unknown>>;
  readonly title: string;
  readonly table: readonly Line[];
}

function stateOf(refreshes: readonly Refresh[], { step }: Pick<CurvatureCommandOptions, 'step'>): Answer {
  const layers = stateAt(refreshes, step);
  if (layers.length === 0) {
    const [{ step: first }] = refreshes;
    const message = `--step: expected a step with curvature, got ${step}`;
    throw new CliError({ code: 'NO_CURVATURE', message, hint: `the first report is of step ${first}`, exitCode: EXIT.usage });
  }
  const at = Math.max(...layers.map((layer) => layer.step));
  return { data: { step: at, layers }, title: `curvature of ${layers.length} layers after step ${at}`, table: curvatureTable(layers) };
}

function historyOf(refreshes: readonly Refresh[], layer: string, step = Infinity): Answer {
  const until = refreshes.filter((refresh) => refresh.step <= step);
  const history = until.flatMap((refresh) =>
    refresh.layers.filter((row) => row.layer === layer).map((row) => ({ step: refresh.step, ...row })),
  );
  if (history.length === 0) {
    const layers = [...new Set(refreshes.flatMap((refresh) => refresh.layers.map((row) => row.layer)))];
    const message = `--history: expected a layer that has reported, got ${layer}`;
    const hint = didYouMean(layer, layers) || `layers are ${layers.join(', ')}`;
    throw new CliError({ code: 'LAYER_UNKNOWN', message, hint, exitCode: EXIT.usage });
  }
  return { data: { layer, history }, title: `${history.length} reports of ${layer}`, table: historyTable(layer, until) };
}

/** Which methods the run has, from its frozen spec, and which would have told. */
async function withoutCurvature({ runId, directory }: FoundRun): Promise<CliError> {
  const methods = await methodsOf(directory);
  const message = `run ${runId}: expected reports of curvature, got none${methods.length > 0 ? ` from ${methods.join(', ')}` : ''}`;
  const hint = 'kfac, metric-kfac, ekfac, diagonal, block and cg with a preconditioner report, from their first refresh on';
  return new CliError({ code: 'NO_CURVATURE', message, hint, exitCode: EXIT.failed });
}

async function methodsOf(directory: string): Promise<string[]> {
  try {
    const spec = JSON.parse(await readFile(join(directory, 'spec.json'), 'utf8')) as {
      optimizer: { groups: readonly { method: string }[] };
    };
    return [...new Set(spec.optimizer.groups.map(({ method }) => method))];
  } catch {
    return []; // the message does without
  }
}
