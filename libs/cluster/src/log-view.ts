/**
 * What a commit log says: what the run is, which commits it has, where its parameters stand, and what people have asked for. Read by whoever
 * takes a run over, and by the tools for people.
 */
import { ProtocolError } from './errors.ts';
import { LOG_FORMAT } from './log-entries.ts';
import type { FingerprintEntry, FinishedEntry, LogRecord, RejectedEntry, RunEntry, StepEntry } from './log-entries.ts';

/** Where the parameters stand: the last step that was made, and the updates behind them, takings back included. */
export interface LogHead {
  readonly step: number;
  readonly version: number;
  readonly chain: string;
}

/** A log, read. */
export interface LogView {
  readonly run: RunEntry;
  /** The one that holds at the end. */
  readonly fingerprint?: FingerprintEntry;
  /** Of the last record. */
  readonly term: number;
  /** Steps and attempts that were given up, in order. */
  readonly commits: readonly (StepEntry | RejectedEntry)[];
  /** After the last commit. */
  readonly head: LogHead;
  /** The first step that is not to be made, where the run was paused and not resumed or stopped since. */
  readonly pausedFrom?: number;
  /** How many workers were asked for last. */
  readonly wantedWorkers?: number;
  /** How it ended, unless somebody has taken it up again since. */
  readonly finished?: FinishedEntry;
  /** Whether its last leader was asked to stop it. */
  readonly stopRequested: boolean;
}

type Changing = { -readonly [Field in keyof LogView]: LogView[Field] } & { commits: (StepEntry | RejectedEntry)[] };

/**
 * Reads the records of a log.
 * @throws {ProtocolError} when the first one is not what a run is, or of a newer format than {@link LOG_FORMAT}
 */
export function viewLog(records: readonly LogRecord[]): LogView {
  const run = runOf(records);
  const { term } = records[0];
  const view: Changing = { run, term, commits: [], head: startOfRun(run), stopRequested: false };
  for (const record of records) {
    if (record.term > view.term) {
      view.term = record.term;
      view.stopRequested = false;
      delete view.finished;
    }
    note(view, record);
  }
  return view;
}

/** Where the parameters of the first checkpoint stand. */
export function startOfRun({ step = 0, version = 0, chain }: RunEntry): LogHead {
  return { step, version, chain };
}

/** Where the parameters stand after a commit. */
export function headAfter(head: LogHead, commit: StepEntry | RejectedEntry): LogHead {
  if (commit.type === 'step') return { step: commit.step, version: commit.version, chain: commit.chain };
  return commit.position ? { step: head.step, version: commit.position.version, chain: commit.position.chain } : head;
}

/**
 * What was committed after a checkpoint was taken, in order: all that follows the commit which made its version. Attempts that were given up
 * without a change of the parameters follow it too, since what a checkpoint holds of a step under way is its beginning.
 * @throws {ProtocolError} when the log has no such version, or another step made it
 */
export function commitsAfter(
  { run, commits }: Pick<LogView, 'run' | 'commits'>,
  at: { readonly step: number; readonly version: number },
): readonly (StepEntry | RejectedEntry)[] {
  let head = startOfRun(run);
  let index = 0;
  while (head.version !== at.version && index < commits.length) {
    head = headAfter(head, commits[index]);
    index += 1;
  }
  if (head.version === at.version && head.step === at.step) return commits.slice(index);
  throw new ProtocolError(
    'commitsAfter',
    `a checkpoint of this log, which goes to step ${head.step} at version ${head.version}`,
    `step ${at.step} at version ${at.version}`,
  );
}

function runOf(records: readonly LogRecord[]): RunEntry {
  const first = records.at(0);
  if (first?.type !== 'run') throw new ProtocolError('viewLog: record 0', 'a run', first?.type ?? 'no record');
  const { format = 1 } = first;
  if (!(format <= LOG_FORMAT)) throw new ProtocolError('viewLog', `a log of format ${LOG_FORMAT} or older`, `format ${format}`);
  return first;
}

function note(view: Changing, record: LogRecord): void {
  switch (record.type) {
    case 'step':
    case 'rejected':
      view.commits.push(record);
      view.head = headAfter(view.head, record);
      break;
    case 'fingerprint':
      view.fingerprint = record;
      break;
    case 'finished':
      view.finished = record;
      break;
    case 'control':
      control(view, record);
      break;
    default: // a run and a term say what the framing says
  }
}

function control(view: Changing, { action, step, workers }: Extract<LogRecord, { type: 'control' }>): void {
  if (action === 'pause') view.pausedFrom ??= step;
  if (action === 'resume' || action === 'stop') delete view.pausedFrom; // who takes a stopped run up again wants it to go on
  if (action === 'stop') view.stopRequested = true;
  if (action === 'scale' && workers !== undefined) view.wantedWorkers = workers;
}
