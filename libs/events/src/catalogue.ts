/**
 * The types of events: what each says, how loud it is, and the fields that its data have. A field may be added without a new version; the
 * version is raised when a field goes or means something else, so a reader refuses a version that is newer than its own.
 */
import type { EventSeverity } from './event.ts';

/** A type that a run's own file has, without the prefix `geodesic.`. */
export type RunEventType =
  | 'run.accepted'
  | 'run.started'
  | 'run.resumed'
  | 'run.recovered'
  | 'run.paused'
  | 'run.continued'
  | 'run.scaled'
  | 'run.finished'
  | 'step.committed'
  | 'step.rejected'
  | 'curvature.refreshed'
  | 'evaluation'
  | 'evaluation.failed'
  | 'worker.joined'
  | 'worker.lost'
  | 'worker.progress'
  | 'worker.draining'
  | 'worker.deferred'
  | 'worker.quarantined'
  | 'worker.straggling'
  | 'contribution.disputed'
  | 'checkpoint.written'
  | 'checkpoint.available'
  | 'checkpoint.removed'
  | 'checkpoint.damaged'
  | 'storage.failed'
  | 'storage.mended'
  | 'journal.off';

/** Any type, without the prefix: those of a run's file, what is derived from them, and what an evaluator says. */
export type EventTypeName = RunEventType | 'alert' | 'measurements' | 'evaluator.result';

/** What a type is about. */
export type EventGroup =
  'lifecycle' | 'step' | 'membership' | 'straggler' | 'fault' | 'checkpoint' | 'curvature' | 'alert' | 'measurement' | 'evaluation';

/** Type of a field in JSON; a `measure` is a number, or null where it was not finite; a `count` an integer from 0. */
export type FieldType = 'string' | 'boolean' | 'count' | 'measure' | 'object' | 'array';

/** What is known of a type. */
export interface EventTypeEntry {
  /** From 1. */
  readonly version: number;
  readonly group: EventGroup;
  /** Of an event whose data make no difference; see {@link severityOf}. */
  readonly severity: EventSeverity;
  readonly description: string;
  /** Fields that the data have. */
  readonly required: Readonly<Record<string, FieldType>>;
  /** Fields that they may have; any others are allowed, too. */
  readonly optional: Readonly<Record<string, FieldType>>;
}

type Fields = Readonly<Record<string, FieldType>>;

function entry(group: EventGroup, description: string, required: Fields, more: Partial<EventTypeEntry> = {}): EventTypeEntry {
  return { version: 1, group, severity: 'info', description, required, optional: {}, ...more };
}

/** Every type. */
export const catalogue: Readonly<Record<EventTypeName, EventTypeEntry>> = {
  'run.accepted': entry(
    'lifecycle',
    'A run was accepted and has a folder.',
    { runId: 'string', directory: 'string' },
    { optional: { bundle: 'string', parent: 'object', optimizer: 'string' } },
  ),
  'run.started': entry('lifecycle', 'The first worker of a run has joined.', {
    workers: 'count',
    slots: 'count',
    engine: 'string',
    parameters: 'count',
  }),
  'run.resumed': entry('lifecycle', 'Another process has taken the run up, from this checkpoint, with so many commits to make again.', {
    term: 'count',
    step: 'count',
    ahead: 'count',
  }),
  'run.recovered': entry(
    'lifecycle',
    'The parameters stand at the head of the log again, by so many rounds from the journal and workers.',
    {
      step: 'count',
      seconds: 'measure',
      replayed: 'count',
      recomputed: 'count',
    },
  ),
  'run.paused': entry('lifecycle', 'The run waits before this step.', { step: 'count', reason: 'string' }),
  'run.continued': entry('lifecycle', 'The run goes on after a pause.', { step: 'count', reason: 'string' }),
  'run.scaled': entry('lifecycle', 'Another number of workers is wanted.', { workers: 'count', reason: 'string' }),
  'run.finished': entry(
    'lifecycle',
    'The run is over: completed, stopped or failed.',
    { state: 'string', result: 'object' },
    { optional: { error: 'object' } },
  ),
  'step.committed': entry('step', 'A step is durable; totals count from the beginning of the run.', {
    step: 'count',
    steps: 'count',
    phase: 'string',
    workers: 'count',
    measurements: 'object',
    examples: 'count',
    seconds: 'measure',
    bytesUp: 'count',
    bytesDown: 'count',
  }),
  'step.rejected': entry(
    'step',
    'An attempt at a step was given up; the next one is made with this damping.',
    { step: 'count', attempt: 'count', phase: 'string', reason: 'string', damping: 'measure', takenBack: 'boolean' },
    { optional: { failure: 'object' } },
  ),
  'curvature.refreshed': entry('curvature', 'Curvature was refreshed: a row for each layer.', { step: 'count', layers: 'array' }),
  evaluation: entry(
    'evaluation',
    'The parameters after a step were evaluated on a split by the workers of the run.',
    { step: 'count', split: 'string', loss: 'measure', examples: 'count' },
    { optional: { accuracy: 'measure' } },
  ),
  'evaluation.failed': entry(
    'evaluation',
    'An evaluation in the middle of the run was left out, since it could not be computed.',
    { step: 'count', attempt: 'count', phase: 'string', worker: 'string', reason: 'string' },
    { severity: 'warning' },
  ),
  'worker.joined': entry('membership', 'A worker takes part.', { worker: 'string', pid: 'count' }),
  'worker.lost': entry(
    'membership',
    'A worker takes part no more; its slots go to the others.',
    { worker: 'string', reason: 'string' },
    { severity: 'warning' },
  ),
  'worker.progress': entry('membership', 'What a worker has computed since it started.', {
    worker: 'string',
    state: 'string',
    slots: 'count',
    examples: 'count',
    examplesPerSecond: 'measure',
  }),
  'worker.draining': entry('membership', 'A worker leaves after what it has in hand.', { worker: 'string', reason: 'string' }),
  'worker.deferred': entry('membership', 'A worker was asked to come again later.', {
    worker: 'string',
    reason: 'string',
    retryAfterMs: 'measure',
  }),
  'worker.quarantined': entry(
    'fault',
    'A worker is not trusted for a while, since what it sent was wrong.',
    { worker: 'string', cooldownMs: 'measure', reason: 'string' },
    { severity: 'warning' },
  ),
  'worker.straggling': entry(
    'straggler',
    'A worker is over its deadline; its blocks are computed elsewhere, too.',
    { worker: 'string', blocks: 'array', waitedMs: 'measure' },
    { severity: 'warning' },
  ),
  'contribution.disputed': entry(
    'fault',
    'Two workers computed other bits for one block; a third result decides.',
    { step: 'count', phase: 'string', block: 'object', workers: 'array', resolved: 'boolean', detail: 'string' },
    { severity: 'warning' },
  ),
  'checkpoint.written': entry(
    'checkpoint',
    'A checkpoint is durable on the disk of the coordinator.',
    { step: 'count', path: 'string' },
    { optional: { manifest: 'string', bytes: 'count' } },
  ),
  'checkpoint.available': entry('checkpoint', 'A checkpoint was broadcast: its objects are between these places of the stream.', {
    step: 'count',
    manifest: 'string',
    bytes: 'count',
    files: 'array',
    first: 'count',
    last: 'count',
  }),
  'checkpoint.removed': entry('checkpoint', 'A checkpoint was removed, as the rules of retention say.', { step: 'count' }),
  'checkpoint.damaged': entry(
    'checkpoint',
    'A checkpoint cannot be used; the one before it is.',
    { step: 'count', reason: 'string' },
    { severity: 'error' },
  ),
  'storage.failed': entry(
    'fault',
    'The disk does not work; the run waits for it.',
    { what: 'string', message: 'string', hint: 'string' },
    { severity: 'error' },
  ),
  'storage.mended': entry('fault', 'The disk works again.', { what: 'string', attempts: 'count' }),
  'journal.off': entry(
    'fault',
    'No journal is kept until the next checkpoint: after a crash more would have to be computed again.',
    { reason: 'string' },
    { severity: 'warning' },
  ),
  alert: entry(
    'alert',
    'Something that an operator must see; `of` is the id of the event that says it.',
    { code: 'string', message: 'string', hint: 'string', of: 'string' },
    { severity: 'warning' },
  ),
  measurements: entry('measurement', 'What was measured in every k-th step, at most about 1000 of a run, and in the last.', {
    step: 'count',
    measurements: 'object',
  }),
  'evaluator.result': entry(
    'evaluation',
    'An evaluator outside the run evaluated a checkpoint on a split.',
    { step: 'count', split: 'string', loss: 'measure', examples: 'count', paramsDigest: 'string' },
    { optional: { accuracy: 'measure', fingerprint: 'string', note: 'string' } },
  ),
};

/** The entry of a type; undefined for one that is not in the catalogue. @param type without the prefix `geodesic.` */
export function catalogueEntry(type: string): EventTypeEntry | undefined {
  return Object.hasOwn(catalogue, type) ? catalogue[type as EventTypeName] : undefined;
}

/** How loud an event is; `info` for a type that is not in the catalogue. @param type without the prefix `geodesic.` */
export function severityOf(type: string, data: Readonly<Record<string, unknown>>): EventSeverity {
  if (type === 'run.finished' && data['state'] === 'failed') return 'error';
  return catalogueEntry(type)?.severity ?? 'info';
}
