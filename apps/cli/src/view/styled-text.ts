/**
 * Lines of text with styles, cut to a width before they become terminal codes, so that nothing ever wraps or leaves a colour on.
 * Widths count characters: every character that the views use is one column wide.
 */

/** What a piece of text means; the terminal's own palette decides how it looks. */
export type Style = 'plain' | 'dim' | 'strong' | 'accent' | 'good' | 'bad';

/** A piece of text in one style. */
export interface Span {
  readonly text: string;
  readonly style: Style;
}

/** One line, from left to right, without a line break. */
export type Line = readonly Span[];

const CODES: Readonly<Record<Style, string>> = { plain: '', dim: '2', strong: '1', accent: '36', good: '32', bad: '31' };

/** Makes a span. */
export function span(text: string, style: Style = 'plain'): Span {
  return { text, style };
}

/** Columns that a line takes. */
export function widthOf(line: Line): number {
  return line.reduce((sum, { text }) => sum + text.length, 0);
}

/** Cuts a line to `width` columns; the last one becomes an ellipsis when text was lost. */
export function clip(line: Line, width: number): Line {
  if (widthOf(line) <= width) return line;
  const kept: Span[] = [];
  let left = Math.max(0, width - 1);
  for (const { text, style } of line) {
    if (left === 0) break;
    kept.push({ text: text.slice(0, left), style });
    left -= Math.min(left, text.length);
  }
  return width > 0 ? [...kept, span('…', 'dim')] : kept;
}

/** A line as text, with terminal codes when `colour` is on. */
export function paint(line: Line, { colour }: { readonly colour: boolean }): string {
  return line.map(({ text, style }) => (colour && CODES[style] !== '' ? `\x1b[${CODES[style]}m${text}\x1b[0m` : text)).join('');
}
