/** What an operator must see of a run, in the form that errors have everywhere: a stable code, what happened, what to do. */

/** An alert's words. */
export interface AlertText {
  /** Stable. */
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

type Data = Readonly<Record<string, unknown>>;

/** What to tell of an event; undefined where nobody need be told. @param type without the prefix `geodesic.` */
export function alertOf(type: string, data: Data): AlertText | undefined {
  const text = (name: string): string => textOf(data[name]);
  switch (type) {
    case 'storage.failed':
      return { code: 'STORAGE', message: `${text('what')}: ${text('message')}`, hint: text('hint') };
    case 'checkpoint.damaged':
      return {
        code: 'CHECKPOINT_DAMAGED',
        message: `the checkpoint of step ${text('step')} cannot be used: ${text('reason')}`,
        hint: 'the run goes on from the checkpoint before it; look after the disk, and see geo verify',
      };
    case 'worker.quarantined':
      return {
        code: 'WORKER_QUARANTINED',
        message: `worker ${text('worker')} is not trusted for ${text('cooldownMs')} ms: ${text('reason')}`,
        hint: 'others compute its share; check the memory and the data of its machine',
      };
    case 'contribution.disputed':
      return {
        code: 'CONTRIBUTION_DISPUTED',
        message: `step ${text('step')}, phase ${text('phase')}: ${listOf(data['workers'])} computed other bits for one block: ${text('detail')}`,
        hint:
          data['resolved'] === true
            ? 'the wrong one was found and is quarantined; check its machine'
            : 'check the machines of both; a third worker lets the run find out which of them is wrong',
      };
    case 'journal.off':
      return {
        code: 'JOURNAL_OFF',
        message: `no journal is kept until the next checkpoint: ${text('reason')}`,
        hint: 'after a crash the steps since the last checkpoint are computed again: use a faster disk, or checkpoints more often',
      };
    case 'evaluation.failed':
      return {
        code: 'EVALUATION_FAILED',
        message: `step ${text('step')}, phase ${text('phase')}: the evaluation was left out: ${text('reason')}`,
        hint: 'training goes on; values that are not finite in an evaluation often come before the same in training',
      };
    case 'worker.straggling':
      return {
        code: 'WORKER_STRAGGLING',
        message: `worker ${text('worker')} has not answered for ${text('waitedMs')} ms`,
        hint: 'others compute its share, too; if it is often late, look at the load of its machine',
      };
    case 'run.finished':
      return data['state'] === 'failed' ? failureOf(data['error']) : undefined;
    default:
      return undefined;
  }
}

function failureOf(error: unknown): AlertText {
  const { code, message, hint } = (typeof error === 'object' && error !== null ? error : {}) as Data;
  return {
    code: textOf(code ?? 'INTERNAL'),
    message: `the run failed: ${textOf(message ?? 'no reason was given')}`,
    hint: textOf(hint ?? 'see the logs of the run'),
  };
}

function listOf(value: unknown): string {
  return Array.isArray(value) ? value.map((item) => textOf(item)).join(' and ') : textOf(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '?');
}
