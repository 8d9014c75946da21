/**
 * What is worth a line although it changes nothing of the result: takeovers, pauses, storage that fails, workers that lag, leave or are
 * turned away. In words, the same for every view.
 */
import { formatDuration } from '@geodesic/telemetry';
import type { RunEvent } from '@geodesic/wire';
import { readNumber, readText, readTexts } from './event-fields.ts';
import { formatCount } from './format.ts';

/** A worker that is late by less is not worth a line, ms: its slots are with another one, and most machines are that noisy. */
const LATE_MS = 1000;

/** The line of such an event; undefined for any other. */
export function conditionLine({ type, data }: RunEvent): string | undefined {
  const worker = readText(data, 'worker');
  const reason = readText(data, 'reason');
  const because = reason === '' ? '' : `: ${reason}`;
  const step = readNumber(data, 'step');
  switch (type) {
    case 'run.resumed': {
      const ahead = readNumber(data, 'ahead');
      const again = ahead === 0 ? '' : `; ${counted(ahead, 'commit')} of the log ${ahead === 1 ? 'is' : 'are'} made again`;
      return `taken up by coordinator ${readNumber(data, 'term')} after step ${step}${again}`;
    }
    case 'run.recovered': {
      const rounds = `${counted(readNumber(data, 'replayed'), 'round')} from the journal, ${readNumber(data, 'recomputed')} computed again`;
      return `recovered up to step ${step} in ${formatDuration(readNumber(data, 'seconds'))}: ${rounds}`;
    }
    case 'run.paused':
      return `paused before step ${step}${because}`;
    case 'run.continued':
      return `goes on with step ${step}`;
    case 'run.scaled':
      return `scaled to ${counted(readNumber(data, 'workers'), 'worker')}`;
    case 'worker.draining':
      return `${worker} finishes its work and leaves${because}`;
    case 'worker.deferred':
      return `${worker} is turned away for ${formatDuration(readNumber(data, 'retryAfterMs') / 1000)}${because}`;
    case 'worker.quarantined':
      return `${worker} is in quarantine${because}`;
    case 'worker.straggling': {
      const waitedMs = readNumber(data, 'waitedMs');
      if (waitedMs < LATE_MS) return undefined;
      return `${worker} is late (${formatDuration(waitedMs / 1000)}): its slots are computed elsewhere, too`;
    }
    case 'contribution.disputed': {
      const outcome = data['resolved'] === true ? 'a third decided' : 'nothing decided it';
      const detail = readText(data, 'detail');
      return `two results of one block differ (${readTexts(data, 'workers').join(', ')}): ${outcome}${detail === '' ? '' : `; ${detail}`}`;
    }
    case 'checkpoint.damaged':
      return `the checkpoint of step ${step} cannot be read${because}`;
    case 'storage.failed':
      return `the disk fails, the run waits: ${readText(data, 'message') || readText(data, 'error') || reason || 'unknown reason'}`;
    case 'storage.mended':
      return 'the disk is mended, the run goes on';
    case 'journal.off':
      return `the journal is off until the next checkpoint${because}`;
    default:
      return undefined;
  }
}

function counted(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}
