/**
 * `geo list`: the runs in a folder, what each is doing or how it ended, and how far it came.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArteryStatus } from '@geodesic/wire';
import { natsOptionsOf, type NatsFlags } from '../artery/nats-flags.ts';
import { runsHeard } from '../artery/runs-heard.ts';
import { EXIT } from '../exit-code.ts';
import type { CommandIo, CommandResult } from '../output.ts';
import { listRuns, type FoundRun } from '../run-folders/find-run.ts';
import { leadershipOf } from '../run-folders/live-run.ts';
import { readNumber, readText } from '../view/event-fields.ts';
import { wantsColour } from '../view/screen.ts';
import { paint, span, type Line, type Style } from '../view/styled-text.ts';
import { textTable, type Column } from '../view/text-table.ts';
import { readAnnounced } from '../verify/announced-faults.ts';

/** Options of {@link listCommand}. */
export interface ListCommandOptions extends NatsFlags {
  readonly runsFolder: string;
}

/** One run. */
interface RunRow extends Omit<FoundRun, 'directory'> {
  /** Absent for one that is elsewhere. */
  readonly directory?: string;
  /** Of its coordinator, or how it ended; `interrupted`: it did not end and nobody leads it. */
  readonly state: string;
  /** The last step that was announced. */
  readonly step: number;
  readonly steps: number;
  /** Of a run that is led here with NATS. */
  readonly nats?: ArteryStatus;
}

const COLUMNS: readonly Column<RunRow>[] = [
  { heading: 'run', cell: ({ runId }) => runId, style: () => 'strong' },
  { heading: 'state', cell: ({ state }) => state, style: ({ state }) => styleOf(state) },
  { heading: 'step', cell: ({ step, steps }) => `${step}/${steps}`, align: 'right' },
];

const NATS_COLUMN: Column<RunRow> = {
  heading: 'NATS',
  cell: ({ nats }) => (nats === undefined ? '' : `${nats.connected ? 'there' : 'away'}, ${nats.behind} behind`),
  style: ({ nats }) => (nats?.connected === false ? 'bad' : 'dim'),
};

/** Lists the runs, oldest first within a name; with NATS also those of the cluster that are elsewhere. @throws {CliError} NATS_* */
export async function listCommand({ runsFolder, ...flags }: ListCommandOptions, io: CommandIo): Promise<CommandResult> {
  const here = await Promise.all((await listRuns(runsFolder)).map(rowOf));
  const nats = natsOptionsOf(flags, io.env);
  const heard = nats === undefined ? [] : await runsHeard(nats);
  const runs: readonly RunRow[] = [...here, ...heard.filter(({ runId }) => !here.some((row) => row.runId === runId))];
  const colour = wantsColour(io.stdout, io.env);
  const none: Line[] = [[span(`${runsFolder} holds no runs: name their folder with --runs DIR`)]];
  const columns = runs.some((row) => row.nats) ? [...COLUMNS, NATS_COLUMN] : COLUMNS;
  const lines = runs.length === 0 ? none : textTable(columns, runs);
  const text = `${lines.map((line) => paint(line, { colour }).trimEnd()).join('\n')}\n`;
  return { data: { runs }, text, exitCode: EXIT.ok };
}

async function rowOf(found: FoundRun): Promise<RunRow> {
  const steps = await stepsOf(found);
  const leadership = await leadershipOf(found);
  if (leadership.state === 'live') {
    const { state, step, artery } = leadership.status;
    return { ...found, state, step, steps, ...(artery && { nats: artery }) };
  }
  const { step, result = {} } = await readAnnounced({ file: (name) => join(found.directory, name) });
  const ended = readText(result, 'state') || 'interrupted';
  return { ...found, state: leadership.state === 'silent' ? 'silent' : ended, step: readNumber(result, 'steps') || step, steps };
}

async function stepsOf({ directory }: FoundRun): Promise<number> {
  try {
    return readNumber(JSON.parse(await readFile(join(directory, 'spec.json'), 'utf8')) as Record<string, unknown>, 'steps');
  } catch {
    return 0; // a folder that is being made, or is damaged: geo verify says more
  }
}

function styleOf(state: string): Style {
  if (state === 'completed') return 'good';
  return state === 'failed' || state === 'interrupted' || state === 'silent' ? 'bad' : 'accent';
}
