/**
 * Text in columns: each as wide as its widest cell, numbers to the right. A heading line is dim; cells keep the styles that they are given.
 */
import { span, type Line, type Style } from './styled-text.ts';

/** A column of a table over rows of type R. */
export interface Column<R> {
  readonly heading: string;
  readonly cell: (row: R) => string;
  /** Numbers stand to the right. Default left. */
  readonly align?: 'left' | 'right';
  readonly style?: (row: R) => Style;
}

/** The lines of a table, its headings first. */
export function textTable<R>(columns: readonly Column<R>[], rows: readonly R[]): readonly Line[] {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const widths = columns.map(({ heading }, i) => Math.max(heading.length, ...cells.map((row) => row[i].length)));
  const aligned = (text: string, i: number): string => (columns[i].align === 'right' ? text.padStart(widths[i]) : text.padEnd(widths[i]));
  const headings = columns.map(({ heading }, i) => aligned(heading, i)).join('  ');
  return [
    [span(`  ${headings}`, 'dim')],
    ...rows.map((row, r): Line => cells[r].flatMap((text, i) => [span('  '), span(aligned(text, i), columns[i].style?.(row) ?? 'plain')])),
  ];
}
