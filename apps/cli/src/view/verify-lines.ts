/**
 * What `geo verify` found, as lines: a row for each part of the folder, then what is wrong.
 */
import type { Recomputed } from '../recompute/recompute-steps.ts';
import type { RunReport } from '../verify/verify-run.ts';
import { formatCount } from './format.ts';
import { span, type Line } from './styled-text.ts';

/** A range of steps. */
export interface RecomputedSteps {
  readonly first: number;
  readonly last: number;
}

/** The lines of a report. */
export function verifyLines(
  runId: string,
  { faults, notes, log, checkpoints, run, recomputed }: RunReport & { readonly recomputed?: Recomputed & RecomputedSteps },
): readonly Line[] {
  const exact = run.view.run.exactness !== 'relaxed';
  const coverage = exact ? 'every slot once' : `relaxed: ${formatCount(log.droppedSlots)} slots left out`;
  const rejected = log.rejected === 0 ? '' : `, ${formatCount(log.rejected)} rejected attempts`;
  const rows: [string, string][] = [
    ['log', `${counted(log.records, 'record')}, ${counted(log.steps, 'commit')}${rejected}, ${counted(log.terms, 'coordinator')}`],
    ['rounds', `${formatCount(log.rounds)} of ${formatCount(log.examples)} examples, ${coverage}`],
    ['head', `step ${log.head.step}, update ${log.head.version}, chain ${log.head.chain.slice(0, 16)}`],
    ['checkpoints', checkpoints.length === 0 ? 'none' : `steps ${checkpoints.map(({ step }) => step).join(', ')}`],
  ];
  if (recomputed) rows.push(['recomputed', recomputedText(recomputed)]);
  const isSound = faults.length === 0;
  const verdict = isSound ? span('sound', 'good') : span(counted(faults.length, 'fault'), 'bad');
  return [
    [span(`${runId}: `, 'strong'), verdict],
    ...rows.map(([name, text]): Line => [span(`  ${name.padEnd('checkpoints'.length)}  `, 'dim'), span(text)]),
    ...notes.map((note): Line => [span(`  note: ${note}`, 'dim')]),
    ...faults.map((fault): Line => [span('  ✗ ', 'bad'), span(fault)]),
  ];
}

function recomputedText({ first, last, from, commits, fault }: Recomputed & RecomputedSteps): string {
  const outcome = fault === undefined ? 'the same bits' : 'then another result';
  return `steps ${first}..${last} from checkpoint ${from}: ${counted(commits, 'commit')} made again with ${outcome}`;
}

function counted(count: number, what: string): string {
  return `${formatCount(count)} ${what}${count === 1 ? '' : 's'}`;
}
