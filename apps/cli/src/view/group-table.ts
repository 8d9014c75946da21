/**
 * The table of parameter groups that a run prints before it starts: who is preconditioned how.
 */
import type { BundleSummary } from '../build-bundle.ts';
import { formatCount } from './format.ts';
import { span, type Line } from './styled-text.ts';

const HEADINGS = ['group', 'method', 'layers', 'parameters'] as const;
const FIRST_NUMERIC_COLUMN = 2;

/** The lines of the table, its headings and the total included. */
export function groupTable({ groups, parameters }: BundleSummary): readonly Line[] {
  const rows = groups.map((group) => [group.name, group.method, formatCount(group.layers), formatCount(group.parameters)]);
  const total = ['', '', 'all', formatCount(parameters)];
  const widths = HEADINGS.map((heading, column) => Math.max(heading.length, ...[...rows, total].map((row) => row[column].length)));
  const aligned = (row: readonly string[]): string[] =>
    row.map((cell, column) => (column < FIRST_NUMERIC_COLUMN ? cell.padEnd(widths[column]) : cell.padStart(widths[column])));
  return [
    [],
    [span(`  ${aligned(HEADINGS).join('  ')}`, 'dim')],
    ...rows.map((row): Line => {
      const [name, method, ...numbers] = aligned(row);
      return [span('  '), span(name, 'strong'), span('  '), span(method, 'accent'), span(`  ${numbers.join('  ')}`)];
    }),
    [span(`  ${aligned(total).join('  ')}`, 'dim')],
  ];
}
