/** Whether the rounds in a log count every slot exactly once. What is wrong is said in words, since a log is looked at by people. */
import { blockEnd, blockKey, blockStart, isBlockOf } from './block.ts';
import type { Exactness, RoundRecord } from './log-entries.ts';

/** A range of slots and who computed it; nobody where a relaxed run left it out. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly by: string;
}

/** More slots than any round has. */
const MOST_SLOTS = 2 ** 30;

/** The slots that a round had: one past the last one that is covered or left out. */
export function slotsOfRound({ coverage, dropped = [] }: Pick<RoundRecord, 'coverage' | 'dropped'>): number {
  return Math.max(0, ...coverage.map(({ block }) => blockEnd(block)), ...dropped.map((slot) => slot + 1));
}

/** What is wrong with the coverage of a round; empty when each of 2^k slots counts once, or was left out by a relaxed run. O(n log n) */
export function findCoverageFaults(round: RoundRecord, exactness: Exactness): string[] {
  const { coverage, dropped = [], examples, failed } = round;
  const faults: string[] = [];
  if (!Number.isSafeInteger(examples) || examples < 0) faults.push(`expected a number of examples, got ${examples}`);
  if (failed !== undefined) {
    if (coverage.length + dropped.length + examples > 0) faults.push('it could not be computed, and yet slots or examples of it count');
    return faults;
  }
  if (dropped.length > 0 && exactness !== 'relaxed') faults.push(`left out in an exact run: slots ${dropped.join(', ')}`);
  const unfit = coverage.filter(({ block }) => !isBlockOf(block, MOST_SLOTS));
  faults.push(...unfit.map(({ block, worker }) => `${blockKey(block)} of ${worker} is no block of slots`));
  const strange = dropped.filter((slot) => !Number.isSafeInteger(slot) || slot < 0);
  if (strange.length > 0) faults.push(`expected slots that were left out, got ${strange.join(', ')}`);
  if (unfit.length + strange.length > 0) return faults;
  return [...faults, ...partitionFaults(spansOf(round))];
}

function spansOf({ coverage, dropped = [] }: RoundRecord): Span[] {
  const covered = coverage.map(({ block, worker }) => ({ start: blockStart(block), end: blockEnd(block), by: worker }));
  const left = dropped.map((slot) => ({ start: slot, end: slot + 1, by: 'nobody (left out)' }));
  return [...covered, ...left].sort((a, b) => a.start - b.start || a.end - b.end);
}

function partitionFaults(spans: readonly Span[]): string[] {
  const faults: string[] = [];
  let before: Span = { start: 0, end: 0, by: '' };
  for (const span of spans) {
    if (span.start < before.end)
      faults.push(`${range(span.start, Math.min(span.end, before.end))}: counted twice, by ${before.by} and by ${span.by}`);
    if (span.start > before.end) faults.push(`${range(before.end, span.start)}: not counted`);
    if (span.end > before.end) before = span;
  }
  if (!Number.isInteger(Math.log2(before.end))) faults.push(`expected a power of two of slots, got ${before.end}`);
  return faults;
}

function range(start: number, end: number): string {
  return end === start + 1 ? `slot ${start}` : `slots ${start} to ${end - 1}`;
}
