/**
 * What a run has said of its curvature: the events `curvature.refreshed` of its events.ndjson, in order.
 */
import type { GroupLayerReport } from '@geodesic/natural-gradient';
import { corruptEvents } from '../artery/event-lines.ts';
import { readNumber, readObjects, readText } from '../view/event-fields.ts';

/** What one layer reported. */
export type LayerHealth = GroupLayerReport;

/** One event. */
export interface Refresh {
  readonly step: number;
  readonly layers: readonly LayerHealth[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads the text of an events.ndjson; an unfinished last line, which a run still writes, is left out.
 * @param path named in errors
 * @throws {CliError} EVENTS_CORRUPT naming the line, exit code 1
 */
export function readRefreshes(text: string, path: string): readonly Refresh[] {
  const lines = text.split('\n');
  lines.pop();
  return lines.flatMap((line, i): Refresh[] => {
    const event = parsed(line, `${path}:${i + 1}`);
    if (event['type'] !== 'curvature.refreshed') return [];
    const { data } = event as { data?: Fields };
    if (typeof data !== 'object' || data === null) corruptEvents(`${path}:${i + 1}`, 'an event with data', line);
    return [{ step: readNumber(data, 'step'), layers: readObjects(data, 'layers').map(healthOf) }];
  });
}

/** A report and the step that it is of. */
export type DatedHealth = LayerHealth & { readonly step: number };

/** The newest report of every layer up to a step, with the error of its last probe; in the order in which layers first reported. */
export function stateAt(refreshes: readonly Refresh[], step: number = Infinity): readonly DatedHealth[] {
  const newest = new Map<string, DatedHealth>();
  for (const refresh of refreshes) {
    if (refresh.step > step) continue;
    for (const health of refresh.layers) {
      const probeError = health.probeError ?? newest.get(health.layer)?.probeError;
      newest.set(health.layer, { ...health, ...(probeError !== undefined && { probeError }), step: refresh.step });
    }
  }
  return [...newest.values()];
}

function parsed(line: string, place: string): Fields {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  } catch {
    // The error below says where.
  }
  return corruptEvents(place, 'an event as JSON', line);
}

function healthOf(fields: Fields): LayerHealth {
  const count = (field: string): number => numberIn(fields, field) ?? 0;
  const known = ['conditionA', 'conditionS', 'pi', 'share', 'probeError'].flatMap((field) => {
    const value = numberIn(fields, field);
    return value === undefined ? [] : [[field, value] as const];
  });
  return {
    layer: readText(fields, 'layer'),
    group: readText(fields, 'group'),
    curvature: readText(fields, 'curvature'),
    ...Object.fromEntries(known),
    staleness: count('staleness'),
    moved: count('moved'),
    bytes: count('bytes'),
    fallbacks: count('fallbacks'),
    clamped: count('clamped'),
    kept: count('kept'),
  };
}

/** JSON has no infinity: it is written as null. */
function numberIn(fields: Fields, field: string): number | undefined {
  const value = fields[field];
  if (value === null) return Infinity;
  return typeof value === 'number' ? value : undefined;
}
