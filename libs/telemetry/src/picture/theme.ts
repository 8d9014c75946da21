/**
 * Colours and type. The first series of a panel is always the calm one, the second the one that is judged.
 * Light and dark follow the reader's system; all rules are plain, without custom properties, so that simple renderers draw them too.
 */

const LIGHT = {
  page: '#f6f6f3',
  card: '#ffffff',
  edge: '#e6e5e0',
  grid: '#eeede9',
  ink: '#1d1f27',
  quiet: '#72757f',
  series: ['#4a5bd4', '#e2672f', '#15917f'],
};
const DARK = {
  page: '#121419',
  card: '#1a1d24',
  edge: '#2b2f39',
  grid: '#262a33',
  ink: '#eff0f4',
  quiet: '#979daa',
  series: ['#909dff', '#ff9a63', '#48cdb5'],
};

/** The style element's rules. */
export function styleRules(): string {
  return [
    'text{font-family:ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;font-variant-numeric:tabular-nums}',
    '.title{font-size:24px;font-weight:650;letter-spacing:-.01em}.subtitle{font-size:13px}.fact{font-size:20px;font-weight:650}',
    '.panel-title{font-size:14px;font-weight:650}.small{font-size:11px}.legend{font-size:12px}.strong{font-weight:650}',
    '.line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}.raw{fill:none;stroke-width:1;opacity:.36}.area{opacity:.07;stroke:none}',
    '.dot{stroke-width:1.5}.dashed{stroke-dasharray:5 4}',
    colours(LIGHT),
    `@media(prefers-color-scheme:dark){${colours(DARK)}}`,
  ].join('');
}

function colours({ page, card, edge, grid, ink, quiet, series }: typeof LIGHT): string {
  const rules = [
    `.page{fill:${page}}.card{fill:${card};stroke:${edge}}.grid{stroke:${grid}}.ink{fill:${ink}}.quiet{fill:${quiet}}.axis{stroke:${edge}}.dot{stroke:${card}}`,
    ...series.map((colour, index) => `.s${index}{stroke:${colour}}.f${index}{fill:${colour}}`),
  ];
  return rules.join('');
}
