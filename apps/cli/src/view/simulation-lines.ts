/**
 * What `geo simulate` found, as lines.
 */
import { formatCount } from './format.ts';
import { span, type Line } from './styled-text.ts';

/** The data of the envelope. */
export interface SimulationReport {
  /** That were run, the failing one included. */
  readonly schedules: number;
  readonly events: number;
  readonly seconds: number;
  /** How often what happened. */
  readonly counts: Readonly<Record<string, number>>;
  /** The bug that was planted. */
  readonly plant?: string;
  /** The promise that a schedule broke. */
  readonly failure?: string;
  readonly failedSeed?: number;
  /** The command that shows it again. */
  readonly replay?: string;
  /** Before it failed, oldest first. */
  readonly lastEvents?: readonly string[];
}

const MOST_EVENTS = 30;

/** The lines of a report. @param bug what was planted, in words */
export function simulationLines(report: SimulationReport, bug?: string): readonly Line[] {
  const { schedules, events, seconds, counts, plant, failure, failedSeed, replay = '', lastEvents = [] } = report;
  const rate = `${formatCount(schedules)} ${schedules === 1 ? 'schedule' : 'schedules'}, ${formatCount(events)} events in ${seconds.toFixed(1)} s`;
  const happened = Object.entries(counts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([what, count]) => `${formatCount(count)} ${what}`)
    .join(', ');
  const planted: Line[] = plant === undefined ? [] : [[span(`  planted ${plant}: ${bug ?? ''}`, 'dim')]];
  const head: Line[] = [[span(`  ${rate}`)], [span(`  ${happened}`, 'dim')]];
  if (failure === undefined)
    return [
      [span(plant === undefined ? 'every schedule ended with the same bits' : 'not found', plant === undefined ? 'good' : 'bad')],
      ...planted,
      ...head,
    ];
  return [
    [
      span(
        plant === undefined ? 'a schedule failed' : `found after ${schedules} ${schedules === 1 ? 'schedule' : 'schedules'}`,
        plant === undefined ? 'bad' : 'good',
      ),
    ],
    ...planted,
    ...head,
    ...lastEvents.slice(-MOST_EVENTS).map((text): Line => [span(`    ${text}`, 'dim')]),
    [span(`  ✗ seed ${failedSeed}: `, 'bad'), span(failure)],
    [span('  see it again: '), span(replay, 'strong')],
  ];
}
