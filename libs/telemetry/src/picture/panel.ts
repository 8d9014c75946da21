/**
 * One panel: a title, a legend with the latest values, a step axis, a value axis with nice ticks, and up to three curves.
 * Frequent measurements are drawn as a faint line with a smoothed one over it; rare ones (evaluations) as points joined by lines.
 */
import type { Point } from '../series.ts';
import { areaPath, linePath, type Pixel, smooth, thin } from './curve.ts';
import { formatPercent, formatPercentTick, formatTick, formatValue } from './format.ts';
import { linearScale, logScale, type Scale } from './scale.ts';
import { element, escapeText } from './svg.ts';

/** A named curve of a panel. */
export interface Curve {
  readonly label: string;
  readonly points: readonly Point[];
}

/** What a panel shows and where. */
export interface PanelOptions {
  readonly title: string;
  readonly curves: readonly Curve[];
  /**
   * What kind of numbers: measured values (a log axis where apt), shares (per cent), or settings that a schedule moves
   * (a log axis too, but a fall towards zero does not stretch it).
   */
  readonly kind: 'value' | 'share' | 'setting';
  /** Last step of the run's axis, common to all panels. */
  readonly lastStep: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const INSET = { left: 58, right: 20, top: 68, bottom: 32 };
/** A curve with at most this many points shows each of them. */
const MARKED_POINTS = 24;
/** A logarithmic axis is apt from this ratio of the greatest to the least value. */
const LOG_RATIO = 15;

/** Draws a panel; an empty one says that nothing was recorded. */
export function renderPanel(options: PanelOptions): string {
  const { title, x, y, width, height, kind } = options;
  const curves = options.curves.filter(({ points }) => points.length > 0);
  const frame = element('rect', { class: 'card', x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 10 });
  const heading = element('text', { class: 'panel-title ink', x: 20, y: 29 }, escapeText(title));
  const group = { transform: `translate(${x} ${y})` };
  if (curves.length === 0) {
    const note = element('text', { class: 'subtitle quiet', x: width / 2, y: height / 2 + 8, 'text-anchor': 'middle' }, 'not recorded');
    return element('g', group, frame, heading, note);
  }
  const vertical = valueScale(curves, kind, height);
  const horizontal = linearScale([0, options.lastStep], { range: [INSET.left, width - INSET.right], count: 5, nice: false });
  const drawn = curves.map(({ points }, index) => renderCurve({ points, index, kind, horizontal, vertical, floor: height - INSET.bottom }));
  return element('g', group, frame, heading, legend(curves, kind), axes(horizontal, vertical, { kind, width, height }), ...drawn);
}

function valueScale(curves: readonly Curve[], kind: PanelOptions['kind'], height: number): Scale {
  const values = curves.flatMap(({ points }) => points.map(({ value }) => value));
  const range: readonly [number, number] = [height - INSET.bottom, INSET.top];
  const positive = values.filter((value) => value > 0).toSorted((a, b) => a - b);
  const high = positive[positive.length - 1];
  // Half the 5 % quantile: a cosine that ends at zero would otherwise fill the axis with empty decades.
  const low = kind === 'setting' ? positive[Math.floor(positive.length / 20)] / 2 : positive[0];
  const isLog = kind !== 'share' && positive.length > 0.9 * values.length && high / low >= LOG_RATIO;
  return isLog ? logScale([low, high], { range }) : linearScale(extent(values), { range, nice: true });
}

function axes(horizontal: Scale, vertical: Scale, { kind, width, height }: Pick<PanelOptions, 'kind' | 'width' | 'height'>): string {
  const floor = height - INSET.bottom;
  const format = kind === 'share' ? formatPercentTick : formatTick;
  const rows = vertical.ticks.flatMap((tick) => {
    const y = vertical.at(tick);
    return [
      element('line', { class: 'grid', x1: INSET.left, x2: width - INSET.right, y1: y, y2: y }),
      element('text', { class: 'small quiet', x: INSET.left - 8, y: y + 4, 'text-anchor': 'end' }, format(tick)),
    ];
  });
  const columns = horizontal.ticks.filter(Number.isInteger).map((tick) => {
    const place = { x: horizontal.at(tick), y: floor + 19, 'text-anchor': 'middle' };
    return element('text', { class: 'small quiet', ...place }, formatTick(tick));
  });
  const unit = element('text', { class: 'small quiet', x: INSET.left - 8, y: floor + 19, 'text-anchor': 'end' }, 'step');
  const base = element('line', { class: 'axis', x1: INSET.left, x2: width - INSET.right, y1: floor, y2: floor });
  return [...rows, base, unit, ...columns].join('');
}

function legend(curves: readonly Curve[], kind: PanelOptions['kind']): string {
  const format = kind === 'share' ? formatPercent : formatValue;
  const entries = curves.map(({ label, points }, index) => {
    const mark = element('tspan', { class: `f${index}`, dx: index === 0 ? undefined : 14 }, '●');
    const value = element('tspan', { class: 'ink strong', dx: 5 }, format(points[points.length - 1].value));
    return `${mark}${element('tspan', { class: 'quiet', dx: 5 }, escapeText(label))}${value}`;
  });
  return element('text', { class: 'legend', x: 20, y: 50 }, ...entries);
}

interface CurveOptions extends Pick<PanelOptions, 'kind'> {
  readonly points: readonly Point[];
  readonly index: number;
  readonly horizontal: Scale;
  readonly vertical: Scale;
  readonly floor: number;
}

function renderCurve({ points, index, kind, horizontal, vertical, floor }: CurveOptions): string {
  const shown = points.filter(({ value }) => vertical.holds(value));
  const pixels: readonly Pixel[] = shown.map(({ step, value }) => ({ x: horizontal.at(step), y: vertical.at(value) }));
  if (pixels.length === 0) return '';
  const isNoisy = kind !== 'setting' && pixels.length > MARKED_POINTS;
  // Smoothing in pixels is smoothing of logarithms on a log axis, which is what the eye follows there.
  const line = thin(isNoisy ? smooth(pixels) : pixels);
  const marked = pixels.length <= MARKED_POINTS ? pixels : [line[line.length - 1]];
  return [
    index === 0 && kind === 'value' ? element('path', { class: `area f${index}`, d: areaPath(line, floor) }) : '',
    isNoisy ? element('path', { class: `raw s${index}`, d: linePath(thin(pixels)) }) : '',
    pixels.length > 1 ? element('path', { class: `line s${index}`, d: linePath(line) }) : '',
    ...marked.map(({ x, y }) => element('circle', { class: `dot f${index}`, cx: x, cy: y, r: 3.5 })),
  ].join('');
}

function extent(values: readonly number[]): readonly [number, number] {
  return values.reduce<readonly [number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}
