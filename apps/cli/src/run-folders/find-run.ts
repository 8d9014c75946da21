/**
 * Finds the folder of a run from what a person calls it: a folder, a run id, the name of a spec (its newest run), or the beginning of an
 * id that fits no other.
 */
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { didYouMean } from '@geodesic/run-spec';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-code.ts';

/** Where a run is. */
export interface FoundRun {
  readonly runId: string;
  readonly directory: string;
}

/** The file that every run folder has from its first moment. */
const EVENTS = 'events.ndjson';
const MOST_NAMED = 5;

/**
 * @param options.runsFolder folder that holds run folders
 * @throws {CliError} RUN_UNKNOWN or RUN_AMBIGUOUS, exit code 2
 */
export async function findRun(run: string, { runsFolder }: { readonly runsFolder: string }): Promise<FoundRun> {
  if (await isRunFolder(run)) return { runId: basename(resolve(run)), directory: resolve(run) };
  const ids = await runIds(runsFolder);
  const fitting = fittingRuns(run, ids);
  const [found, ...others] = fitting;
  if (found === undefined) throw unknown(run, { runsFolder, ids });
  if (others.length > 0) {
    const message = `run: expected the beginning of one run's id, got ${run}, which ${fitting.length} in ${runsFolder} begin with`;
    throw new CliError({ code: 'RUN_AMBIGUOUS', message, hint: `write more of it: ${listed(fitting)}`, exitCode: EXIT.usage });
  }
  return { runId: found, directory: resolve(runsFolder, found) };
}

/** The runs in a folder, oldest first within a name; none where there is no such folder. */
export async function listRuns(runsFolder: string): Promise<readonly FoundRun[]> {
  return (await runIds(runsFolder)).map((runId) => ({ runId, directory: resolve(runsFolder, runId) }));
}

/** The ids that fit what a person calls a run: the newest of that id or name, else all that begin so. */
export function fittingRuns(run: string, ids: readonly string[]): readonly string[] {
  const named = ids.findLast((id) => id === run || nameOf(id) === run);
  return named === undefined ? ids.filter((id) => id.startsWith(run)) : [named];
}

async function isRunFolder(path: string): Promise<boolean> {
  return (await entriesOf(path)).includes(EVENTS);
}

/** The ids of the runs in a folder, oldest first within a name. */
async function runIds(folder: string): Promise<string[]> {
  const names = (await entriesOf(folder)).toSorted();
  const known = await Promise.all(names.map((name) => isRunFolder(join(folder, name))));
  return names.filter((_, i) => known[i]);
}

/** Names in a folder; none where there is no such folder. */
async function entriesOf(path: string): Promise<string[]> {
  return readdir(path).catch(() => []);
}

function unknown(run: string, { runsFolder, ids }: { readonly runsFolder: string; readonly ids: readonly string[] }): CliError {
  const message = `run: expected a run id, its beginning or a run folder, got ${run}`;
  const hint =
    ids.length === 0
      ? `${runsFolder} holds no runs: name their folder with --runs DIR`
      : didYouMean(run, ids) || didYouMean(run, [...new Set(ids.map(nameOf))]) || `the newest in ${runsFolder}: ${listed(ids)}`;
  return new CliError({ code: 'RUN_UNKNOWN', message, hint, exitCode: EXIT.usage });
}

/** `digits-ndm` of `digits-ndm-20260101-120000-ab12`. */
function nameOf(id: string): string {
  return id.replace(/-\d{8}-\d{6}-[0-9a-f]{4}$/, '');
}

function listed(ids: readonly string[]): string {
  return `${ids.length > MOST_NAMED ? '…, ' : ''}${ids.slice(-MOST_NAMED).join(', ')}`;
}
