/**
 * The picture of a run: one self-contained SVG without scripts, light or dark as its reader's system is, the same bytes for the same run.
 * Four panels: loss; accuracy; damping and learning rate; volume distortion, or the update's norm where a model has no volume.
 */
import { type Curve, type PanelOptions, renderPanel } from './picture/panel.ts';
import { element, escapeText } from './picture/svg.ts';
import { styleRules } from './picture/theme.ts';
import type { RunSeries } from './series.ts';

/** What stands around the curves. */
export interface RunPictureMeta {
  /** The run's name. */
  readonly name: string;
  /** One line of at most about 70 characters under the name: model, data, engine, slots. */
  readonly subtitle?: string;
  /** Up to four final numbers, most important first: `{label: 'test accuracy', value: '97.8 %'}`. */
  readonly facts?: readonly { readonly label: string; readonly value: string }[];
}

const WIDTH = 980;
const MARGIN = 28;
const GAP = 16;
const HEADER = 96;
const PANEL = { width: (WIDTH - 2 * MARGIN - GAP) / 2, height: 264 };
const HEIGHT = HEADER + 2 * PANEL.height + GAP + MARGIN;
const FACT_WIDTH = 116;

/** Renders the picture; unknown series are ignored and missing ones leave their panel saying so. */
export function renderRunPicture(series: RunSeries, meta: RunPictureMeta): string {
  const lastStep = Math.max(1, ...Object.values(series).map((points) => points.at(-1)?.step ?? 0));
  const panels = panelsOf(series).map((panel, index) =>
    renderPanel({
      ...panel,
      ...PANEL,
      lastStep,
      x: MARGIN + (index % 2) * (PANEL.width + GAP),
      y: HEADER + Math.floor(index / 2) * (PANEL.height + GAP),
    }),
  );
  const picture = element(
    'svg',
    { xmlns: 'http://www.w3.org/2000/svg', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: 'img' },
    element('title', {}, escapeText(`Run ${meta.name}`)),
    element('style', {}, styleRules()),
    element('rect', { class: 'page', width: WIDTH, height: HEIGHT }),
    header(meta),
    ...panels,
  );
  return `${picture}\n`;
}

function header({ name, subtitle = '', facts = [] }: RunPictureMeta): string {
  const columns = facts.slice(0, 4).map(({ label, value }, index, all) => {
    const x = WIDTH - MARGIN - (all.length - 1 - index) * FACT_WIDTH;
    const number = element('text', { class: 'fact ink', x, y: 48, 'text-anchor': 'end' }, escapeText(value));
    return `${number}${element('text', { class: 'small quiet', x, y: 68, 'text-anchor': 'end' }, escapeText(label))}`;
  });
  return [
    element('text', { class: 'title ink', x: MARGIN, y: 48 }, escapeText(name)),
    element('text', { class: 'subtitle quiet', x: MARGIN, y: 70 }, escapeText(subtitle)),
    ...columns,
  ].join('');
}

function panelsOf(series: RunSeries): readonly Pick<PanelOptions, 'title' | 'curves' | 'kind'>[] {
  const curve = (label: string, name: string): Curve => ({ label, points: series[name] ?? [] });
  const hasVolume = (series['volume'] ?? []).length > 0;
  return [
    {
      title: 'Loss',
      kind: 'value',
      curves: [curve('train', 'trainLoss'), curve('validation', 'validationLoss'), curve('test', 'testLoss')],
    },
    {
      title: 'Accuracy',
      kind: 'share',
      curves: [curve('train', 'trainAccuracy'), curve('validation', 'validationAccuracy'), curve('test', 'testAccuracy')],
    },
    { title: 'Damping and learning rate', kind: 'setting', curves: [curve('damping', 'damping'), curve('learning rate', 'learningRate')] },
    hasVolume
      ? { title: 'Volume distortion', kind: 'value', curves: [curve('volume', 'volume')] }
      : { title: 'Update norm', kind: 'value', curves: [curve('update', 'updateNorm')] },
  ];
}
