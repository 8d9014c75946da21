/**
 * What `geo chaos` did and found, as lines.
 */
import { formatBytes, formatDuration } from '@geodesic/telemetry';
import type { FaultCost } from '../chaos/disturbance-report.ts';
import type { InjectedFault } from '../chaos/fault-injector.ts';
import type { MemorySummary } from '../chaos/resident-memory.ts';
import { formatCount, formatShare } from './format.ts';
import { span, type Line } from './styled-text.ts';
import { textTable, type Column } from './text-table.ts';

/** The data of the envelope. */
export interface ChaosReport {
  /** Whether both runs are the same bits. */
  readonly same: boolean;
  /** What is wrong, a sentence each. */
  readonly faults: readonly string[];
  readonly paramsDigest: string;
  /** The digest of the undisturbed run. */
  readonly reference: string;
  readonly runId: string;
  readonly directory: string;
  readonly commits: number;
  /** Coordinators that led the run, one after the other. */
  readonly coordinators: number;
  /** From the first commit to the last. */
  readonly seconds: number;
  /** Useful time by that. */
  readonly goodput: number;
  readonly injected: readonly FaultCost[];
  readonly undisturbed?: { readonly directory: string; readonly seconds: number };
  readonly coordinatorMemory?: MemorySummary;
}

const DEEDS: Readonly<Record<InjectedFault['kind'], string>> = {
  'kill-worker': 'killed',
  'kill-coordinator': 'killed',
  'stop-worker': 'stopped',
  'stop-coordinator': 'stopped',
  cut: 'cut off, connections reset',
  'half-open': 'heard or hearing in one direction only',
  partition: 'partitioned',
  join: 'joined',
};

/** `  12.3 s  worker-2 stopped for 0.8 s`. */
export function faultLine({ kind, whom, atMs, durationMs }: InjectedFault, beganMs: number): string {
  const at = ((atMs - beganMs) / 1000).toFixed(1).padStart(7);
  return `${at} s  ${whom} ${DEEDS[kind]}${durationMs > 0 ? ` for ${(durationMs / 1000).toFixed(1)} s` : ''}`;
}

const COLUMNS: readonly Column<FaultCost>[] = [
  { heading: 'fault', cell: ({ kind }) => kind, style: () => 'strong' },
  { heading: 'times', cell: ({ count }) => formatCount(count), align: 'right' },
  { heading: 'next commit after', cell: ({ medianSeconds }) => secondsText(medianSeconds), align: 'right' },
  { heading: 'at the longest', cell: ({ longestSeconds }) => secondsText(longestSeconds), align: 'right' },
];

/** The lines of a report. */
export function chaosLines(report: ChaosReport): readonly Line[] {
  const { same, faults, paramsDigest, runId, commits, coordinators, seconds, goodput, injected, undisturbed, coordinatorMemory } = report;
  const verdict = same ? span('the same bits', 'good') : span('other bits', 'bad');
  const total = injected.reduce((sum, { count }) => sum + count, 0);
  const than = undisturbed ? `, undisturbed ${formatDuration(undisturbed.seconds)}` : '';
  return [
    [],
    [span(`${runId}: `, 'strong'), verdict, span(` after ${formatCount(total)} faults`)],
    [
      span(
        `  ${formatCount(commits)} commits in ${formatDuration(seconds)}${than}; goodput ${formatShare(goodput)}; ${coordinators} coordinators`,
      ),
    ],
    ...(coordinatorMemory ? [memoryLine(coordinatorMemory)] : []),
    [span(`  ${paramsDigest}`, 'dim')],
    ...(injected.length > 0 ? [[], ...textTable(COLUMNS, injected)] : []),
    ...faults.map((fault): Line => [span('  ✗ ', 'bad'), span(fault)]),
  ];
}

function memoryLine({ peak, early, late, seconds }: MemorySummary): Line {
  const course = `${formatBytes(early)} early and ${formatBytes(late)} late in the ${formatDuration(seconds)} of the one that lived longest`;
  return [span(`  coordinator memory: at most ${formatBytes(peak)}; ${course}`)];
}

function secondsText(seconds: number | undefined): string {
  return seconds === undefined ? '-' : `${seconds.toFixed(2)} s`;
}
